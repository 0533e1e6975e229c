from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property

from arenas.competitors.models import EXTERNAL, Competitor
from arenas.definitions.speak import Spoken
from arenas.definitions.voting import Option, Voting
from arenas.images.models import RenditionProfile
from arenas.ledger.models import LedgerRow
from arenas.suites.models import Prompt, SuiteVersion

MOST_SAMPLES = 32_767  # what the number of a sample can be


class Outcome(models.TextChoices):
    """What a rater may answer about a pair. `model_a` is the candidate shown first (left)."""

    MODEL_A = "model_a", "Left"
    TIE = "tie", "Equally good"
    BOTH_BAD = "both_bad", "Both unusable"
    MODEL_B = "model_b", "Right"


class Arena(models.Model):
    """A set of vote questions put over a suite to a set of competitors."""

    class Access(models.TextChoices):
        OPEN = "open"
        INVITATION = "invitation"
        ACCOUNT = "account"
        PLATFORM = "platform"

    class Mode(models.TextChoices):
        SUITE = "suite"
        LIVE = "live"

    class Stage(models.TextChoices):
        PREPARED = "prepared", "candidates are made, nobody votes yet"
        OPEN = "open"
        CLOSED = "closed", "nobody votes any more"

    slug = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=150)
    description = models.TextField(blank=True)
    language = models.CharField(
        max_length=35, default="en", help_text="what its texts are written in"
    )
    translations = models.JSONField(
        default=dict, blank=True, help_text="title and description, each by language"
    )
    mode = models.CharField(max_length=8, choices=Mode, default=Mode.SUITE)
    stage = models.CharField(max_length=8, choices=Stage, default=Stage.OPEN)
    temporary = models.BooleanField(
        default=False, help_text="made by the site for a while; its boards are for staff only"
    )
    suite_version = models.ForeignKey(SuiteVersion, models.PROTECT, null=True, blank=True)
    tags = models.JSONField(default=list, blank=True, help_text="only prompts with one of these")
    outcomes = models.JSONField(default=list, help_text="allowed answers, in order of the buttons")
    checks = models.JSONField(default=list, blank=True)
    access = models.CharField(max_length=12, choices=Access, default=Access.OPEN)
    votes_per_rater = models.PositiveIntegerField(null=True, blank=True)
    profile = models.ForeignKey(RenditionProfile, models.PROTECT, related_name="+")
    board_raters = models.JSONField(default=list, help_text="kinds of raters on the boards")
    board_batch = models.PositiveIntegerField(
        default=10, help_text="new votes before a public board changes"
    )
    pairing = models.JSONField(
        default=dict, blank=True, help_text="rule, random_share, newcomers, batch"
    )
    voting_settings = models.JSONField(
        default=dict, blank=True, help_text="what the file says about voting; see `voting`"
    )
    content_hash = models.CharField(max_length=64, blank=True)
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.title

    @cached_property
    def voting(self) -> Voting:
        """How voting goes here."""
        return Voting.model_validate(self.voting_settings)

    def speak_title(self, language: str) -> Spoken:
        return Spoken.choose(self.title, self.translations.get("title", {}), language)

    def speak_description(self, language: str) -> Spoken:
        return Spoken.choose(self.description, self.translations.get("description", {}), language)

    def competitors(self) -> models.QuerySet[Competitor]:
        """Those who take part now: joined and not withdrawn."""
        return Competitor.objects.filter(entries__arena=self, entries__withdrawn_at=None)

    def prompts(self) -> models.QuerySet[Prompt]:
        """The prompts asked here: those of the pinned version, narrowed by the arena's tags."""
        if self.suite_version_id is None:
            return Prompt.objects.none()
        chosen = Q(entries__version=self.suite_version_id)
        if self.tags:
            tagged = Q()
            for tag in self.tags:
                tagged |= Q(entries__tags__contains=[tag])
            chosen &= tagged
        return Prompt.objects.filter(chosen).order_by("entries__position")


class Question(models.Model):
    """What raters are asked. Other words are another question; the old one keeps its votes.

    `pair` asks which picture is better (or, of three or four, for their order); `each` asks for
    one of the options about every picture.
    """

    class Form(models.TextChoices):
        PAIR = "pair"
        EACH = "each"

    arena = models.ForeignKey(Arena, models.PROTECT, related_name="questions")
    key = models.CharField(max_length=80)
    text = models.CharField(max_length=300)
    category = models.CharField(max_length=100, blank=True, help_text="only for these prompts")
    position = models.PositiveSmallIntegerField(default=0)
    form = models.CharField(max_length=4, choices=Form, default=Form.PAIR)
    options = models.JSONField(default=list, blank=True, help_text="answers about each picture")
    strength = models.BooleanField(default=False, help_text="asks how much better, too")
    checks = models.JSONField(
        default=list, blank=True, help_text="checks that are held against its votes"
    )
    translations = models.JSONField(default=dict, blank=True, help_text="text by language")
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["arena", "key", "text"], name="question_is_its_wording"
            ),
            models.UniqueConstraint(
                fields=["arena", "key"],
                condition=Q(retired_at=None),
                name="one_current_wording_per_question",
            ),
        ]

    def __str__(self) -> str:
        return self.text

    def speak(self, language: str) -> Spoken:
        """The question in the language, or as it was written."""
        return Spoken.choose(self.text, self.translations, language)

    @property
    def choices(self) -> tuple[Option, ...]:
        """What can be answered about each picture."""
        return tuple(Option.model_validate(option) for option in self.options)


class Entry(models.Model):
    """A competitor's place in an arena. Leaving keeps candidates and votes, and is shown."""

    arena = models.ForeignKey(Arena, models.PROTECT, related_name="entries")
    competitor = models.ForeignKey(Competitor, models.PROTECT, related_name="entries")
    joined_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    # Which of the competitor's samples take part here: so many, from the first one on.
    first_sample = models.PositiveSmallIntegerField(default=0)
    samples = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="empty: the competitor's own number"
    )

    class Meta:
        verbose_name_plural = "entries"
        constraints = [
            models.UniqueConstraint(fields=["arena", "competitor"], name="one_entry_per_competitor")
        ]

    def __str__(self) -> str:
        return f"{self.competitor} in {self.arena}"

    @property
    def slots(self) -> range:
        """The numbers of the samples that take part; of an external competitor all that came."""
        own = MOST_SAMPLES if self.competitor.provider == EXTERNAL else self.competitor.samples
        number = own if self.samples is None else self.samples
        return range(self.first_sample, self.first_sample + number)


class Registration(LedgerRow):
    """The ledger's line of a competitor joining or leaving an arena."""

    class Kind(models.TextChoices):
        JOINED = "joined"
        WITHDRAWN = "withdrawn"

    arena = models.ForeignKey(Arena, models.PROTECT, related_name="+")
    competitor = models.ForeignKey(Competitor, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)

    related: ClassVar[tuple[str, ...]] = ("arena", "competitor")

    def __str__(self) -> str:
        return f"{self.competitor} {self.kind} {self.arena}"

    def describe(self) -> dict[str, object]:
        return {
            "row": "registration",
            "arena": self.arena.slug,
            "competitor": self.competitor.name,
            "kind": self.kind,
            "at": self.created_at.isoformat(),
        }
