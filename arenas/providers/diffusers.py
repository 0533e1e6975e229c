"""Image models from local checkpoints, by way of diffusers.

The model is the folder of a pipeline, or the id of one that is in the local cache. A checkpoint
has no conversation: a later turn is an image-to-image pass over the picture before it, and a
`source` reference is the first picture; other references it cannot take. The same seed gives the
same picture on the same device. Needs the `diffusers` extra.

Drawing runs in a thread, which nothing can stop: one whose deadline is over draws on, and the
next call waits for it.

Parameters:

- `steps`, `guidance`, `negative_prompt`, `width`, `height`: as the pipeline takes them; without a
  width or height, the prompt's aspect ratio shapes the pipeline's usual area.
- `device`: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`; `dtype`: `auto` (float16, on a CPU float32),
  `float32`, `float16`, `bfloat16`.
- `download`: whether a pipeline that is not here may be fetched.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from arenas.providers._diffusers.draw import draw
from arenas.providers._edits import EditingProvider
from arenas.providers._parameters import (
    TEXT,
    YES_NO,
    Test,
    check_parameters,
    number,
    one_of,
    whole,
)
from arenas.providers.base import Outcome, Request

DEVICE: tuple[Test, str] = (
    lambda value: isinstance(value, str) and bool(re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", value)),
    "auto, cpu, mps or cuda with a number or none",
)
SIDE = whole(64, 4096)
PARAMETERS = {
    "steps": whole(1, 1000),
    "guidance": number(0, 100),
    "negative_prompt": TEXT,
    "width": SIDE,
    "height": SIDE,
    "device": DEVICE,
    "dtype": one_of("auto", "float32", "float16", "bfloat16"),
    "download": YES_NO,
}


class Provider(EditingProvider):
    in_flight = 1

    def __init__(self, model: str, params: Mapping[str, Any]) -> None:
        super().__init__(model, params)
        self.settings = check_parameters(params, PARAMETERS)

    async def answer(self, step: Request) -> Outcome:
        return await asyncio.to_thread(draw, step, self.model, self.settings)
