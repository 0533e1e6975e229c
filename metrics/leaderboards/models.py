from django.db import models

from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena, Question


class Leaderboard(models.Model):
    """What is rated and how: the definition that snapshots are built from."""

    arena = models.ForeignKey(Arena, models.CASCADE, related_name="leaderboards")
    question = models.ForeignKey(Question, models.CASCADE, related_name="leaderboards")
    category = models.CharField(max_length=100, blank=True, help_text="empty: all prompts")
    rater_kinds = models.JSONField(help_text="whose votes count, sorted")
    method = models.CharField(max_length=40, default="bradley_terry")
    params = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["arena", "question", "category", "rater_kinds", "method", "params"],
                name="one_row_per_definition",
            )
        ]

    def __str__(self) -> str:
        return f"{self.arena}: {self.question}"


class Snapshot(models.Model):
    """One frozen result, with all that it takes to build it again."""

    leaderboard = models.ForeignKey(Leaderboard, models.CASCADE, related_name="snapshots")
    watermark = models.BigIntegerField(help_text="votes up to this sequence number")
    votes = models.PositiveBigIntegerField()
    settings = models.JSONField(help_text="method, interval, clusters, level, ties")
    code_version = models.CharField(max_length=40)
    win_rates = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-watermark", "-id"]
        get_latest_by = ["watermark", "id"]
        indexes = [models.Index(fields=["leaderboard", "-watermark", "-id"])]

    def __str__(self) -> str:
        return f"{self.leaderboard} at {self.watermark}"


class Analysis(models.Model):
    """One further look at a snapshot's votes, made in the background; `data` is its figures."""

    snapshot = models.ForeignKey(Snapshot, models.CASCADE, related_name="analyses")
    name = models.CharField(max_length=40)
    data = models.JSONField()
    seconds = models.FloatField()
    code_version = models.CharField(max_length=40)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "analyses"
        constraints = [
            models.UniqueConstraint(fields=["snapshot", "name"], name="one_analysis_by_name")
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.snapshot}"


class Rating(models.Model):
    """A competitor's row in a snapshot. No rank without a reason why there is none.

    The interval and the ranks hold at this one moment; the band and its ranks hold at every
    moment at once, however often somebody looks.
    """

    snapshot = models.ForeignKey(Snapshot, models.CASCADE, related_name="ratings")
    competitor = models.ForeignKey(Competitor, models.PROTECT, related_name="ratings")
    position = models.PositiveSmallIntegerField(help_text="order on the board, best first")
    component = models.PositiveSmallIntegerField(help_text="connected sets are rated apart")
    rating = models.FloatField()
    rating_lower = models.FloatField(null=True)
    rating_upper = models.FloatField(null=True)
    rank = models.PositiveSmallIntegerField(null=True)
    rank_lower = models.PositiveSmallIntegerField(null=True)
    rank_upper = models.PositiveSmallIntegerField(null=True)
    band_lower = models.FloatField(null=True)
    band_upper = models.FloatField(null=True)
    band_rank_lower = models.PositiveSmallIntegerField(null=True)
    band_rank_upper = models.PositiveSmallIntegerField(null=True)
    groups = models.CharField(
        max_length=200, blank=True, help_text="letters; two without a common one can be told apart"
    )
    band_groups = models.CharField(max_length=200, blank=True)
    no_rank = models.CharField(max_length=200, blank=True)
    votes = models.PositiveBigIntegerField()
    wins = models.PositiveBigIntegerField()
    losses = models.PositiveBigIntegerField()
    ties = models.PositiveBigIntegerField()
    both_bad = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["snapshot", "competitor"], name="one_rating_per_competitor"
            )
        ]

    def __str__(self) -> str:
        return f"{self.competitor}: {self.rating:.0f}"
