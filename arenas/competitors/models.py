from datetime import date

from django.db import models

# Its images or votes were made elsewhere: nothing here can generate for it.
EXTERNAL = "external"


class Competitor(models.Model):
    """One image model at one frozen setting; a leaderboard row, and global to the site."""

    name = models.CharField(max_length=150, unique=True)
    provider = models.CharField(max_length=50, default=EXTERNAL)
    model = models.CharField(max_length=200, blank=True)
    params = models.JSONField(default=dict, blank=True)
    # What may change without making another competitor:
    family = models.CharField(
        max_length=100, blank=True, help_text="models of one kin; empty: all of its provider"
    )
    # Its lineage: a series of checkpoints, where it stands in it, and what it learned from.
    series = models.CharField(max_length=100, blank=True)
    step = models.PositiveBigIntegerField(null=True, blank=True, help_text="of training")
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    trained_on = models.JSONField(
        default=list, blank=True, help_text="names of suites whose votes or pictures it has seen"
    )
    samples = models.PositiveSmallIntegerField(default=1)
    price = models.JSONField(default=dict, blank=True)
    licence = models.CharField(max_length=100, blank=True)
    link = models.URLField(blank=True)
    released_on = models.DateField(null=True, blank=True)
    retiring_on = models.DateField(null=True, blank=True, help_text="the day it is said to end")
    retired_on = models.DateField(null=True, blank=True, help_text="no calls from this day on")
    retired_note = models.TextField(blank=True, help_text="how that is known")
    replacement = models.CharField(max_length=150, blank=True, help_text="what its maker names")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def setting(self) -> tuple[str, str, object]:
        """What makes it this competitor and no other."""
        return (self.provider, self.model, self.params)

    @property
    def kin(self) -> str:
        """The family of models it belongs to: what holds of one may not hold of another."""
        return self.family or self.provider

    def is_retired(self, today: date) -> bool:
        return self.retired_on is not None and self.retired_on <= today

    @property
    def is_external(self) -> bool:
        return self.provider == EXTERNAL
