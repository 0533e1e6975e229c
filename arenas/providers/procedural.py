"""A procedural renderer with planted defects: a test bench, not a generative model.

It paints pictures from a prompt's keywords and references with ordinary drawing code, offline
and repeatably: the same request, model name and parameters give the same bytes. Its use is that
the truth is known. Each parameter is a defect that real models show, at a stated strength from
0 (none) to 1, so that votes, checks and regression gates can be tested against what was planted.

The model name alone decides a taste (palette, composition, light, finish), so that two names
with the same parameters give two different pictures of equal merit to choose between.

Unlike the provider of a real model it reads `request.expect`.

Parameters, besides `size` (the long side in pixels):

- `identity_drift`: the subject's features, proportions and colours change.
- `style_drift`: the look departs from the one asked for, further along a sequence.
- `misspelt_text`: letters are wrong, at least one.
- `pasting_seams`: the subject is pasted on: hard edge, halo, foreign light and noise, no shadow.
- `ignored_edits`: the share of the edits left undone, at least one.
- `over_editing`: what lies outside the edit changes too.
- `returned_unchanged`: the answer leans back to the picture before it; at 1 it is that picture.
- `noise`: blur, noise and compression.
- `refusal_rate`: the share of requests refused, decided by the seed.

Asked as a judge, it answers by rules of thumb on the pixels (`_procedural/look.py`), without any
parameter; it knows neither the task nor who made a picture.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from arenas.providers._procedural import look
from arenas.providers._procedural.defects import NAMES, applies, is_refused, read_strengths
from arenas.providers._procedural.job import start_job
from arenas.providers._procedural.render import render
from arenas.providers.base import (
    Answer,
    BaseProvider,
    ImagePart,
    Outcome,
    Reference,
    Request,
    Status,
)

__all__ = ["DEFECTS", "VERSION", "Provider", "applies"]

DEFECTS = NAMES
VERSION = "procedural-1"
_SIZES = range(64, 2049)
_DEFAULT_SIZE = 640


class Provider(BaseProvider):
    is_free = True
    asked_with = ()

    def __init__(self, model: str, params: Mapping[str, Any]) -> None:
        super().__init__(model, params)
        unknown = sorted(set(params) - {*NAMES, "size"})
        if unknown:
            raise ValueError(f"unknown parameter {unknown[0]!r} (known: size, {', '.join(NAMES)})")
        self.strengths = read_strengths(params)
        self.size = params.get("size", _DEFAULT_SIZE)
        if isinstance(self.size, bool) or not isinstance(self.size, int) or self.size not in _SIZES:
            raise ValueError(f"size must be a whole number from 64 to 2048, not {self.size!r}")

    async def generate(self, request: Request, *, deadline: float) -> Outcome:
        if is_refused(request, self.strengths["refusal_rate"], key=(self.model,)):
            return _refuse(request)
        async with asyncio.timeout(deadline):
            return await asyncio.to_thread(self._render, request)

    async def ask(
        self, images: Sequence[Reference], question: str, schema: Mapping[str, Any]
    ) -> Answer:
        data = await asyncio.to_thread(look.answer, images, schema)
        return Answer(data, model_version=look.VERSION, cost_usd=Decimal(0))

    def _render(self, request: Request) -> Outcome:
        start = time.perf_counter()
        parts = render(start_job(request, self.model, self.strengths, self.size))
        return Outcome(
            Status.DONE,
            parts,
            model_version=VERSION,
            usage={"images": sum(isinstance(part, ImagePart) for part in parts)},
            cost_usd=Decimal(0),
            timings={"render": time.perf_counter() - start},
        )


def _refuse(request: Request) -> Outcome:
    """Half of the refusals blame the prompt, half the picture that would have come of it."""
    status, reason = (
        (Status.REFUSED_PROMPT, "The renderer was set to refuse this prompt.")
        if request.seed % 2
        else (Status.REFUSED_OUTPUT, "The renderer was set to withhold this picture.")
    )
    return Outcome(
        status,
        reason=reason,
        raw_reason=f"REFUSAL_RATE_{status.upper()}",
        model_version=VERSION,
        usage={"images": 0},
        cost_usd=Decimal(0),
    )
