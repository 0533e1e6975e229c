import uuid

from django.db import models
from django.db.models import Q
from django_celery_beat.models import PeriodicTask

from arenas.candidates.models import GenerationRun
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from arenas.suites.models import SuiteVersion
from metrics.regressions.shape import EvalShape
from metrics.stats.verdict import Outcome


class RegressionEval(models.Model):
    """A standing question: is the challenger worse than the baseline, by these criteria?"""

    name = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=150, blank=True)
    definition = models.JSONField(help_text="what its file says, checked")
    suite_version = models.ForeignKey(
        SuiteVersion, models.PROTECT, null=True, blank=True, related_name="+",
        help_text="none: the newest version of every suite",
    )  # fmt: skip
    tags = models.JSONField(default=list, blank=True, help_text="only prompts with one of these")
    baseline = models.ForeignKey(Competitor, models.PROTECT, related_name="+")
    challenger = models.ForeignKey(
        Competitor, models.PROTECT, null=True, blank=True, related_name="+"
    )
    series = models.CharField(
        max_length=100, blank=True, help_text="whose newest competitor is the challenger"
    )
    active = models.BooleanField(default=True, help_text="no: its schedule starts nothing")
    periodic_task = models.OneToOneField(
        PeriodicTask, models.SET_NULL, null=True, blank=True, related_name="regression_eval"
    )
    scheduled_since = models.DateTimeField(
        null=True, blank=True, help_text="no run is due for an instant before"
    )
    content_hash = models.CharField(max_length=64)
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(challenger=None) ^ Q(series=""), name="a_challenger_or_a_series"
            )
        ]

    def __str__(self) -> str:
        return self.title or self.name

    @property
    def shape(self) -> EvalShape:
        return EvalShape.model_validate(self.definition)


class Run(models.Model):
    """One comparison of a challenger with the baseline, by criteria frozen when it was started.

    Whoever advances it holds its row's lock for a step; that lock ends with the connection.
    """

    class Trigger(models.TextChoices):
        SCHEDULE = "schedule"
        COMMAND = "command", "command line"
        API = "api", "API"
        PAGE = "page"

    class State(models.TextChoices):
        PLANNED = "planned"
        GENERATING = "generating"
        CHECKING = "checking"
        VOTING = "voting"
        DECIDED = "decided"
        FAILED = "failed"
        CANCELLED = "cancelled"

    ENDS = (State.DECIDED, State.FAILED, State.CANCELLED)

    eval = models.ForeignKey(RegressionEval, models.PROTECT, related_name="runs")
    number = models.PositiveIntegerField()
    trigger = models.CharField(max_length=8, choices=Trigger)
    due_at = models.DateTimeField(null=True, blank=True, help_text="the schedule's instant")
    definition = models.JSONField(help_text="of the eval when the run was started")
    baseline = models.ForeignKey(Competitor, models.PROTECT, related_name="+")
    challenger = models.ForeignKey(Competitor, models.PROTECT, related_name="+")
    first_sample = models.PositiveSmallIntegerField(
        default=0, help_text="of the challenger's: those before are older runs'"
    )
    arena = models.OneToOneField(
        Arena, models.PROTECT, null=True, blank=True, related_name="regression_run"
    )
    generation = models.ForeignKey(
        GenerationRun, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    state = models.CharField(max_length=10, choices=State, default=State.PLANNED)
    outcome = models.CharField(
        max_length=12, blank=True, choices=[(each.value, each.value) for each in Outcome]
    )
    reason = models.TextField(blank=True)
    error = models.TextField(blank=True)
    asked = models.JSONField(
        default=list, blank=True, help_text="names of the criteria that people decide instead"
    )
    trusted = models.JSONField(
        default=dict, blank=True, help_text="by criterion, what its check was trusted with at first"
    )
    people = models.JSONField(
        default=dict, blank=True, help_text="which prompts people are asked about, and how drawn"
    )
    report = models.JSONField(default=dict, blank=True)
    differences = models.JSONField(
        default=dict, blank=True, help_text="by criterion and prompt, for what several runs tell"
    )
    started_by = models.CharField(max_length=150, blank=True)
    started_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["eval", "number"], name="runs_are_numbered"),
            models.UniqueConstraint(
                fields=["eval", "due_at"],
                condition=Q(due_at__isnull=False),
                name="one_run_for_an_instant",
            ),
            models.CheckConstraint(
                condition=Q(state="decided", decided_at__isnull=False) & ~Q(outcome="")
                | (~Q(state="decided") & Q(outcome="", decided_at=None)),
                name="outcome_exactly_when_decided",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                condition=~Q(state__in=["decided", "failed", "cancelled"]),
                name="regression_run_unfinished",
            )
        ]

    def __str__(self) -> str:
        return f"run {self.number} of {self.eval.name}"

    @property
    def shape(self) -> EvalShape:
        return EvalShape.model_validate(self.definition)

    @property
    def has_ended(self) -> bool:
        return self.state in self.ENDS

    @property
    def baseline_samples(self) -> range:
        return range(self.shape.samples.baseline)

    @property
    def challenger_samples(self) -> range:
        return range(self.first_sample, self.first_sample + self.shape.samples.challenger)


class Promotion(models.Model):
    """A baseline's change: who made it, when and why. Written once.

    One that stays as it is was looked at and found good: slow changes are counted from then on
    anew. The database refuses to change a row.
    """

    eval = models.ForeignKey(RegressionEval, models.PROTECT, related_name="promotions")
    before = models.ForeignKey(Competitor, models.PROTECT, related_name="+")
    after = models.ForeignKey(Competitor, models.PROTECT, related_name="+")
    by = models.CharField(max_length=150)
    at = models.DateTimeField()
    reason = models.TextField()
    run = models.ForeignKey(
        Run, models.PROTECT, null=True, blank=True, related_name="promotions",
        help_text="that spoke for it",
    )  # fmt: skip

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="promotion_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.eval.name}: {self.before} → {self.after}"


class Notice(models.Model):
    """A message about a run to one receiver, until it is sent or given up."""

    class Kind(models.TextChoices):
        EMAIL = "email"
        WEBHOOK = "webhook"

    class About(models.TextChoices):
        ASKED = "asked", "people are asked"
        ENDED = "ended"

    class State(models.TextChoices):
        DUE = "due"
        SENT = "sent"
        GIVEN_UP = "given_up"

    run = models.ForeignKey(Run, models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=8, choices=Kind)
    target = models.CharField(max_length=500)
    about = models.CharField(max_length=8, choices=About, default=About.ENDED)
    event = models.UUIDField(
        default=uuid.uuid4, unique=True, help_text="by which the receiver knows a repetition"
    )
    payload = models.JSONField()
    state = models.CharField(max_length=8, choices=State, default=State.DUE)
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True)
    last_answer = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "kind", "target", "about"], name="one_notice_a_target"
            )
        ]
        indexes = [models.Index(fields=["next_at"], condition=Q(state="due"), name="notice_due")]

    def __str__(self) -> str:
        return f"{self.kind} to {self.target} about {self.run}"
