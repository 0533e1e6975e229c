"""Failures that a prompt asks for: `[fault:NAME]` always, `[fault:NAME:N]` for N calls.

They are counted for each model and prompt text. Several in one prompt are used up in order,
then the answer is a normal one.
"""

import re
import threading
from collections import Counter
from dataclasses import dataclass

ALL = ("gemini", "imagen", "openai", "chat")
JUDGES = ("gemini", "chat")
GOOGLE = ("gemini", "imagen")


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens, and in which protocols it can be asked for."""

    says: str
    protocols: tuple[str, ...] = ALL


FAULTS = {
    # The service refuses the call.
    "rate_limit": Fault("429 with RetryInfo of 3 s (OpenAI: Retry-After)"),
    "rate_limit_header": Fault("429 with Retry-After: 3 and no RetryInfo"),
    "quota_day": Fault("429 with a QuotaFailure per day (OpenAI: insufficient_quota)"),
    "server_error": Fault("500"),
    "bad_gateway": Fault("502 with a page of HTML"),
    "unavailable": Fault("503"),
    "gateway_timeout": Fault("504"),
    "bad_request": Fault("400"),
    "key_invalid": Fault("400 API_KEY_INVALID, quoting the key (OpenAI: 401 invalid_api_key)"),
    "unauthorized": Fault("401, quoting the key"),
    "forbidden": Fault("403"),
    "not_found": Fault("404 for the model"),
    "too_large": Fault("413"),
    "cancelled": Fault("499"),
    # The connection breaks.
    "hang": Fault("never answers, until the client goes or 600 s have passed"),
    "trickle": Fault("sends the body a byte every 0.2 s, for at most 600 s"),
    "reset": Fault("resets the connection"),
    "disconnect": Fault("closes the connection without an answer"),
    "truncated": Fault("closes the connection after half of the body that it announced"),
    # There is no proper body.
    "cut_json": Fault("200 with half of the JSON"),
    "html_200": Fault("200 with a page of HTML"),
    "empty_body": Fault("200 with no body"),
    "empty_object": Fault("200 with {}"),
    "wrong_types": Fault("200 with JSON of other types than documented"),
    # There is no proper picture.
    "bad_base64": Fault("a picture that is not base64"),
    "wrong_mime": Fault("a GIF labelled image/png"),
    "mislabelled": Fault("a JPEG labelled image/png"),
    "text_mime": Fault("a picture labelled text/html", GOOGLE),
    "no_mime": Fault("a picture without a label", GOOGLE),
    "zero_bytes": Fault("a picture of no bytes"),
    "corrupt_png": Fault("a PNG that ends amid its pixels"),
    "bomb": Fault("a PNG of 900 megapixels in some 100 kB"),
    "huge_png": Fault("a PNG of 27 MB"),
    "ratio_ignored": Fault("a picture of 3:1, whatever was asked"),
    "no_usage": Fault("an answer without usage figures", ("gemini", "openai", "chat")),
    # The model answers without a picture.
    "prompt_blocked": Fault("the prompt is blocked for SAFETY (Imagen, OpenAI: 400)"),
    "prohibited": Fault("the prompt is blocked for PROHIBITED_CONTENT (Imagen, OpenAI: 400)"),
    "image_safety": Fault("IMAGE_SAFETY (Imagen: all filtered, OpenAI: moderation_blocked)"),
    "image_prohibited": Fault("IMAGE_PROHIBITED_CONTENT", ("gemini",)),
    "recitation": Fault("IMAGE_RECITATION", ("gemini",)),
    "no_image": Fault("NO_IMAGE (Imagen, OpenAI: none in the list)"),
    "image_other": Fault("IMAGE_OTHER", ("gemini",)),
    "text_only": Fault("STOP after text alone, a question back", ("gemini",)),
    "no_parts": Fault("STOP without parts", ("gemini",)),
    "max_tokens": Fault("MAX_TOKENS amid the text", ("gemini",)),
    "unknown_reason": Fault("a finish reason that is in no documentation", ("gemini",)),
    "thought_only_image": Fault("the only picture is marked as a thought", ("gemini",)),
    "safety_text_refusal_in_history": Fault(
        "STOP after a refusal in text, in this turn and all that follow", ("gemini",)
    ),
    # A judge answers, but not as it was asked to.
    "fenced_json": Fault("the JSON asked for, in a fence of Markdown", JUDGES),
    "chatty_json": Fault("the JSON asked for, with words before and after it", JUDGES),
    "wrong_json": Fault("JSON that is not of the schema asked for", JUDGES),
    "truncated_json": Fault("half of the JSON: MAX_TOKENS (OpenAI: length)", JUDGES),
    "withheld": Fault("SAFETY instead of the JSON (OpenAI: a refusal)", JUDGES),
    "first_slot": Fault("JSON that prefers the first choice, whatever is shown", JUDGES),
    "rai_filtered": Fault("the only picture, or the first of several, is filtered", ("imagen",)),
    "moderation": Fault("400 moderation_blocked", ("openai",)),
    # In the display name of a batch, where the refusals above are for its creation.
    "batch_failed": Fault("the batch fails", ("batch",)),
    "batch_expired": Fault("the batch expires", ("batch",)),
    "batch_unfetchable": Fault("503 instead of the batch once it has succeeded", ("batch",)),
}

MARK = re.compile(r"\[fault:(\w+)(?::(\d+))?\]")


class Faults:
    """Which fault is due, for all threads."""

    def __init__(self) -> None:
        self._calls: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def take(self, model: str, text: str) -> str:
        """The fault of this call, or nothing."""
        if "[fault:" not in text:
            return ""
        with self._lock:
            number = self._calls[model, text]
            self._calls[model, text] += 1
        return find_fault(text, number)

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()


def find_fault(text: str, number: int) -> str:
    """The fault that a text asks for in its call of this number, from 0."""
    for name, times in MARK.findall(text):
        if not times or number < int(times):
            return str(name)
        number -= int(times)
    return ""


def knows(fault: str, protocol: str) -> bool:
    """Whether the fault, if it is any, can be asked for in the protocol."""
    return not fault or (fault in FAULTS and protocol in FAULTS[fault].protocols)


def exists(model: str) -> bool:
    """Models with such names are gone, whatever the prompt asks for."""
    return "no-such" not in model and "retired" not in model
