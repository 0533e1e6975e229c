from django.db import models

from arenas.definitions.models import Arena
from arenas.suites.models import SuiteVersion


class PreferenceExport(models.Model):
    """A set of preference pairs that left the site to train on: what is in it, when, for whom.

    What was trained on it knows the suite, and may not be gated by it.
    """

    arena = models.ForeignKey(Arena, models.PROTECT, related_name="preference_exports")
    suite_version = models.ForeignKey(
        SuiteVersion, models.PROTECT, null=True, blank=True, related_name="preference_exports"
    )
    digest = models.CharField(max_length=64, help_text="SHA-256 of the rows")
    rows = models.PositiveIntegerField()
    prompts = models.PositiveIntegerField()
    settings = models.JSONField(default=dict, help_text="filters and split")
    made_by = models.CharField(max_length=150, blank=True)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.rows} preference pairs of {self.arena}"
