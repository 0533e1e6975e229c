from django.db import models
from django.db.models import Q

from arenas.candidates.models import Candidate


class CheckResult(models.Model):
    """What one version of a check found on a candidate, or why it could not measure."""

    candidate = models.ForeignKey(Candidate, models.CASCADE, related_name="check_results")
    check_name = models.CharField(max_length=50)
    version = models.CharField(max_length=20)
    values = models.JSONField(default=dict, help_text="measure → value; empty if not measurable")
    not_measurable = models.CharField(max_length=300, blank=True)
    evidence = models.JSONField(default=list, blank=True)
    seconds = models.FloatField()
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

    def __str__(self) -> str:
        return f"{self.check_name} {self.version} of {self.candidate_id}"
