import secrets

from django.conf import settings
from django.db import models

from arenas.definitions.models import Arena


def make_key() -> str:
    return secrets.token_hex(16)


class RaterKind(models.TextChoices):
    """Whose votes they are. No number mixes kinds without saying so."""

    PERSON = "person"
    EXTERNAL = "external"
    SIMULATED = "simulated"
    JUDGE = "judge"


class Rater(models.Model):
    """Who votes. The key is random: it names nobody, and is all that votes and exports keep."""

    key = models.CharField(max_length=32, unique=True, default=make_key)
    kind = models.CharField(max_length=10, choices=RaterKind, default=RaterKind.PERSON)
    name = models.CharField(max_length=200, blank=True, help_text="as named in an import")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "name"],
                condition=~models.Q(name=""),
                name="rater_named_once_per_kind",
            )
        ]

    def __str__(self) -> str:
        return self.name or f"{self.kind} {self.key[:8]}"


class Invitation(models.Model):
    """A link that admits raters to an arena. Only the hash of its token is stored."""

    arena = models.ForeignKey(Arena, models.CASCADE, related_name="invitations")
    token_hash = models.CharField(max_length=64, unique=True)
    label = models.CharField(max_length=100, blank=True)
    max_uses = models.PositiveIntegerField(null=True, blank=True, help_text="empty: any number")
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.label or f"invitation {self.pk} to {self.arena}"


class Admission(models.Model):
    """A rater who was let into an arena by an invitation."""

    arena = models.ForeignKey(Arena, models.CASCADE, related_name="admissions")
    rater = models.ForeignKey(Rater, models.CASCADE, related_name="admissions")
    invitation = models.ForeignKey(Invitation, models.SET_NULL, null=True, related_name="uses")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["arena", "rater"], name="admitted_once_per_arena")
        ]

    def __str__(self) -> str:
        return f"{self.rater} to {self.arena}"
