from django.db import models
from django.db.models import Q

from arenas.candidates.models import Candidate


class CheckResult(models.Model):
    """What one version of a check found on a candidate, or why it could not measure.

    A copied one was found on another candidate of the same content, and cost nothing here.
    """

    candidate = models.ForeignKey(Candidate, models.CASCADE, related_name="check_results")
    check_name = models.CharField(max_length=50)
    version = models.CharField(max_length=20)
    content_key = models.CharField(
        max_length=64, blank=True, help_text="hash of the prompt and of all pictures"
    )
    copied = models.BooleanField(default=False)
    values = models.JSONField(default=dict, help_text="measure → value; empty if not measurable")
    not_measurable = models.CharField(max_length=300, blank=True)
    evidence = models.JSONField(default=list, blank=True)
    fingerprints = models.JSONField(default=list, blank=True, help_text="one for each image")
    seconds = models.FloatField(help_text="that passed")
    cpu_seconds = models.FloatField(null=True, blank=True, help_text="of a processor")
    cost_usd = models.DecimalField(
        max_digits=12, decimal_places=6, null=True, blank=True, help_text="of a judging model"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["candidate", "check_name", "version"], name="one_result_per_check_version"
            ),
            models.CheckConstraint(
                condition=Q(values={}) ^ Q(not_measurable=""), name="measured_or_says_why_not"
            ),
        ]
        indexes = [
            models.Index(
                fields=["content_key", "check_name", "version"],
                condition=~Q(content_key=""),
                name="check_result_by_content",
            )
        ]

    def __str__(self) -> str:
        return f"{self.check_name} {self.version} of {self.candidate_id}"
