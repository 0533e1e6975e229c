from django.db import models

from arenas.definitions.models import Arena, Question
from arenas.raters.models import Rater


class RaterReview(models.Model):
    """What the votes of one rater in one arena say of the rater, up to a sequence number.

    `findings` are the rules that speak against the votes, each with its reason, whether or not
    the arena has them flag. `raised` says by rule on how many cases a flag rested: one that
    somebody lifts comes back only with twice as many.
    """

    arena = models.ForeignKey(Arena, models.CASCADE, related_name="rater_reviews")
    rater = models.ForeignKey(Rater, models.CASCADE, related_name="reviews")
    seq = models.BigIntegerField(help_text="all votes up to this sequence number")
    figures = models.JSONField(help_text="see arenas.quality.measure.Figures")
    findings = models.JSONField(default=dict, help_text="reasons by rule")
    raised = models.JSONField(default=dict, help_text="cases by rule, when it was raised")
    reviewed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["arena", "rater"], name="one_review_per_rater")
        ]

    def __str__(self) -> str:
        return f"review of {self.rater} in {self.arena}"


class AnomalyLook(models.Model):
    """The latest search for rigged votes on one question: how many there were then."""

    arena = models.ForeignKey(Arena, models.CASCADE, related_name="+")
    question = models.OneToOneField(Question, models.CASCADE, related_name="anomaly_look")
    votes = models.PositiveBigIntegerField()
    looked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"search among {self.votes} votes on {self.question}"
