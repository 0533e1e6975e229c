from collections.abc import Sequence
from functools import cached_property

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from arenas.candidates.models import Candidate
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from arenas.images.models import Image
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


class Gold(models.Model):
    """A showing whose right answer is known beyond taste, made from a candidate that is fine.

    `good` is shown beside its twin (a tie), beside what was made for another prompt, beside its
    own spoilt picture, or under an instruction that says what to answer. The twin differs in no
    way that anybody sees: it has an address of its own, which an exact copy would not.
    """

    class Kind(models.TextChoices):
        IDENTICAL = "identical"
        WRONG_PROMPT = "wrong_prompt"
        CORRUPTED = "corrupted"
        INSTRUCTED = "instructed"

    arena = models.ForeignKey(Arena, models.CASCADE, related_name="golds")
    kind = models.CharField(max_length=12, choices=Kind)
    prompt = models.ForeignKey(Prompt, models.PROTECT, related_name="+")
    good = models.ForeignKey(Candidate, models.PROTECT, related_name="+")
    other = models.ForeignKey(Candidate, models.PROTECT, null=True, blank=True, related_name="+")
    spoilt = models.ForeignKey(Image, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            # A spoilt picture is of one canvas, and the ledger names it: another is another gold.
            models.UniqueConstraint(
                fields=["arena", "kind", "good", "spoilt"],
                name="one_gold_of_a_kind_per_candidate",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(kind="wrong_prompt", other__isnull=False, spoilt=None)
                | Q(kind="corrupted", other=None, spoilt__isnull=False)
                | Q(kind="identical", other=None)
                | Q(kind="instructed", other__isnull=False, spoilt=None),
                name="what_a_gold_has_by_its_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.good}"

    def name(self) -> list[object]:
        """What the ledger says of it: its kind, and which picture is spoilt."""
        return [self.kind, self.spoilt.sha256 if self.spoilt else None]


class Ballot(models.Model):
    """One blind showing to one rater. Only the hash of its token is stored.

    What is shown is a battle, or a gold showing. `candidates` are those on show by slot, the
    first on the left; probabilities are those among normal ballots.
    """

    class Kind(models.TextChoices):
        NORMAL = "normal"
        GOLD = "gold"
        REPEAT = "repeat"
        MIRROR = "mirror"
        PRACTICE = "practice"

    arena = models.ForeignKey(Arena, models.PROTECT, related_name="ballots")
    battle = models.ForeignKey(
        Battle, models.PROTECT, null=True, blank=True, related_name="ballots"
    )
    gold = models.ForeignKey(Gold, models.PROTECT, null=True, blank=True, related_name="ballots")
    repeats = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="repeated_by"
    )
    rater = models.ForeignKey(Rater, models.PROTECT, related_name="ballots")
    nonce = models.UUIDField(editable=False, help_text="the token is derived from it and the key")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    slots = ArrayField(models.PositiveSmallIntegerField(), size=4)
    candidates = ArrayField(models.BigIntegerField(), size=4)
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
    questions_answered = ArrayField(models.BigIntegerField(), default=list, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    undone = models.PositiveSmallIntegerField(default=0, help_text="answers taken back")
    skipped = models.CharField(max_length=40, blank=True, help_text="why it was passed over")
    viewport = models.JSONField(
        null=True, blank=True, help_text="width, height, pixel ratio and kind of the device"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(probability__gt=0, probability__lte=1), name="probability_of_a_draw"
            ),
            models.CheckConstraint(
                condition=Q(uniform_probability__gt=0, uniform_probability__lte=1),
                name="probability_of_a_uniform_draw",
            ),
            models.CheckConstraint(
                condition=Q(battle__isnull=False, gold=None)
                | Q(battle=None, gold__isnull=False, kind__in=["gold", "practice"]),
                name="a_ballot_shows_a_battle_or_gold",
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
    def prompt(self) -> Prompt:
        """The prompt that is shown with it."""
        shown = self.battle or self.gold
        assert shown is not None
        return shown.prompt

    @cached_property
    def shown(self) -> list[Candidate]:
        """The candidates in the order of their slots, the first on the left."""
        recall_shown([self])
        return self.shown


def recall_shown(ballots: Sequence[Ballot]) -> None:
    """Read at once who is shown on all of these."""
    wanted = {pk for ballot in ballots for pk in ballot.candidates}
    found = Candidate.objects.select_related("competitor", "prompt").in_bulk(wanted)
    for ballot in ballots:
        ballot.shown = [found[pk] for pk in ballot.candidates]


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


class PlannedBattle(models.Model):
    """A battle that an arena wants a stated number of votes on; where there are any, only these
    are drawn, the lowest position first.

    `probability` is that with which its prompt was taken into the plan.
    """

    arena = models.ForeignKey(Arena, models.CASCADE, related_name="planned_battles")
    position = models.PositiveIntegerField()
    battle = models.ForeignKey(Battle, models.PROTECT, related_name="+")
    wanted = models.PositiveSmallIntegerField(help_text="votes, each of another rater")
    probability = models.FloatField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["arena", "position"], name="planned_in_an_order"),
            models.UniqueConstraint(fields=["arena", "battle"], name="planned_once"),
            models.CheckConstraint(
                condition=Q(probability__gt=0, probability__lte=1), name="probability_of_a_plan"
            ),
            models.CheckConstraint(condition=Q(wanted__gte=1), name="planned_for_some_votes"),
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.battle}"
