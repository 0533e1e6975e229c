"""Image models of many services by way of litellm: FLUX, Stability, Recraft, fal, Bedrock, ….

The model is litellm's name of it, such as `fal_ai/fal-ai/flux-pro/v1.1`; litellm reads each
service's key from the environment. Its protocol has no conversation: a later turn is an edit of
the previous turn's pictures. Needs the `litellm` extra.

Gemini's models are not taken: litellm drops the reason why one of them made no picture.

Parameters:

- `size`: WIDTHxHEIGHT; without it, the prompt's aspect ratio chooses one where the model takes any.
- `extra`: further settings of the model, by litellm's names of them.
- `api_base`: a server on this machine. The key goes there, so any other address is the operator's
  to set, in the environment.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from arenas.providers._edits import EditingProvider
from arenas.providers._litellm.ask import ask
from arenas.providers._openai.connect import is_loopback
from arenas.providers._parameters import MAPPING, SIZE, Test, check_parameters, choose_size
from arenas.providers.base import Outcome, Request

_GOOGLE = ("gemini/", "vertex_ai/")
# Settings of litellm itself: where it sends the key, whom it tells, how often it tries.
_RESERVED = re.compile(
    r"api_|base|url|endpoint|host|key|token|secret|auth|header|proxy|client|provider|aws_|azure_"
    r"|vertex_|organization|timeout|retr|fallback|mock|callback|logger|metadata|cache|extra_"
    r"|^(model|prompt|image|n|size)$"
)
LOCAL: tuple[Test, str] = (
    lambda value: isinstance(value, str) and is_loopback(urlsplit(value).hostname or ""),
    "the URL of a server on this machine",
)
PARAMETERS = {"size": SIZE, "extra": MAPPING, "api_base": LOCAL}


class Provider(EditingProvider):
    in_flight = 16

    def __init__(self, model: str, params: Mapping[str, Any]) -> None:
        super().__init__(model, params)
        if model.startswith(_GOOGLE):
            raise ValueError(
                f"model {model!r}: use the gemini provider, which tells refusals apart"
            )
        self.settings = check_parameters(params, PARAMETERS)
        for name in self.settings.get("extra", {}):
            if _RESERVED.search(name.lower()):
                raise ValueError(f"extra: {name!r} is not a setting of the model")

    @property
    def account(self) -> str:
        """Each service bills for itself."""
        return self.model.partition("/")[0]

    async def answer(self, step: Request) -> Outcome:
        config = {**self.settings.get("extra", {}), "model": self.model}
        config["size"] = self.settings.get("size") or choose_size(step.aspect_ratio)
        if step.n_images > 1:
            config["n"] = step.n_images
        return await ask(
            step,
            config,
            api_base=self.settings.get("api_base"),
            droppable="size" not in self.params,
        )
