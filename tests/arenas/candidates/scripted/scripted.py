"""A provider for tests: the model's name says how it answers."""

import asyncio
from decimal import Decimal

from arenas.providers.base import (
    BaseProvider,
    ImagePart,
    Outcome,
    ProviderError,
    Request,
    Status,
    TextPart,
)
from tests.factories import png


def picture(request: Request, turn: int = 0, thought: bool = False) -> ImagePart:
    return ImagePart(png((request.seed % 256, turn, 0)), "image/png", turn, thought)


def interleave(request: Request) -> Outcome:
    parts = (
        TextPart("First I sketch.", thought=True),
        picture(request, thought=True),
        TextPart("Here it is:"),
        picture(request),
        TextPart("And by night:", turn=1),
        picture(request, turn=1),
    )
    return Outcome(Status.DONE, parts, model_version="scripted-7", response_id="r1")


def fail(error: Exception) -> Outcome:
    raise error


ANSWERS = {
    "draws": lambda r: Outcome(Status.DONE, (picture(r),), cost_usd=Decimal("0.04")),
    "interleaves": interleave,
    "refuses": lambda r: Outcome(Status.REFUSED_PROMPT, reason="Not this.", raw_reason="SAFETY"),
    "withholds": lambda r: Outcome(Status.REFUSED_OUTPUT, (TextPart("No."),), reason="Withheld."),
    "writes": lambda r: Outcome(Status.DONE, (TextPart("I cannot draw."),)),
    "thinks": lambda r: Outcome(Status.DONE, (picture(r, thought=True),)),
    "breaks off": lambda r: Outcome(Status.DONE, (ImagePart(png()[:-30], "image/png"),)),
    "draws a GIF": lambda r: Outcome(Status.DONE, (ImagePart(b"GIF89a" + bytes(40), "image/png"),)),
    "writes zeros": lambda r: Outcome(Status.DONE, (TextPart("\0"), picture(r))),
    "is busy": lambda r: fail(ProviderError("busy", retry_after=7)),
    "is overloaded": lambda r: fail(ProviderError("overloaded")),
    "is gone": lambda r: fail(ProviderError("no such model", permanent=True)),
    "is faulty": lambda r: fail(KeyError("candidates")),
}


class Provider(BaseProvider):
    in_flight = 8

    async def generate(self, request: Request, *, deadline: float) -> Outcome:
        await asyncio.sleep(self.params.get("delay", 0) * request.sample)
        return ANSWERS[self.model](request)
