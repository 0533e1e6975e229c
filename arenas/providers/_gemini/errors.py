"""What the failures of Google's services mean."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import google.auth.exceptions
import pydantic
from google.genai import errors

from arenas.providers._http import explain_failure, read_retry_after
from arenas.providers._secrets import redact
from arenas.providers.base import Cause, ProviderError

_QUOTED = 500
_PACIFIC = ZoneInfo("America/Los_Angeles")  # daily quotas begin anew at midnight there

_SENTENCES = {
    Cause.PASSING: "the service failed",
    Cause.TIMEOUT: "the service ran out of time",
    Cause.BUSY: "too many calls to this model",
    Cause.QUOTA: "the quota is used up",
    Cause.KEY: "the service does not accept the key or the account",
    Cause.GONE: "the service has no such model",
    Cause.REQUEST: "the service refuses this request",
}
# A batch job reports gRPC's numbers, where a call has HTTP's.
_HTTP_OF_GRPC = {
    1: 499, 2: 500, 3: 400, 4: 504, 5: 404, 7: 403, 8: 429, 9: 400, 10: 409, 11: 400, 12: 501,
    13: 500, 14: 503, 15: 500, 16: 401,
}  # fmt: skip


class BadAnswer(Exception):
    """The answer arrived, but is not of the form that the service documents."""


def explain_error(error: Exception) -> ProviderError | BadAnswer:
    """What an exception from a call of the SDK means."""
    if failure := explain_failure(error):
        return failure
    if isinstance(error, errors.APIError):
        headers = getattr(error.response, "headers", None) or {}
        return explain_status(error.code, error.details, headers)
    if isinstance(error, google.auth.exceptions.TransportError):
        return ProviderError("no connection to Google's sign-in", raw_reason=quote(str(error)))
    if isinstance(error, google.auth.exceptions.GoogleAuthError):
        return ProviderError(f"Google's sign-in failed: {quote(str(error))}", cause=Cause.KEY)
    return _explain_other(error)


def _explain_other(error: Exception) -> ProviderError | BadAnswer:
    name = type(error).__name__
    if isinstance(error, json.JSONDecodeError | errors.UnknownApiResponseError):
        reason = "the answer is not JSON, or was cut off"
        return ProviderError(reason, raw_reason=name, perhaps_billed=True)
    if isinstance(error, pydantic.ValidationError | TypeError | AttributeError | LookupError):
        return BadAnswer(name)
    if isinstance(error, ValueError):
        reason = f"the SDK does not send this request: {quote(str(error))}"
        return ProviderError(reason, permanent=True, raw_reason=name)
    return ProviderError(f"the call broke off: {quote(str(error))}", raw_reason=name)


def explain_item(error: object) -> ProviderError:
    """What the error of one request in a batch job means, whatever form it has."""
    if not isinstance(error, Mapping):
        error = {"message": str(error)}
    code = error.get("code")
    code = code if type(code) is int and code else 13
    return explain_status(_HTTP_OF_GRPC.get(code, code), {"error": error}, {})


def explain_status(code: int, body: object, headers: Mapping[str, str]) -> ProviderError:
    """What an answer with an error status means; `body` is its JSON, or the SDK's idea of it."""
    error = _find_error(body)
    details = [each for each in error.get("details") or [] if isinstance(each, dict)]
    status, message = str(error.get("status") or ""), str(error.get("message") or "")
    cause = _find_cause(code, status, message, details)
    sentence = f"{_SENTENCES[cause]} ({code}{f' {status}' if status else ''})"
    return ProviderError(
        # An HTML page says nothing to people.
        sentence if not message or message.lstrip().startswith("<") else
        f"{sentence}: “{quote(message)}”",
        cause=cause,
        retry_after=_find_delay(cause, message, details, headers),
        raw_reason=status or str(code),
    )  # fmt: skip


def _find_error(body: object) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        return {}
    error = body.get("error", body)
    return error if isinstance(error, dict) else {}


def _find_cause(code: int, status: str, message: str, details: list[dict[str, Any]]) -> Cause:
    if code == 429:
        daily = any("PerDay" in str(each.get("quotaId")) for each in _violations(details))
        return Cause.QUOTA if daily or _is_free_of_quota(message, details) else Cause.BUSY
    if code in (401, 403) or (code == 400 and _blames_account(status, message, details)):
        return Cause.KEY
    if code == 404 and status == "NOT_FOUND":
        return Cause.GONE
    if code == 504:
        return Cause.TIMEOUT
    return Cause.PASSING if code in (408, 499) or code >= 500 else Cause.REQUEST


def _blames_account(status: str, message: str, details: list[dict[str, Any]]) -> bool:
    """FAILED_PRECONDITION is the answer where the free tier is not to be had."""
    reasons = [str(each.get("reason")) for each in details]
    invalid = any(reason.startswith("API_KEY_") for reason in reasons)
    return invalid or "API key not valid" in message or status == "FAILED_PRECONDITION"


def _violations(details: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = [item for each in details for item in each.get("violations") or []]
    return [item for item in found if isinstance(item, dict)]


def _is_free_of_quota(message: str, details: list[dict[str, Any]]) -> bool:
    """The free tier has no images at all: its limit is zero, today and tomorrow."""
    limits = [str(each.get("quotaValue")) for each in _violations(details)]
    return "0" in limits or re.search(r"limit: 0\b", message) is not None


def _find_delay(
    cause: Cause, message: str, details: list[dict[str, Any]], headers: Mapping[str, str]
) -> float | None:
    if cause is Cause.QUOTA:
        return None if _is_free_of_quota(message, details) else seconds_to_midnight()
    asked = [str(each["retryDelay"]) for each in details if each.get("retryDelay")]
    if asked and (match := re.fullmatch(r"(\d+(?:\.\d+)?)s", asked[0])):
        return float(match[1])
    return read_retry_after(headers)


def seconds_to_midnight(now: datetime | None = None) -> float:
    """Seconds until daily quotas begin anew."""
    moment = (now or datetime.now(UTC)).astimezone(_PACIFIC)
    midnight = datetime.combine(moment.date() + timedelta(days=1), datetime.min.time(), _PACIFIC)
    # Across a change of the clocks only the difference in UTC is right.
    return (midnight.astimezone(UTC) - moment.astimezone(UTC)).total_seconds()


def quote(text: str) -> str:
    """The service's words, without any key in them, as far as anybody reads."""
    return redact(text)[:_QUOTED].strip()
