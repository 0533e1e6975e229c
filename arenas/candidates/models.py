import uuid
from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils import timezone

from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from arenas.images.models import Image
from arenas.providers.base import Cause
from arenas.suites.models import Prompt


class GenerationRun(models.Model):
    """Somebody's wish to have an arena's missing candidates made, within a budget.

    A candidate belongs to the run that asked for it last; what its attempts cost is the run's.
    """

    class State(models.TextChoices):
        ACTIVE = "active"
        FINISHED = "finished"
        SPENT = "spent", "stopped: the budget is spent"
        CANCELLED = "cancelled"

    arena = models.ForeignKey(Arena, models.PROTECT, related_name="runs")
    state = models.CharField(max_length=16, choices=State, default=State.ACTIVE)
    budget_usd = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    in_batches = models.BooleanField(default=False, help_text="later and for less, where possible")
    started_by = models.CharField(max_length=150, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True, help_text="when it was stopped")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(budget_usd=None) | Q(budget_usd__gt=0), name="budget_is_positive"
            ),
            models.CheckConstraint(
                condition=Q(state="active", ended_at=None)
                | (~Q(state="active") & Q(ended_at__isnull=False)),
                name="run_ends_when_not_active",
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.arena}"

    @property
    def is_stopped(self) -> bool:
        """Whether it ended before it was done."""
        return self.state in (self.State.SPENT, self.State.CANCELLED)


class ServicePause(models.Model):
    """No calls to a service until a time: its key was refused, or its quota is spent.

    When the time has come a single call tries; the row goes when one is answered.
    """

    scope = models.CharField(max_length=300, unique=True, help_text="provider/account[/model]")
    cause = models.CharField(max_length=16, choices=[(c.value, c.value) for c in Cause])
    reason = models.TextField()
    since = models.DateTimeField()
    until = models.DateTimeField()
    failures = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return f"{self.scope} until {self.until:%Y-%m-%d %H:%M} UTC"


class SentJob(models.Model):
    """Many requests sent as one job; written down before it is sent.

    A sender that died between the two finds the job again by its name.
    """

    class State(models.TextChoices):
        SENDING = "sending"
        SENT = "sent"
        ENDED = "ended"

    name = models.UUIDField(default=uuid.uuid4, unique=True)
    state = models.CharField(max_length=8, choices=State, default=State.SENDING)
    job = models.CharField(max_length=200, blank=True, help_text="the service's id of it")
    reason = models.TextField(blank=True)
    sent_at = models.DateTimeField()
    look_at = models.DateTimeField(help_text="when it is looked after next")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class BatchJob(SentJob):
    """Many candidates of one competitor in one job."""

    competitor = models.ForeignKey(Competitor, models.PROTECT, related_name="batches")
    run = models.ForeignKey(GenerationRun, models.PROTECT, related_name="batches")

    def __str__(self) -> str:
        return f"batch {self.name} for {self.competitor}"


class CandidateStatus(models.TextChoices):
    """Only `done` ones meet in battles; every other end is an outcome with a rate of its own."""

    PLANNED = "planned"
    RUNNING = "running"
    RECEIVED = "received", "received, images not opened yet"
    DONE = "done"
    REFUSED_PROMPT = "refused_prompt", "refused the prompt"
    REFUSED_OUTPUT = "refused_output", "withheld its answer"
    NO_IMAGE = "no_image", "no image"
    MALFORMED = "malformed"
    FAILED = "failed"
    EXTERNAL = "external", "made elsewhere, not stored"


class Candidate(models.Model):
    """What a competitor made for a prompt, or why it made nothing. Belongs to no arena."""

    Status = CandidateStatus
    # Not ended yet.
    OPEN = (CandidateStatus.PLANNED, CandidateStatus.RUNNING, CandidateStatus.RECEIVED)
    FAILURES = (CandidateStatus.FAILED, CandidateStatus.MALFORMED)
    REFUSALS = (
        CandidateStatus.REFUSED_PROMPT, CandidateStatus.REFUSED_OUTPUT, CandidateStatus.NO_IMAGE,
    )  # fmt: skip

    prompt = models.ForeignKey(Prompt, models.PROTECT, related_name="candidates")
    competitor = models.ForeignKey(Competitor, models.PROTECT, related_name="candidates")
    sample = models.PositiveSmallIntegerField(default=0)
    run = models.ForeignKey(
        GenerationRun, models.PROTECT, null=True, blank=True, related_name="candidates"
    )
    status = models.CharField(
        max_length=16, choices=CandidateStatus, default=CandidateStatus.PLANNED
    )
    reason = models.TextField(blank=True)
    # The lease of whoever generates it now; a lost worker's lease runs out.
    lease = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    # Attempts from before this moment do not count against it any more.
    planned_at = models.DateTimeField(default=timezone.now)
    attempts_made = models.PositiveSmallIntegerField(default=0)
    openings = models.PositiveSmallIntegerField(
        default=0, help_text="how often a worker began to open its images"
    )
    for_batch = models.BooleanField(default=False, help_text="to be sent with others, not alone")
    batch = models.ForeignKey(
        BatchJob, models.PROTECT, null=True, blank=True, related_name="candidates"
    )
    # What was made, and what it cost:
    model_version = models.CharField(max_length=100, blank=True)
    response_id = models.CharField(max_length=200, blank=True)
    usage = models.JSONField(default=dict, blank=True)
    details = models.JSONField(default=dict, blank=True)
    cost_usd = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    cost_estimated = models.BooleanField(default=False, help_text="by the list, not by usage")
    seconds = models.FloatField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["prompt", "competitor", "sample"], name="one_candidate_per_slot"
            ),
            models.CheckConstraint(
                condition=Q(status="running", lease__isnull=False, lease_until__isnull=False)
                | (~Q(status="running") & Q(lease=None)),
                name="leased_exactly_while_running",
            ),
        ]
        indexes = [
            models.Index(
                fields=["lease_until"], condition=Q(status="running"), name="candidate_running"
            ),
            models.Index(
                fields=["competitor", "id"], condition=Q(status="planned"), name="candidate_planned"
            ),
            models.Index(fields=["id"], condition=Q(status="received"), name="candidate_received"),
            models.Index(fields=["competitor", "status"], name="candidate_by_competitor"),
        ]

    def __str__(self) -> str:
        return f"{self.prompt} by {self.competitor} #{self.sample}"


class Attempt(models.Model):
    """One try at a candidate: when, how it ended, and what it cost.

    Until the cost is known, and where it never is (the worker died, nothing was reported), the
    estimate stands for it: what may have been paid counts against the budget.
    """

    candidate = models.ForeignKey(Candidate, models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=16, blank=True, help_text="empty: under way, or lost")
    reason = models.TextField(blank=True)
    raw_reason = models.TextField(blank=True)
    cause = models.CharField(max_length=16, blank=True, help_text="of a call without an answer")
    run = models.ForeignKey(
        GenerationRun, models.PROTECT, null=True, blank=True, related_name="attempts"
    )
    cost_usd = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    estimate_usd = models.DecimalField(max_digits=12, decimal_places=6, default=Decimal(0))

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["candidate", "number"], name="attempts_are_numbered")
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} at {self.candidate}"


class Part(models.Model):
    """A piece of an answer, text or image, in the order it came. Thoughts are never shown."""

    candidate = models.ForeignKey(Candidate, models.CASCADE, related_name="parts")
    turn = models.PositiveSmallIntegerField(default=0)
    position = models.PositiveSmallIntegerField()
    text = models.TextField(blank=True)
    image = models.ForeignKey(Image, models.PROTECT, null=True, blank=True, related_name="parts")
    thought = models.BooleanField(default=False)

    class Meta:
        ordering = ["turn", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["candidate", "turn", "position"], name="parts_are_ordered"
            ),
            models.CheckConstraint(
                condition=Q(image=None) | Q(text=""), name="part_is_text_or_image"
            ),
        ]

    def __str__(self) -> str:
        return f"turn {self.turn}, part {self.position}"
