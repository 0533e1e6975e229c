"""Tell again a platform's participant who left for good, without keeping who that was."""

from datetime import datetime

from django.utils.crypto import salted_hmac

from arenas.raters.models import Departed, Participation, Person

State = Participation.State
ENDED = (State.DECLINED, State.SCREENED_OUT, State.INATTENTIVE)


def hash_participant(platform: str, participant: str) -> str:
    """An HMAC under the site's secret key: without that, identifiers cannot be tried."""
    # No identifier has a line break, so no two pairs are written alike.
    text = f"{participant}\n{platform}"
    return salted_hmac("arenas.raters.depart", text, algorithm="sha256").hexdigest()


def has_departed(platform: str, participant: str) -> bool:
    """Whether the participant was erased after having been screened out, stopped, or voting."""
    return Departed.objects.filter(digest=hash_participant(platform, participant)).exists()


def remember_departed(person: Person, *, now: datetime) -> None:
    """Keep the digest of a platform's participant whose part led to something; of no others."""
    if not person.participant:
        return
    rater = person.rater
    if rater.votes.exists() or rater.participations.filter(state__in=ENDED).exists():
        digest = hash_participant(person.platform, person.participant)
        Departed.objects.get_or_create(digest=digest, defaults={"at": now.date().replace(day=1)})
