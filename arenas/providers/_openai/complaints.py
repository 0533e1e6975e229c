"""What a service of OpenAI's kind says instead of an answer, and what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from arenas.providers._http import read_retry_after
from arenas.providers._secrets import redact
from arenas.providers.base import Cause, Outcome, ProviderError, Status

MAX_MESSAGE = 500
REFUSALS = {"moderation_blocked", "content_policy_violation"}
LEADS = {
    Cause.PASSING: "The service failed",
    Cause.TIMEOUT: "The service did not answer in time",
    Cause.BUSY: "The service asks for fewer calls",
    Cause.QUOTA: "The account has used up what it may",
    Cause.KEY: "The service does not accept the key for this",
    Cause.GONE: "The service has no such model",
    Cause.REQUEST: "The service does not take this request",
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """An answer with an error's status; `words` are its code and type, `stage` who objected."""

    status: int
    message: str
    words: tuple[str, ...] = ()
    stage: str = ""
    wait: float | None = None

    @classmethod
    def read(cls, status: int, body: object, headers: Mapping[str, str], message: str) -> Self:
        """From the body's `error`, of which nothing is certain; `message` where it has none."""
        fields: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
        details = fields.get("moderation_details")
        return cls(
            status,
            str(fields.get("message") or message),
            tuple(word for key in ("code", "type") if isinstance(word := fields.get(key), str)),
            str(details.get("moderation_stage")) if isinstance(details, Mapping) else "",
            read_wait(headers),
        )


def explain(complaint: Complaint) -> Outcome:
    """A refusal for the content's sake, which is an answer of the model; raises all others."""
    if complaint.status < 500 and not REFUSALS.isdisjoint(complaint.words):
        return refuse(complaint)
    cause = find_cause(complaint)
    lead = f"{LEADS[cause]} ({complaint.status})" if cause is Cause.PASSING else LEADS[cause]
    raise ProviderError(
        say(lead, complaint.message),
        cause=cause,
        retry_after=None if cause is Cause.QUOTA else complaint.wait,
        raw_reason=name(complaint),
    )


def find_cause(complaint: Complaint) -> Cause:
    match complaint.status:
        case 429:
            return Cause.QUOTA if "insufficient_quota" in complaint.words else Cause.BUSY
        case 401 | 403:
            return Cause.KEY
        case 404:
            return Cause.GONE if "model_not_found" in complaint.words else Cause.REQUEST
        case 504:
            return Cause.TIMEOUT
        case 408 | 409:
            return Cause.PASSING
        case status:
            return Cause.PASSING if status >= 500 else Cause.REQUEST


def refuse(complaint: Complaint) -> Outcome:
    made = was_made(complaint)
    return Outcome(
        Status.REFUSED_OUTPUT if made else Status.REFUSED_PROMPT,
        reason=say(f"The picture was {'withheld' if made else 'refused'}", complaint.message),
        raw_reason=name(complaint),
        usage={"images": 0},
    )


def name(complaint: Complaint) -> str:
    return complaint.words[0] if complaint.words else str(complaint.status)


def was_made(complaint: Complaint) -> bool:
    """Whether moderation stopped the finished picture rather than the words that ask for it."""
    if complaint.stage in ("input", "output"):
        return complaint.stage == "output"
    message = complaint.message.lower()
    return "output" in message or "generated image" in message


def read_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that the service asks to wait; OpenAI also says it in milliseconds."""
    try:
        return max(0.0, float(headers["retry-after-ms"]) / 1000)
    except (KeyError, ValueError):
        return read_retry_after(headers)


def say(lead: str, message: str = "") -> str:
    """One sentence for people that quotes the service, but no page that it sent, and no key."""
    quoted = "" if "<html" in message.lower() else " ".join(message.split())
    sentence = redact(f"{lead}: {quoted}" if quoted else f"{lead}.")
    return sentence if len(sentence) <= MAX_MESSAGE else f"{sentence[: MAX_MESSAGE - 1]}…"
