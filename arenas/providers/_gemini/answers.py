"""What one answer of a model came to: its parts, its status, and what it cost."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from google.genai import types

from arenas.providers._gemini.errors import quote
from arenas.providers._gemini.pictures import is_picture
from arenas.providers._pictures import sniff_mime
from arenas.providers.base import ImagePart, Part, Status, TextPart

# Why a service withholds a prompt or a picture, in words for people.
REFUSALS = {
    "SAFETY": "it may break the safety rules",
    "IMAGE_SAFETY": "the picture may break the safety rules",
    "PROHIBITED_CONTENT": "it may hold prohibited content",
    "IMAGE_PROHIBITED_CONTENT": "the picture may hold prohibited content",
    "RECITATION": "it may repeat somebody's work",
    "IMAGE_RECITATION": "the picture may repeat somebody's work",
    "SPII": "it may hold personal data",
    "BLOCKLIST": "it holds a term from a list of blocked terms",
    "MODEL_ARMOR": "the account's own filter caught it",
    "ESCALATION": "a rule of the service caught it",
    "JAILBREAK": "it was taken for an attempt to get round the rules",
}
_ACCIDENTS = ("NO_IMAGE", "IMAGE_OTHER", "OTHER")
CUT = ("MAX_TOKENS", "CONTINUATION")


@dataclass(frozen=True, slots=True)
class Reply:
    """What one turn came to. `content` is the model's answer as received, signatures and all."""

    status: Status
    reason: str = ""
    raw_reason: str = ""
    try_again: bool = False
    parts: tuple[Part, ...] = ()
    content: types.Content | None = None
    usage: Mapping[str, int] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    model_version: str = ""
    response_id: str = ""
    retires_on: date | None = None
    seconds: float = 0.0

    @property
    def goes_on(self) -> bool:
        """Whether a conversation can go on from here: an answer in words alone is one, too."""
        told = self.content is not None and not self.try_again
        return told and self.status in (Status.DONE, Status.NO_IMAGE)


def read_answer(answer: types.GenerateContentResponse, *, turn: int) -> Reply:
    """What the SDK's response to one turn came to."""
    candidate = answer.candidates[0] if answer.candidates else types.Candidate()
    content = candidate.content if candidate.content and candidate.content.parts else None
    parts, oddities = _read_parts(content, turn)
    reply = _judge(answer, candidate, parts, oddities)
    stage = answer.model_status and answer.model_status.model_stage
    ends = answer.model_status and answer.model_status.retirement_time
    return replace(
        reply,
        parts=parts,
        content=content and content.model_copy(update={"role": "model"}),
        usage=_count_usage(answer.usage_metadata, parts),
        details={
            **oddities,
            "finish_reason": _name(candidate.finish_reason),
            **({"model_stage": stage.name} if stage else {}),
        },
        model_version=answer.model_version or "",
        response_id=answer.response_id or "",
        retires_on=ends.date() if ends else None,
    )


def _read_parts(
    content: types.Content | None, turn: int
) -> tuple[tuple[Part, ...], dict[str, Any]]:
    """The texts and pictures in order, and what was odd about them."""
    found: list[Part] = []
    oddities: dict[str, Any] = {}
    for part in (content and content.parts) or []:
        thought = bool(part.thought)
        if part.text:
            found.append(TextPart(part.text, turn, thought))
        elif part.inline_data is not None:
            data, stated = part.inline_data.data or b"", part.inline_data.mime_type or ""
            if not is_picture(data):
                oddities["dropped"] = oddities.get("dropped", 0) + 1
                continue
            if (mime := sniff_mime(data)) != stated:
                oddities |= {"mime_stated": stated, "mime_mismatch": mime}
            found.append(ImagePart(data, stated, turn, thought))
    return _show_last_thought(found, oddities), oddities


def _show_last_thought(found: list[Part], oddities: dict[str, Any]) -> tuple[Part, ...]:
    """Where every picture is marked as a thought, the last one is the answer."""
    pictures = [i for i, part in enumerate(found) if isinstance(part, ImagePart)]
    if pictures and all(found[i].thought for i in pictures):
        found[pictures[-1]] = replace(found[pictures[-1]], thought=False)
        oddities["image_from_thought"] = True
    return tuple(found)


def _judge(
    answer: types.GenerateContentResponse,
    candidate: types.Candidate,
    parts: tuple[Part, ...],
    oddities: Mapping[str, Any],
) -> Reply:
    feedback = answer.prompt_feedback
    if feedback and feedback.block_reason and not answer.candidates:
        return _refuse_prompt(_name(feedback.block_reason), feedback.block_reason_message)
    ending = _name(candidate.finish_reason)
    text = " ".join(part.text for part in parts if isinstance(part, TextPart) and not part.thought)
    said = candidate.finish_message or text
    if ending in REFUSALS:
        reason = _tell(f"The service withheld the answer: {REFUSALS[ending]}.", said)
        return Reply(Status.REFUSED_OUTPUT, reason, ending)
    if any(isinstance(part, ImagePart) for part in parts):
        return Reply(Status.DONE, raw_reason=ending)
    return _explain_absence(ending, said, dropped=bool(oddities.get("dropped")))


def _refuse_prompt(word: str, said: str | None) -> Reply:
    why = REFUSALS.get(word, "it does not say why")
    return Reply(
        Status.REFUSED_PROMPT, _tell(f"The service refused the prompt: {why}.", said), word
    )


def _explain_absence(ending: str, said: str, *, dropped: bool) -> Reply:
    """Why an answer that nobody refused holds no picture."""
    if dropped:
        reason = "The answer holds something in place of a picture that is none."
        return Reply(Status.MALFORMED, reason, ending, try_again=True)
    if ending in _ACCIDENTS:
        reason = _tell("The model made no picture, and the service does not say why.", said)
        return Reply(Status.NO_IMAGE, reason, ending, try_again=True)
    if ending in CUT:
        reason = _tell("The answer was cut off before there was a picture.", said)
        return Reply(Status.FAILED, reason, ending)
    if ending in ("", "STOP", "MALFORMED_RESPONSE"):
        return _explain_silence(ending, said)
    return Reply(
        Status.NO_IMAGE, _tell(f"The model stopped without a picture: {ending}.", said), ending
    )


def _explain_silence(ending: str, said: str) -> Reply:
    if said and ending == "STOP":
        return Reply(Status.NO_IMAGE, f"It answered with text only: {quote(said)}", ending)
    reason = _tell("The answer is empty, or not of the form that the service documents.", said)
    return Reply(Status.MALFORMED, reason, ending, try_again=True)


def refuse_form(raw_reason: str) -> Reply:
    """The reply where the answer could not be read at all."""
    reason = "The answer is not of the form that the service documents."
    return Reply(Status.MALFORMED, reason, raw_reason, try_again=True, usage={"images": 0})


def list_shown(parts: Iterable[Part]) -> list[bytes]:
    """The pictures that are the answer, not a thought on the way to it."""
    return [part.data for part in parts if isinstance(part, ImagePart) and not part.thought]


def _count_usage(
    stated: types.GenerateContentResponseUsageMetadata | None, parts: Iterable[Part]
) -> dict[str, int]:
    images = len(list_shown(parts))
    if stated is None:
        return {"images": images}
    given = _split(stated.prompt_token_count, stated.prompt_tokens_details, of_images=False)
    made = _split(
        stated.candidates_token_count, stated.candidates_tokens_details, of_images=images > 0
    )
    return {
        "input_text_tokens": given[0],
        "input_image_tokens": given[1],
        "output_text_tokens": made[0] + (stated.thoughts_token_count or 0),
        "output_image_tokens": made[1],
        "images": images,
    }


def _split(
    total: int | None, details: list[types.ModalityTokenCount] | None, *, of_images: bool
) -> tuple[int, int]:
    """Tokens of text and of images. Undivided ones are `of_images`, or of text."""
    counted = {_name(each.modality): each.token_count or 0 for each in details or []}
    total = sum(counted.values()) if total is None else total
    images = counted.get("IMAGE", 0) if counted else total * of_images
    return max(total - images, 0), images


def _name(word: types.FinishReason | types.BlockedReason | types.MediaModality | None) -> str:
    """The service's own word, also where the SDK does not know it."""
    return "" if word is None or word.name.endswith("_UNSPECIFIED") else word.name


def _tell(sentence: str, said: str | None) -> str:
    return f"{sentence} It said: “{quote(said)}”" if said else sentence
