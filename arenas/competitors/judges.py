"""Models that look at pictures and say which is better."""

import hashlib
import json

from django.db import models


class Judge(models.Model):
    """One vision-language model at one frozen setting; global to the site, as competitors are."""

    name = models.CharField(max_length=150, unique=True)
    provider = models.CharField(max_length=50)
    model = models.CharField(max_length=200, blank=True)
    params = models.JSONField(default=dict, blank=True)
    # What may change without making another judge:
    family = models.CharField(
        max_length=100, blank=True, help_text="models of one kin; empty: all of its provider"
    )
    price = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def setting(self) -> tuple[str, str, object]:
        """What makes it this judge and no other."""
        return (self.provider, self.model, self.params)

    @property
    def digest(self) -> str:
        """The setting as 64 hexadecimal digits: what of an answer depends on who gave it."""
        said = json.dumps(self.setting, sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()

    @property
    def kin(self) -> str:
        """The family of models it belongs to; it may favour its own."""
        return self.family or self.provider
