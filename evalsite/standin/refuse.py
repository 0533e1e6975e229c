"""Calls refused in the words of each service."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from evalsite.standin.wire import Answer, answer_json

TYPES = "type.googleapis.com/google.rpc."
WAIT = 3
RETRY_INFO = {"@type": f"{TYPES}RetryInfo", "retryDelay": f"{WAIT}s"}
QUOTA = "generativelanguage.googleapis.com/generate_requests_per_model_per_day"
QUOTA_FAILURE = {
    "@type": f"{TYPES}QuotaFailure",
    "violations": [{
        "quotaMetric": QUOTA,
        "quotaId": "GenerateRequestsPerDayPerProjectPerModel",
        "quotaValue": "250",
    }],
}  # fmt: skip
INVALID = {
    "@type": f"{TYPES}ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com",
    "metadata": {"service": "generativelanguage.googleapis.com"},
}  # fmt: skip
EXHAUSTED = "You exceeded your current quota, please check your plan and billing details."

# What Google says: code, status, message, details.
GOOGLE: dict[str, tuple[int, str, str, list[Any]]] = {
    "rate_limit": (429, "RESOURCE_EXHAUSTED", f"{EXHAUSTED} Please retry in 3s.", [RETRY_INFO]),
    "rate_limit_header": (429, "RESOURCE_EXHAUSTED", "Resource exhausted.", []),
    "quota_day": (429, "RESOURCE_EXHAUSTED", EXHAUSTED, [QUOTA_FAILURE]),
    "server_error": (500, "INTERNAL", "An internal error has occurred.", []),
    "unavailable": (503, "UNAVAILABLE", "The model is overloaded. Please try again later.", []),
    "gateway_timeout": (504, "DEADLINE_EXCEEDED", "The request timed out.", []),
    "bad_request": (400, "INVALID_ARGUMENT", "Request contains an invalid argument.", []),
    "key_invalid": (400, "INVALID_ARGUMENT", "API key not valid: {key}.", [INVALID]),
    "unauthorized": (401, "UNAUTHENTICATED", "Invalid authentication credentials: {key}.", []),
    "forbidden": (403, "PERMISSION_DENIED", "Permission denied on this project.", []),
    "not_found": (404, "NOT_FOUND", "models/{model} is not found for this API version.", []),
    "too_large": (413, "INVALID_ARGUMENT", "Request payload size exceeds the limit.", []),
    "cancelled": (499, "CANCELLED", "The operation was cancelled.", []),
}

# What OpenAI says: status, type, code, message.
OPENAI: dict[str, tuple[int, str, str | None, str]] = {
    "rate_limit": (429, "requests", "rate_limit_exceeded", "Please try again in 3s."),
    "rate_limit_header": (429, "requests", "rate_limit_exceeded", "Rate limit reached."),
    "quota_day": (429, "insufficient_quota", "insufficient_quota", EXHAUSTED),
    "server_error": (500, "server_error", None, "The server had an error."),
    "unavailable": (503, "server_error", None, "The engine is overloaded."),
    "gateway_timeout": (504, "server_error", None, "The request timed out."),
    "bad_request": (400, "invalid_request_error", "invalid_value", "Invalid value: 'size'."),
    "key_invalid": (401, "invalid_request_error", "invalid_api_key", "Incorrect API key: {key}."),
    "unauthorized": (401, "invalid_request_error", "invalid_api_key", "Incorrect API key: {key}."),
    "forbidden": (403, "invalid_request_error", "model_not_allowed", "No access to {model}."),
    "not_found": (404, "invalid_request_error", "model_not_found", "{model} does not exist."),
    "too_large": (413, "invalid_request_error", None, "The request is too large."),
    "cancelled": (499, "invalid_request_error", None, "The request was cancelled."),
    "moderation": (
        400, "image_generation_user_error", "moderation_blocked",
        "Your request was rejected as a result of our safety system. safety_violations=[violence].",
    ),
}  # fmt: skip

GATEWAY = Answer(b"<html><body>502 Bad Gateway</body></html>", 502, "text/html")
REFUSALS = {*GOOGLE, *OPENAI, "bad_gateway"}


def refuse_google(fault: str, *, key: str = "", model: str = "", message: str = "") -> Answer:
    if fault == "bad_gateway":
        return GATEWAY
    code, status, words, details = GOOGLE[fault]
    text = message or words.format(key=key, model=model)
    error: dict[str, Any] = {"code": code, "message": text, "status": status}
    error |= {"details": details} if details else {}
    return answer_error(error, code, waits=fault == "rate_limit_header")


def refuse_openai(fault: str, *, key: str = "", model: str = "", message: str = "") -> Answer:
    if fault == "bad_gateway":
        return GATEWAY
    status, kind, code, words = OPENAI[fault]
    text = message or words.format(key=key, model=model)
    error = {"message": text, "type": kind, "param": None, "code": code}
    return answer_error(error, status, waits=fault.startswith("rate_limit"))


def answer_error(error: Mapping[str, Any], status: int, *, waits: bool) -> Answer:
    answer = answer_json({"error": error}, status=status)
    return replace(answer, headers={"Retry-After": str(WAIT)}) if waits else answer
