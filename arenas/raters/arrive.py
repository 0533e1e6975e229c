"""Let in who comes from a crowd platform: one participant is one rater, on every device."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from arenas.definitions.models import Arena
from arenas.definitions.voting import Platform
from arenas.raters.admit import HasLeft, begin
from arenas.raters.depart import has_departed
from arenas.raters.models import Participation, Person, Rater

# What platforms' own identifiers are made of; a placeholder that was not filled in is none.
IDENTIFIER = re.compile(r"[A-Za-z0-9._@:+=~-]{1,200}")


class BadArrival(ValueError):
    """The address names nobody, or in signs that no platform uses."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the address says: who comes, for which study, in which of the platform's sessions."""

    participant: str
    study: str = ""
    session: str = ""


def read_arrival(platform: Platform, query: Mapping[str, str]) -> Arrival:
    """The arrival that an address's parameters tell of. Raises BadArrival."""
    names = (platform.participant, platform.study, platform.session)
    given = [query.get(name, "") for name in names]
    if not given[0] or not all(IDENTIFIER.fullmatch(each) for each in given if each):
        said = gettext("An address from %(platform)s names you by %(parameter)s.")
        raise BadArrival(said % {"platform": platform.name, "parameter": platform.participant})
    return Arrival(*given)


@transaction.atomic
def arrive(arena: Arena, platform: Platform, arrival: Arrival) -> Participation:
    """The participant's part in the arena, begun when it is the first time. Raises HasLeft."""
    person = find_or_make_person(platform.name, arrival)
    # Only now: who is erased between the two looks is made anew, and with this not kept.
    if has_departed(platform.name, arrival.participant):
        raise HasLeft
    if (person.study, person.session) != (arrival.study, arrival.session):
        person.study, person.session = arrival.study, arrival.session
        person.save(update_fields=["study", "session"])
    return begin(arena, person.rater)


def is_of(platform: Platform, arrival: Arrival, person: Person) -> bool:
    """Whether the person is the one who arrives."""
    named = (person.platform, person.participant)
    return named == (platform.name, arrival.participant)


def find_or_make_person(platform: str, arrival: Arrival) -> Person:
    named = {"platform": platform, "participant": arrival.participant}
    known = Person.objects.select_related("rater").filter(**named).first()
    if known:
        return known
    try:
        with transaction.atomic():  # with the new rater, if another device is faster
            return Person.objects.create(rater=Rater.objects.create(), **named)
    except IntegrityError:
        return Person.objects.select_related("rater").get(**named)
