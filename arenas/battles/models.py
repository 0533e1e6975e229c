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
    served_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    viewport = models.JSONField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(probability__gt=0, probability__lte=1), name="probability_of_a_draw"
            )
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


class PairWeight(models.Model):
    """How often a pair should meet in an arena. Written by pairing; absent means uniform."""

    arena = models.ForeignKey(Arena, models.CASCADE, related_name="pair_weights")
    first = models.ForeignKey(Competitor, models.CASCADE, related_name="+")
    second = models.ForeignKey(Competitor, models.CASCADE, related_name="+")
    weight = models.FloatField()
    policy = models.CharField(max_length=40)
    arm = models.CharField(max_length=20)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["arena", "first", "second"], name="one_weight_per_pair"
            ),
            models.CheckConstraint(condition=Q(weight__gte=0), name="weight_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.first} – {self.second}: {self.weight}"
