"""What litellm's errors mean. Each wraps others, of which some know more than it does."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import openai

from arenas.providers._http import explain_failure
from arenas.providers._openai.complaints import LEADS, Complaint, explain, say
from arenas.providers._openai.read import report_malformed
from arenas.providers.base import Cause, Outcome, ProviderError


def explain_error(error: Exception) -> Outcome:
    """A refusal or a broken answer as an outcome; raises a ProviderError for other failures."""
    chain = list(unwrap(error))
    known = next(filter(None, map(explain_failure, chain)), None)
    if known is not None:
        raise known from None
    if isinstance(error, openai.APITimeoutError):
        raise ProviderError(say(LEADS[Cause.TIMEOUT]), cause=Cause.TIMEOUT) from None
    if is_broken(chain):
        words = find_words(error)
        raise ProviderError(say("The connection to the service failed", words)) from None
    if is_unreadable(error, chain):
        return report_malformed(say("litellm cannot read the service's answer", find_words(error)))
    if not isinstance(error, openai.APIError):
        raise error
    return explain(read_complaint(error, chain))


def unwrap(error: BaseException | None) -> Iterator[Exception]:
    while isinstance(error, Exception):
        yield error
        error = error.__cause__ or error.__context__


def is_broken(chain: list[Exception]) -> bool:
    """Whether the exchange itself failed: litellm reports that as an error of the server."""
    names = {base.__name__ for one in chain for base in type(one).__mro__}
    return not names.isdisjoint({"TransportError", "ClientConnectionError"})


def is_unreadable(error: Exception, chain: list[Exception]) -> bool:
    """Whether litellm fell over the answer, which it calls an error of the connection."""
    unparsed = any(isinstance(one, json.JSONDecodeError) for one in chain)
    return unparsed or isinstance(error, openai.APIConnectionError)


def read_complaint(error: openai.APIError, chain: list[Exception]) -> Complaint:
    status = getattr(error, "status_code", None)
    words = find_words(error)
    return Complaint.read(
        status if isinstance(status, int) else 500,
        find_body(chain, words),
        find_headers(chain),
        words,
    )


def find_words(error: Exception) -> str:
    """The message without litellm's names for it: `litellm.X: X: YException - message`."""
    message = str(error).partition("Traceback")[0]
    return message.partition("Exception - ")[2] or message


def find_body(chain: list[Exception], words: str) -> Mapping[str, Any]:
    """The body that the service sent, from where litellm left it: an attribute, or the message."""
    for one in chain:
        body = getattr(one, "body", None)
        if isinstance(body, Mapping):
            return body
    try:
        body = json.loads(words)
    except ValueError:
        return {}
    error = body.get("error", body) if isinstance(body, Mapping) else {}
    return error if isinstance(error, Mapping) else {}


def find_headers(chain: list[Exception]) -> dict[str, str]:
    sources = [getattr(one, "headers", None) for one in chain]
    sources += [getattr(getattr(one, "response", None), "headers", None) for one in chain]
    found: Mapping[str, str] = next((source for source in sources if source), {})
    return {name.lower(): value for name, value in found.items()}
