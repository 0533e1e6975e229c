"""What candidates will cost: calls, images and USD, before any call is made."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module

from django.db import DatabaseError, connection

from arenas.candidates.models import Candidate
from arenas.competitors.models import Competitor
from arenas.competitors.price import Work, read_price
from arenas.providers.base import BaseProvider, provider_names
from arenas.suites.models import Prompt


@dataclass(frozen=True, slots=True)
class Estimate:
    """Of one competitor's missing candidates; `usd` is None where no price is known."""

    competitor: Competitor
    candidates: int
    calls: int
    images: int
    usd: Decimal | None


def find_provider(name: str) -> type[BaseProvider]:
    """The provider's class. One that is gone takes one call at a time, to say so."""
    if name not in provider_names():
        return BaseProvider
    found: type[BaseProvider] = import_module(f"arenas.providers.{name}").Provider
    return found


def load_providers() -> None:
    """Import the libraries of all providers that competitors have, before there is a call."""
    with suppress(DatabaseError):  # not migrated yet: then they are imported when needed
        for name in Competitor.objects.order_by().values_list("provider", flat=True).distinct():
            find_provider(name)
    connection.close()


def measure_work(prompt: Prompt, *, references: int) -> Work:
    """One candidate's work. In a conversation each turn sends again all that came before it."""
    turns = len(prompt.turns)
    images = max(turns, prompt.expectation.n_images)
    earlier = turns * (turns - 1) // 2
    characters = sum(len(text) * (turns - n) for n, text in enumerate(prompt.turns))
    return Work(turns, images, characters, pictures_read=references * turns + earlier)


def estimate_cost(candidate: Candidate, *, references: int) -> Decimal | None:
    """USD of one candidate; None where its competitor has no price."""
    competitor = candidate.competitor
    if find_provider(competitor.provider).is_free:
        return Decimal(0)
    price = read_price(competitor.price)
    if price is None:
        return None
    work = measure_work(candidate.prompt, references=references)
    return price.estimate(work, in_batch=candidate.for_batch)


def estimate_all(candidates: Iterable[Candidate]) -> list[Estimate]:
    """By competitor, in the order of the first candidate of each."""
    found: dict[Competitor, Estimate] = {}
    known: dict[tuple[int, int, bool], tuple[Work, Decimal | None]] = {}
    for candidate in candidates:
        competitor = candidate.competitor
        before = found.get(competitor, Estimate(competitor, 0, 0, 0, Decimal(0)))
        # Samples of one slot cost the same, and there may be a hundred thousand of them.
        slot = (competitor.pk, candidate.prompt.pk, candidate.for_batch)
        if slot not in known:
            references = len(candidate.prompt.list_shown())
            work = measure_work(candidate.prompt, references=references)
            known[slot] = (work, estimate_cost(candidate, references=references))
        work, usd = known[slot]
        found[competitor] = Estimate(
            competitor,
            before.candidates + 1,
            before.calls + work.calls,
            before.images + work.images,
            None if usd is None or before.usd is None else before.usd + usd,
        )
    return list(found.values())
