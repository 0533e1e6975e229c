"""Questions about pictures in OpenAI's chat protocol, answered as JSON: a model as a judge.

The schema is sent as a structured output. Servers that speak the protocol may ignore it, so that
every reply is read with care and held to the schema here.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import openai

from arenas.providers._http import explain_failure
from arenas.providers._openai.complaints import Complaint, explain, say
from arenas.providers._openai.read import take
from arenas.providers._replies import make_answer
from arenas.providers.base import Answer, Cause, ProviderError, Reference, Status


async def ask(
    sdk: openai.AsyncOpenAI, images: Sequence[Reference], question: str,
    schema: Mapping[str, Any], config: Mapping[str, Any],
) -> Answer:  # fmt: skip
    """One call, made once: the reply, or that it was refused or malformed. Raises ProviderError."""
    form = {"name": "reply", "strict": True, "schema": dict(schema)}
    completions: Any = sdk.chat.completions
    try:
        answer = await completions.create(
            messages=[{"role": "user", "content": list_content(images, question)}],
            response_format={"type": "json_schema", "json_schema": form},
            **config,
        )
    except openai.APIStatusError as error:
        headers = error.response.headers
        return read_complaint(Complaint.read(error.status_code, error.body, headers, error.message))
    except Exception as error:
        return explain_other(error)
    return conclude(answer, schema)


def list_content(images: Sequence[Reference], question: str) -> list[dict[str, Any]]:
    """The pictures, each after the words that say what it is, and then the question."""
    content: list[dict[str, Any]] = []
    for image in images:
        url = f"data:{image.mime};base64,{base64.b64encode(image.data).decode()}"
        content.append({"type": "text", "text": f"{image.id}:"})
        content.append({"type": "image_url", "image_url": {"url": url}})
    return [*content, {"type": "text", "text": question}]


def read_complaint(complaint: Complaint) -> Answer:
    """A refusal for the content's sake; raises all others."""
    refusal = explain(complaint)
    reason = say("The question was refused", complaint.message)
    return Answer(
        {}, status=Status.REFUSED_PROMPT, reason=reason, raw_reason=refusal.raw_reason
    )  # fmt: skip


def explain_other(error: Exception) -> Answer:
    """What else may go wrong in a call. Raises what the answer's content does not explain."""
    known = explain_failure(error)
    if known is not None:
        raise known from None
    if isinstance(error, ValueError | openai.APIResponseValidationError):
        reason = "The service's answer is not the JSON it should be."
        return Answer({}, status=Status.MALFORMED, reason=reason)
    if isinstance(error, openai.APIConnectionError):
        raise ProviderError(say("The connection to the service failed", str(error))) from None
    raise error


def conclude(answer: Any, schema: Mapping[str, Any]) -> Answer:
    """What the answer says, of whose types nobody is sure."""
    choices = take(answer, "choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message, ending = take(choice, "message"), str(take(choice, "finish_reason") or "")
    described: dict[str, Any] = {
        "raw_reason": ending,
        "model_version": str(take(answer, "model") or ""),
        "usage": read_usage(answer),
    }
    refusal = take(message, "refusal")
    if refusal or ending == "content_filter":
        reason = say("The model refused to answer", str(refusal or ""))
        return Answer({}, status=Status.REFUSED_OUTPUT, reason=reason, **described)
    if ending == "length":
        reason = "the reply was cut off before its end"
        raise ProviderError(
            reason, cause=Cause.PASSING, raw_reason=ending, usage=described["usage"]
        )
    return make_answer(str(take(message, "content") or ""), schema, **described)


def read_usage(answer: Any) -> dict[str, int]:
    """Tokens as the service counts them; those of pictures are among the input's."""
    usage = take(answer, "usage")
    numbers = {
        "input_text_tokens": take(usage, "prompt_tokens"),
        "output_text_tokens": take(usage, "completion_tokens"),
    }
    return {name: number for name, number in numbers.items() if type(number) is int}
