import secrets
from typing import ClassVar

from django.conf import settings
from django.db import models

from arenas.definitions.models import Arena
from arenas.ledger.models import LedgerRow


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
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True, help_text="the person was erased")

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


class Person(models.Model):
    """What is known of a person behind a rater: the one row that is erased at a withdrawal."""

    rater = models.OneToOneField(Rater, models.CASCADE, related_name="person")
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+"
    )
    platform = models.CharField(max_length=120, blank=True)
    participant = models.CharField(max_length=200, blank=True, help_text="the platform's id")
    study = models.CharField(max_length=200, blank=True)
    session = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["platform", "participant"],
                condition=~models.Q(participant=""),
                name="a_participant_is_one_rater",
            )
        ]

    def __str__(self) -> str:
        return f"the person behind {self.rater}"


class Departed(models.Model):
    """A platform's participant who left for good, as a digest that only the site's key can make.

    It names nobody, and keeps whoever was screened out or has voted from beginning as another.
    """

    # No number and no hour: in the order of withdrawals, a digest would lead to a rater's key.
    digest = models.CharField(max_length=64, primary_key=True)
    at = models.DateField(help_text="the first day of the month in which they left")

    class Meta:
        verbose_name_plural = "departed"

    def __str__(self) -> str:
        return f"departed {self.digest[:8]}"


class LoginTry(models.Model):
    """How often a password was tried for a name, or from an address, until a time.

    The digest is one that only the site's key can make; the row goes when the time is over.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    tries = models.PositiveIntegerField()
    until = models.DateTimeField()

    class Meta:
        verbose_name_plural = "login tries"

    def __str__(self) -> str:
        return f"{self.tries} tries of {self.digest[:8]}"


class Invitation(models.Model):
    """A link that admits raters to an arena. Only the hash of its token is stored."""

    arena = models.ForeignKey(Arena, models.CASCADE, related_name="invitations")
    token_hash = models.CharField(max_length=64, unique=True)
    label = models.CharField(max_length=100, blank=True)
    max_uses = models.PositiveIntegerField(null=True, blank=True, help_text="empty: any number")
    quota = models.PositiveIntegerField(
        null=True, blank=True, help_text="pairs for each rater; empty: as the arena says"
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.label or f"invitation {self.pk} to {self.arena}"


class Participation(models.Model):
    """A rater's part in an arena, from being let in to the end of it.

    Its row is what one rater's tabs wait for; raters never wait for each other.
    """

    class State(models.TextChoices):
        ARRIVED = "arrived"
        VOTING = "voting"
        DECLINED = "declined"
        SCREENED_OUT = "screened_out"
        INATTENTIVE = "inattentive"
        WITHDRAWN = "withdrawn"

    arena = models.ForeignKey(Arena, models.CASCADE, related_name="participations")
    rater = models.ForeignKey(Rater, models.CASCADE, related_name="participations")
    invitation = models.ForeignKey(
        Invitation, models.SET_NULL, null=True, blank=True, related_name="uses"
    )
    state = models.CharField(max_length=12, choices=State, default=State.VOTING)
    quota = models.PositiveIntegerField(null=True, blank=True)
    practised = models.PositiveSmallIntegerField(default=0, help_text="practice pairs answered")
    lapses = models.PositiveSmallIntegerField(default=0, help_text="failed attention checks")
    consented_at = models.DateTimeField(null=True, blank=True)
    consent = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the text")
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["arena", "rater"], name="admitted_once_per_arena")
        ]

    def __str__(self) -> str:
        return f"{self.rater} in {self.arena}"


class Withdrawal(LedgerRow):
    """The ledger's line of a rater who had the person behind the key erased.

    Votes and their digests stay, under a random key that names nobody any more.
    """

    rater = models.ForeignKey(Rater, models.PROTECT, related_name="withdrawals")
    votes_kept = models.BooleanField(help_text="whether boards go on counting the votes")

    related: ClassVar[tuple[str, ...]] = ("rater",)

    def __str__(self) -> str:
        return f"withdrawal of {self.rater}"

    def describe(self) -> dict[str, object]:
        return {
            "row": "withdrawal",
            "rater": self.rater.key,
            "votes_kept": self.votes_kept,
            "at": self.created_at.isoformat(),
        }
