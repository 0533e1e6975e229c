"""A prompt's turns as one conversation: each answer is part of the next question."""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from google import genai
from google.genai import types

from arenas.providers._gemini.answers import Reply, list_shown, read_answer, refuse_form
from arenas.providers._gemini.batch import Reader
from arenas.providers._gemini.client import SDK, call
from arenas.providers._gemini.errors import BadAnswer
from arenas.providers._gemini.pictures import compare_ratio
from arenas.providers._gemini.settings import ONE_CALL
from arenas.providers.base import Outcome, ProviderError, Request, Status

_REFUSED = (Status.REFUSED_PROMPT, Status.REFUSED_OUTPUT)


@dataclass(frozen=True, slots=True)
class Progress:
    """The turns answered so far, and the conversation up to there, exactly as it was."""

    history: tuple[types.Content, ...] = ()
    replies: tuple[Reply, ...] = ()


class Conversation:
    """One request under way. What it has at any moment can be gone on from in another try."""

    def __init__(self, client: genai.Client, model: str, request: Request) -> None:
        self.client = client
        self.model = model
        self.request = request
        resumed = request.resume if isinstance(request.resume, Progress) else Progress()
        self.paid = len(resumed.replies)
        self.progress = resumed

    async def run(self, config: types.GenerateContentConfig) -> None:
        """Ask turn after turn, until the last one or one without an answer to go on from."""
        while len(self.progress.replies) < len(self.request.turns):
            if self.progress.replies and not self.progress.replies[-1].goes_on:
                return
            await self._ask_next(config)

    async def _ask_next(self, config: types.GenerateContentConfig) -> None:
        turn = len(self.progress.replies)
        history = (*self.progress.history, make_message(self.request, turn))
        start = time.perf_counter()
        reply = await self._ask(history, config, turn)
        reply = replace(reply, seconds=time.perf_counter() - start)
        answered = (*history, reply.content) if reply.content else history
        self.progress = Progress(answered, (*self.progress.replies, reply))

    async def _ask(
        self, history: tuple[types.Content, ...], config: types.GenerateContentConfig, turn: int
    ) -> Reply:
        try:
            answer = await call(
                self.client.aio.models.generate_content(
                    model=self.model,
                    contents=list(history),
                    config=config.model_copy(update=ONE_CALL),
                )
            )
        except BadAnswer as error:
            return refuse_form(str(error))
        return read_answer(answer, turn=turn)

    @property
    def usage(self) -> dict[str, int]:
        """What this try was billed: turns of an earlier one were reported by its error."""
        return sum_usage(self.progress.replies[self.paid :])

    def interrupt(self, failure: ProviderError) -> ProviderError:
        """The failure, with what was billed by then and what the next try goes on from."""
        failure.usage = self.usage
        failure.resume = self.progress if self.progress.replies else None
        return failure

    def conclude(self, details: dict[str, Any], ratio: str) -> Outcome:
        """The outcome of all turns; `ratio` is the one that was asked for."""
        seconds = [reply.seconds for reply in self.progress.replies]
        timings = {"first_turn": seconds[0], "total": sum(seconds)}
        outcome = make_outcome(self.progress.replies, details, ratio)
        return replace(outcome, usage=self.usage, timings=timings)


def make_message(request: Request, turn: int) -> types.Content:
    """The user's message of one turn; the references come first of all, each with its name."""
    parts: list[types.Part] = []
    for reference in request.references if turn == 0 else ():
        name = f"Reference image ({reference.role}, id {reference.id}):"
        parts.append(types.Part(text=name))
        parts.append(types.Part.from_bytes(data=reference.data, mime_type=reference.mime))
    parts.append(types.Part(text=request.turns[turn]))
    return types.Content(role="user", parts=parts)


def make_reader(details: dict[str, Any]) -> Reader[Outcome]:
    """How the answers of a batch are read; `details` go with every outcome."""
    return Reader(
        lambda _, answer: make_outcome((read_answer(answer, turn=0),), details),
        lambda raw_reason: make_outcome((refuse_form(raw_reason),), details),
    )


def sum_usage(replies: Iterable[Reply]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for reply in replies:
        total.update(reply.usage)
    return dict(total)


def make_outcome(replies: tuple[Reply, ...], details: dict[str, Any], ratio: str = "") -> Outcome:
    """All turns together. The status is that of the turn that was refused, or else of the first
    without a picture.
    """
    failed = [each for each in replies if each.status is not Status.DONE]
    refused = [each for each in failed if each.status in _REFUSED]
    decisive = next(iter([*refused, *failed, replies[-1]]))
    last = replies[-1]
    parts = tuple(part for reply in replies for part in reply.parts)
    described = {"sdk": SDK, **details, **compare_ratio(list_shown(parts), ratio)}
    for reply in replies:
        described |= reply.details
    return Outcome(
        decisive.status,
        parts,
        reason=decisive.reason,
        raw_reason=decisive.raw_reason,
        model_version=last.model_version,
        response_id=last.response_id,
        try_again=decisive.try_again,
        usage=sum_usage(replies),
        details=described,
        retires_on=last.retires_on,
    )
