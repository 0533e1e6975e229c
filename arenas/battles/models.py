from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from arenas.candidates.models import Candidate
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from arenas.raters.models import Rater
from arenas.suites.models import Prompt


class Battle(models.Model):
    """Two to four candidates of one prompt in one arena, in canonical order."""

    arena = models.ForeignKey(Arena, models.PROTECT, related_name="battles")
    prompt = models.ForeignKey(Prompt, models.PROTECT, related_name="battles")
    first = models.ForeignKey(Candidate, models.PROTECT, related_name="+")
    second = models.ForeignKey(Candidate, models.PROTECT, related_name="+")
    third = models.ForeignKey(Candidate, models.PROTECT, null=True, blank=True, related_name="+")
    fourth = models.ForeignKey(Candidate, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["arena", "first", "second", "third", "fourth"],
                nulls_distinct=False,
                name="one_battle_per_set",
            ),
            models.CheckConstraint(
                condition=Q(first__lt=F("second"))
                & (Q(third=None) | Q(second__lt=F("third")))
                & (Q(fourth=None) | Q(third__lt=F("fourth"))),
                name="battle_in_canonical_order",
            ),
        ]

    def __str__(self) -> str:
        return f"battle {self.pk} on {self.prompt}"

    @property
    def candidates(self) -> list[Candidate]:
        members = [self.first, self.second, self.third, self.fourth]
        return [member for member in members if member is not None]


class Ballot(models.Model):
    """One blind showing of a battle to one rater. Only the hash of its token is stored."""

    class Kind(models.TextChoices):
        NORMAL = "normal"
        GOLD = "gold"
        REPEAT = "repeat"
        MIRROR = "mirror"
        PRACTICE = "practice"

    arena = models.ForeignKey(Arena, models.PROTECT, related_name="ballots")
    battle = models.ForeignKey(Battle, models.PROTECT, related_name="ballots")
    rater = models.ForeignKey(Rater, models.PROTECT, related_name="ballots")
    nonce = models.UUIDField(editable=False, help_text="the token is derived from it and the key")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    slots = ArrayField(models.PositiveSmallIntegerField(), size=4)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.NORMAL)
    # How it came to be drawn, so that adaptive votes can be weighted:
    policy = models.CharField(max_length=40)
    arm = models.CharField(max_length=20)
    probability = models.FloatField()
    uniform_probability = models.FloatField(
        null=True, help_text="what a uniform draw would have given this pair and prompt"
    )
    served_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    viewport = models.JSONField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(probability__gt=0, probability__lte=1), name="probability_of_a_draw"
            ),
            models.CheckConstraint(
                condition=Q(uniform_probability__gt=0, uniform_probability__lte=1),
                name="probability_of_a_uniform_draw",
            ),
        ]
        indexes = [
            models.Index(
                fields=["rater", "arena"], condition=Q(answered_at=None), name="ballot_open"
            ),
            models.Index(fields=["rater", "arena", "answered_at"], name="ballot_of_rater"),
        ]

    def __str__(self) -> str:
        return f"ballot {self.pk}"

    @property
    def shown(self) -> list[Candidate]:
        """The candidates in the order of their slots, the first on the left."""
        members = self.battle.candidates
        return [members[index] for index in self.slots]


class PairPlan(models.Model):
    """How pairs are drawn in an arena from one moment on: arms, each with its share.

    Written by pairing, read when serving; the newest plan of an arena holds, and without any
    every pair is as likely as every other. The arm `random` needs no weights.
    """

    arena = models.ForeignKey(Arena, models.CASCADE, related_name="pair_plans")
    number = models.PositiveIntegerField()
    rule = models.CharField(max_length=30)
    shares = models.JSONField(help_text="the probability of each arm; they add up to 1")
    watermark = models.BigIntegerField(help_text="made from votes up to this sequence number")
    votes = models.PositiveBigIntegerField(help_text="how many of the arena's votes that were")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["arena", "number"], name="plans_are_numbered")
        ]

    def __str__(self) -> str:
        return f"{self.rule}-{self.number}"


class PairWeight(models.Model):
    """How often a pair should meet in one arm of a plan, relative to its other pairs."""

    plan = models.ForeignKey(PairPlan, models.CASCADE, related_name="weights")
    arm = models.CharField(max_length=20)
    first = models.ForeignKey(Competitor, models.CASCADE, related_name="+")
    second = models.ForeignKey(Competitor, models.CASCADE, related_name="+")
    weight = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "arm", "first", "second"], name="one_weight_per_pair"
            ),
            models.CheckConstraint(condition=Q(weight__gte=0), name="weight_is_not_negative"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="the_lower_id_first"),
        ]

    def __str__(self) -> str:
        return f"{self.first} – {self.second}: {self.weight}"
