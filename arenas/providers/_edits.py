"""Conversations with models that have none: each later turn edits the pictures before it."""

import asyncio
import time
from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from arenas.providers.base import (
    BaseProvider,
    Cause,
    ImagePart,
    Outcome,
    ProviderError,
    Reference,
    Request,
    Status,
)

RULE = "edits of the previous picture"


class EditingProvider(BaseProvider):
    """Asks turn by turn; an error carries the turns answered by then as its `resume`.

    Usage and cost are those of this try: turns answered in an earlier one were billed there.
    """

    @abstractmethod
    async def answer(self, step: Request) -> Outcome:
        """Answer a request of one turn, whose references are the pictures to begin from."""

    async def generate(self, request: Request, *, deadline: float) -> Outcome:
        answered: list[Outcome] = list(request.resume) if isinstance(request.resume, tuple) else []
        paid = len(answered)
        try:
            async with asyncio.timeout(deadline):
                while is_going_on(answered, request):
                    answered.append(await self._time(make_step(request, answered)))
        except TimeoutError:
            late = f"The service did not answer within {deadline:g} seconds."
            raise keep_progress(ProviderError(late, cause=Cause.TIMEOUT), answered, paid) from None
        except ProviderError as error:
            raise keep_progress(error, answered, paid) from None
        return join(answered, paid)

    async def _time(self, step: Request) -> Outcome:
        start = time.perf_counter()
        outcome = await self.answer(step)
        return replace(outcome, timings={"answer": time.perf_counter() - start})


def is_going_on(answered: Sequence[Outcome], request: Request) -> bool:
    """Whether there is a turn left to ask: none follows a turn that brought no picture."""
    failed = bool(answered) and answered[-1].status is not Status.DONE
    return len(answered) < len(request.turns) and not failed


def make_step(request: Request, answered: Sequence[Outcome]) -> Request:
    """The next turn as a request of its own. Only a single turn asks for several pictures."""
    return replace(
        request,
        turns=(request.turns[len(answered)],),
        references=show_again(answered[-1]) if answered else request.references,
        n_images=request.n_images if len(request.turns) == 1 else 1,
        resume=None,
    )


def show_again(outcome: Outcome) -> tuple[Reference, ...]:
    pictures = [part for part in outcome.parts if isinstance(part, ImagePart)]
    return tuple(
        Reference(f"picture-{number}", "source", picture.data, picture.mime)
        for number, picture in enumerate(pictures, 1)
    )


def keep_progress(error: ProviderError, answered: Sequence[Outcome], paid: int) -> ProviderError:
    error.usage = add_usage(answered[paid:])
    error.resume = tuple(answered) or None
    return error


def add_usage(answered: Sequence[Outcome]) -> dict[str, int]:
    """What all turns together are billed for; an unknown number stays unknown."""
    total: Counter[str] = Counter()
    for outcome in answered:
        total.update(outcome.usage)
    return dict(total)


def join(answered: Sequence[Outcome], paid: int) -> Outcome:
    """All turns as one outcome, which ended as the last of them did.

    The first `paid` of them were billed before.
    """
    return replace(
        answered[-1],
        parts=tuple(
            replace(part, turn=turn)
            for turn, outcome in enumerate(answered)
            for part in outcome.parts
        ),
        usage=add_usage(answered[paid:]),
        cost_usd=add_costs(answered[paid:]),
        details=join_details(answered),
        timings={f"turn_{n}": outcome.timings["answer"] for n, outcome in enumerate(answered, 1)},
    )


def add_costs(answered: Sequence[Outcome]) -> Decimal | None:
    costs = [outcome.cost_usd for outcome in answered if outcome.cost_usd is not None]
    return sum(costs, Decimal(0)) if len(costs) == len(answered) else None


def join_details(answered: Sequence[Outcome]) -> dict[str, Any]:
    """The last turn's details, and for a conversation its rule and the details of other turns."""
    last = dict(answered[-1].details)
    if len(answered) == 1:
        return last
    earlier = [dict(outcome.details) for outcome in answered[:-1]]
    return last | {"conversation": RULE, "earlier_turns": earlier}
