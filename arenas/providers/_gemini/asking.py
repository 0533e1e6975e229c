"""Questions about pictures, answered as JSON: a model as a judge.

The SDK gives no error for a reply in a fence, cut off, of another form, or withheld: its `parsed`
is None then. The text is read here instead.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from google import genai
from google.genai import types

from arenas.providers._gemini.answers import CUT, REFUSALS, Reply, read_answer
from arenas.providers._gemini.batch import Reader
from arenas.providers._gemini.client import call
from arenas.providers._gemini.errors import BadAnswer
from arenas.providers._gemini.settings import ONE_CALL
from arenas.providers._replies import make_answer
from arenas.providers.base import (
    Answer,
    Cause,
    ProviderError,
    Reference,
    Status,
    TextPart,
)


async def ask(
    client: genai.Client,
    model: str,
    images: Sequence[Reference],
    question: str,
    config: types.GenerateContentConfig,
) -> Answer:
    """One call, made once: the reply, or that it was refused or malformed. Raises ProviderError."""
    try:
        answer = await call(
            client.aio.models.generate_content(
                model=model,
                contents=[make_question(images, question)],
                config=config.model_copy(update=ONE_CALL),
            )
        )
    except BadAnswer as error:
        return _fail_form(str(error))
    return conclude(read_answer(answer, turn=0), config.response_json_schema or {})


def make_question(images: Sequence[Reference], question: str) -> types.Content:
    """The pictures, each after the words that say what it is, and then the question."""
    parts: list[types.Part] = []
    for image in images:
        parts.append(types.Part(text=f"{image.id}:"))
        parts.append(types.Part.from_bytes(data=image.data, mime_type=image.mime))
    return types.Content(role="user", parts=[*parts, types.Part(text=question)])


def conclude(reply: Reply, schema: Mapping[str, Any]) -> Answer:
    """What the service's answer says of the question."""
    usage = {name: n for name, n in reply.usage.items() if name != "images"}
    ending = reply.raw_reason
    if reply.status is Status.REFUSED_PROMPT or ending in REFUSALS:
        return Answer(
            {},
            status=reply.status,
            reason=reply.reason,
            raw_reason=ending,
            model_version=reply.model_version,
            usage=usage,
        )
    if ending in CUT:
        reason = "the reply was cut off before its end"
        raise ProviderError(reason, cause=Cause.PASSING, raw_reason=ending, usage=usage)
    text = "".join(
        part.text for part in reply.parts if isinstance(part, TextPart) and not part.thought
    )
    return make_answer(
        text, schema, raw_reason=ending, model_version=reply.model_version, usage=usage
    )


def make_reader(schemas: Mapping[str, Mapping[str, Any]]) -> Reader[Answer]:
    """How the replies of a batch are read: as those of single calls, by each key's schema."""

    def read(key: str, response: types.GenerateContentResponse) -> Answer | ProviderError:
        try:
            return conclude(read_answer(response, turn=0), schemas.get(key, {}))
        except ProviderError as error:
            return error

    return Reader(read, _fail_form)


def _fail_form(raw_reason: str) -> Answer:
    reason = "The answer is not of the form that the service documents."
    return Answer({}, status=Status.MALFORMED, reason=reason, raw_reason=raw_reason)
