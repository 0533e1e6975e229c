"""OpenAI's image models, and servers that speak the same protocol (OPENAI_BASE_URL).

The protocol has no conversation: a later turn is an edit of the previous turn's pictures, which
the model sees without what was said before. References come with the first turn, all of them.

Parameters:

- `size`: `auto` or WIDTHxHEIGHT; without it, the prompt's aspect ratio chooses among 1024x1024,
  1536x1024 and 1024x1536.
- `quality`, `background`, `output_format`, `moderation`: as OpenAI documents them; edits take no
  `moderation`.
- `extra`: further fields of the request, for servers that take more than OpenAI does.
- `seed`: whether to send the request's seed, which OpenAI itself does not take.

Asked as a judge, a model heeds `extra`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import openai

from arenas.providers._edits import EditingProvider
from arenas.providers._fetch import fetch_from
from arenas.providers._http import explain_failure
from arenas.providers._openai import asking
from arenas.providers._openai.complaints import Complaint, explain, say
from arenas.providers._openai.connect import OFFICIAL, Connection, connect, find_lack, read_base_url
from arenas.providers._openai.read import read_answer, report_malformed
from arenas.providers._parameters import (
    MAPPING,
    SIZE,
    YES_NO,
    check_parameters,
    choose_size,
    one_of,
)
from arenas.providers.base import Answer, Outcome, ProviderError, Reference, Request

PARAMETERS = {
    "size": SIZE,
    "quality": one_of("auto", "low", "medium", "high", "xhigh", "max", "standard", "hd"),
    "background": one_of("auto", "opaque", "transparent"),
    "output_format": one_of("png", "jpeg", "webp"),
    "moderation": one_of("auto", "low"),
    "extra": MAPPING,
    "seed": YES_NO,
}
# These always answer in base64 and refuse to be told so.
_BASE64_ONLY = ("gpt-image", "chatgpt-image")


class Provider(EditingProvider):
    in_flight = 32
    asked_with = ("extra",)

    def __init__(self, model: str, params: Mapping[str, Any]) -> None:
        super().__init__(model, params)
        self.settings = check_parameters(params, PARAMETERS)

    @property
    def account(self) -> str:
        base_url = read_base_url()
        return "default" if str(base_url) == OFFICIAL else base_url.host

    @property
    def lacks(self) -> str:
        return find_lack()

    async def answer(self, step: Request) -> Outcome:
        connection = await connect()
        config = self._make_config(step)
        outcome = await ask(connection, step, config)
        sent = {"sdk": f"openai {openai.__version__}", "model": self.model, "config": config}
        return replace(outcome, details=sent | dict(outcome.details))

    async def ask(
        self, images: Sequence[Reference], question: str, schema: Mapping[str, Any]
    ) -> Answer:
        connection = await connect()
        config = {"model": self.model, "extra_body": dict(self.settings.get("extra", {}))}
        return await asking.ask(connection.sdk, images, question, schema, config)

    def _make_config(self, step: Request) -> dict[str, Any]:
        """What is sent beside the words and the pictures."""
        config = {
            name: value for name, value in self.settings.items() if name not in ("extra", "seed")
        }
        if step.references:
            config.pop("moderation", None)
        config.setdefault("size", choose_size(step.aspect_ratio))
        if not self.model.startswith(_BASE64_ONLY):
            config["response_format"] = "b64_json"
        extra = dict(self.settings.get("extra", {}))
        if self.settings.get("seed"):
            extra["seed"] = step.seed
        return config | {"model": self.model, "n": step.n_images, "extra_body": extra}


async def ask(connection: Connection, step: Request, config: Mapping[str, Any]) -> Outcome:
    """One call, made once; refusals and broken answers are outcomes, other failures errors."""
    try:
        answer = await call(connection.sdk.images, step, config)
        return await read_answer(answer, fetch_from(connection.base_url, connection.http))
    except openai.APIStatusError as error:
        headers = error.response.headers
        complaint = Complaint.read(error.status_code, error.body, headers, error.message)
    except Exception as error:
        return explain_other(error)
    return explain(complaint)


def explain_other(error: Exception) -> Outcome:
    """What else may go wrong in a call. Raises what the answer's content does not explain."""
    known = explain_failure(error)
    if known is not None:
        raise known from None
    if isinstance(error, ValueError | openai.APIResponseValidationError):
        return report_malformed("The service's answer is not the JSON it should be.")
    if isinstance(error, openai.APIConnectionError):
        raise ProviderError(say("The connection to the service failed", str(error))) from None
    raise error


async def call(images: Any, step: Request, config: Mapping[str, Any]) -> Any:
    if not step.references:
        return await images.generate(prompt=step.turns[0], **config)
    pictures = [
        (f"{number}.{picture.mime.rpartition('/')[2]}", picture.data, picture.mime)
        for number, picture in enumerate(step.references, 1)
    ]
    return await images.edit(image=pictures, prompt=step.turns[0], **config)
