from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from arenas.battles.models import Battle
from arenas.candidates.models import SentJob
from arenas.competitors.judges import Judge
from arenas.definitions.seats import Seat


class JudgmentStatus(models.TextChoices):
    """How one question to a judge ended; the last four with no answer that counts."""

    PLANNED = "planned"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    MALFORMED = "malformed", "reply of another form"
    FAILED = "failed"


class Asked(models.Model):
    """What a judge was asked, replied and cost; whoever asks the same of it again gets this.

    `content_key` covers all that the reply follows from: the judge's setting, the words and the
    pictures' bytes.
    """

    Status = JudgmentStatus

    content_key = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=JudgmentStatus, default=JudgmentStatus.PLANNED)
    answers = models.JSONField(default=dict, blank=True)
    raw = models.TextField(blank=True, help_text="the reply as it came; staff only")
    reason = models.TextField(blank=True, help_text="the judge's own, or why it gave no answer")
    model_version = models.CharField(max_length=100, blank=True)
    usage = models.JSONField(default=dict, blank=True)
    # Of all tries together. Where nobody can tell what one cost, its estimate stands.
    cost_usd = models.DecimalField(max_digits=12, decimal_places=6, default=Decimal(0))
    cost_estimated = models.BooleanField(default=False)
    seconds = models.FloatField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class JudgingBatch(SentJob):
    """Many judgments of one seat in one job."""

    seat = models.ForeignKey(Seat, models.PROTECT, related_name="batches")

    class Meta:
        verbose_name_plural = "judging batches"

    def __str__(self) -> str:
        return f"batch {self.name} for {self.seat}"


class Judgment(Asked):
    """One battle shown to one judge in one order: 0 has the battle's first answer as A.

    The lease is that of whoever asks now; a lost worker's lease runs out. `voted` are the
    questions on which the two orders together have become votes.
    """

    judge = models.ForeignKey(Judge, models.PROTECT, related_name="judgments")
    battle = models.ForeignKey(Battle, models.PROTECT, related_name="judgments")
    order = models.PositiveSmallIntegerField()
    prompt_version = models.CharField(max_length=20)
    copied_from = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="copies",
        help_text="the same pictures had been judged before, and were not paid for again",
    )  # fmt: skip
    estimate_usd = models.DecimalField(max_digits=12, decimal_places=6, default=Decimal(0))
    tries = models.JSONField(default=dict, blank=True, help_text="how often each way to end")
    lease = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    alone = models.BooleanField(default=False, help_text="a batch would not do, or did not")
    batch = models.ForeignKey(
        JudgingBatch, models.PROTECT, null=True, blank=True, related_name="judgments"
    )
    voted = ArrayField(models.BigIntegerField(), default=list, blank=True)
    planned_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["judge", "battle", "order", "prompt_version"],
                name="one_judgment_per_order",
            ),
            models.CheckConstraint(condition=Q(order__in=[0, 1]), name="two_orders"),
            models.CheckConstraint(
                condition=Q(status="running", lease__isnull=False, lease_until__isnull=False)
                | (~Q(status="running") & Q(lease=None)),
                name="judgment_leased_exactly_while_running",
            ),
        ]
        indexes = [
            models.Index(
                fields=["judge", "id"], condition=Q(status="planned"), name="judgment_planned"
            ),
            models.Index(
                fields=["lease_until"], condition=Q(status="running"), name="judgment_running"
            ),
            models.Index(fields=["content_key"], name="judgment_content"),
        ]

    def __str__(self) -> str:
        return f"{self.battle} by {self.judge}, order {self.order}"

    @property
    def attempts(self) -> int:
        return sum(self.tries.values())


class Inquiry(Asked):
    """A question that a check put to a judge, about one candidate's pictures."""

    seat = models.ForeignKey(Seat, models.CASCADE, related_name="inquiries")
    check_name = models.CharField(max_length=50)
    attempts = models.PositiveSmallIntegerField(default=0)
    estimate_usd = models.DecimalField(max_digits=12, decimal_places=6, default=Decimal(0))
    lease_until = models.DateTimeField(null=True, blank=True, help_text="while it is running")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "inquiries"
        constraints = [
            models.UniqueConstraint(fields=["content_key"], name="asked_once"),
        ]

    def __str__(self) -> str:
        return f"{self.check_name} to {self.seat.judge}"
