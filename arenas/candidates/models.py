from django.db import models
from django.db.models import Q

from arenas.competitors.models import Competitor
from arenas.images.models import Image
from arenas.suites.models import Prompt


class CandidateStatus(models.TextChoices):
    """Only `done` ones meet in battles; every other end is an outcome with a rate of its own."""

    PLANNED = "planned"
    RUNNING = "running"
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

    prompt = models.ForeignKey(Prompt, models.PROTECT, related_name="candidates")
    competitor = models.ForeignKey(Competitor, models.PROTECT, related_name="candidates")
    sample = models.PositiveSmallIntegerField(default=0)
    status = models.CharField(
        max_length=16, choices=CandidateStatus, default=CandidateStatus.PLANNED
    )
    reason = models.TextField(blank=True)
    # The lease of whoever generates it now; a lost worker's lease runs out.
    lease = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    attempts_made = models.PositiveSmallIntegerField(default=0)
    # What was made, and what it cost:
    model_version = models.CharField(max_length=100, blank=True)
    response_id = models.CharField(max_length=200, blank=True)
    usage = models.JSONField(default=dict, blank=True)
    cost_usd = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
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
            models.Index(fields=["id"], condition=Q(status="planned"), name="candidate_planned"),
            models.Index(fields=["competitor", "status"], name="candidate_by_competitor"),
        ]

    def __str__(self) -> str:
        return f"{self.prompt} by {self.competitor} #{self.sample}"


class Attempt(models.Model):
    """One try at a candidate: when, how it ended, and what it cost."""

    candidate = models.ForeignKey(Candidate, models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=16, blank=True, help_text="empty: under way, or lost")
    reason = models.TextField(blank=True)
    raw_reason = models.TextField(blank=True)
    cost_usd = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)

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
