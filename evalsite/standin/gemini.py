"""Gemini's generateContent: pictures, text, both in turns, or JSON of a schema."""

from collections.abc import Iterator
from typing import Any

from evalsite.standin.ask import (
    Ask,
    find_complaint,
    list_model_turns,
    list_parts,
    list_texts,
    sign,
)
from evalsite.standin.judge import reply_json
from evalsite.standin.pictures import Picture, Studio, find_kind
from evalsite.standin.refuse import REFUSALS, refuse_google
from evalsite.standin.reply import Reply, count_tokens
from evalsite.standin.wire import Answer, answer_json, pick

THOUGHT = "Considering what the picture needs."
REFUSAL = "I cannot make images of this, for reasons of safety."
BLOCKED = {"prompt_blocked": "SAFETY", "prohibited": "PROHIBITED_CONTENT"}
ENDINGS = {
    "image_safety": "IMAGE_SAFETY",
    "image_prohibited": "IMAGE_PROHIBITED_CONTENT",
    "recitation": "IMAGE_RECITATION",
    "no_image": "NO_IMAGE",
    "image_other": "IMAGE_OTHER",
    "unknown_reason": "IMAGE_UNHEARD_OF",
    "withheld": "SAFETY",
}
TEXTS = {
    "text_only": "Which of the two colours would you like it to have?",
    "safety_text_refusal_in_history": REFUSAL,
    "max_tokens": "Here is the",
}


def generate_content(ask: Ask, studio: Studio, fault: str) -> Answer:
    """The answer to one call with this fault, or with none."""
    if fault in REFUSALS:
        return refuse_google(fault, key=ask.key, model=ask.model)
    if complaint := find_complaint(ask):
        return refuse_google("bad_request", message=complaint)
    if fault == "wrong_types":
        return answer_json({"candidates": "none", "usageMetadata": [1]})
    if fault in BLOCKED:
        feedback = {"promptFeedback": {"blockReason": BLOCKED[fault]}}
        return answer_json(feedback | describe(ask, Reply(), fault))
    reply = make_reply(ask, studio, fault)
    if ask.thinks:
        sign(reply.parts)
    content = {"candidates": [reply.candidate]} | describe(ask, reply, fault)
    return answer_json(content, pictures=reply.pictures)


def make_reply(ask: Ask, studio: Studio, fault: str) -> Reply:
    if fault == "no_parts":
        return Reply()
    if fault in ENDINGS:
        return Reply(finish=ENDINGS[fault], message="Unable to show the generated image.")
    finish = "MAX_TOKENS" if fault in ("max_tokens", "truncated_json") else "STOP"
    reply = Reply(finish=finish)
    if fault in TEXTS:
        reply.say(TEXTS[fault])
    elif was_refused(ask):
        reply.say(REFUSAL)
    elif "json" in pick(ask.config, "responseMimeType", ""):
        reply.say(make_json(ask, fault))
    elif "IMAGE" in ask.modalities:
        compose(reply, ask, studio, fault)
    else:
        reply.say(f"An answer in words from {ask.model}.")
    return reply


def was_refused(ask: Ask) -> bool:
    """Whether a refusal stands in the history: models keep to what they said."""
    return any(REFUSAL in list_texts(content) for _, content in list_model_turns(ask.contents))


def make_json(ask: Ask, fault: str) -> str:
    schema = pick(ask.config, "responseJsonSchema") or pick(ask.config, "responseSchema") or {}
    return reply_json(schema, ask.digest, list_pictures(ask), fault)


def list_pictures(ask: Ask) -> Iterator[tuple[str, str]]:
    """Each picture after the words before it."""
    words = ""
    for part in (part for content in ask.contents for part in list_parts(content)):
        words = pick(part, "text") or words
        if blob := pick(part, "inlineData"):
            yield words, str(pick(blob, "data"))


def compose(reply: Reply, ask: Ask, studio: Studio, fault: str) -> None:
    """Thoughts first where the model has any; then text and pictures in turns."""
    if fault == "thought_only_image":
        reply.show(draw(ask, studio, fault, "final"), fault, thought=True)
        return
    if ask.thinks:
        reply.say(THOUGHT, thought=True)
        reply.show(draw(ask, studio, fault, "interim"), thought=True)
    for name in ("first", "final") if "[interleave]" in ask.prompt else ("final",):
        if "TEXT" in ask.modalities:
            reply.say(f"Here is the {name} picture.")
        reply.show(draw(ask, studio, fault, name), fault)


def draw(ask: Ask, studio: Studio, fault: str, name: str) -> Picture:
    ratio = "3:1" if fault == "ratio_ignored" else pick(ask.image_config, "aspectRatio") or "1:1"
    size = studio.fit(ratio, pick(ask.image_config, "imageSize") or "1K")
    return studio.draw(f"{name} {ask.digest}", ask.model, size, find_kind(ask.prompt))


def describe(ask: Ask, reply: Reply, fault: str) -> dict[str, Any]:
    """What surrounds the candidates of an answer."""
    content: dict[str, Any] = {"modelVersion": ask.model, "responseId": ask.digest[:22]}
    if fault != "no_usage":
        content["usageMetadata"] = count_tokens(ask, reply)
    if not ask.enterprise:
        content["modelStatus"] = describe_stage(ask.model)
    return content


def describe_stage(model: str) -> dict[str, str]:
    if "2.5-flash-image" in model:
        return {"modelStage": "LEGACY", "retirementTime": "2027-03-15T00:00:00Z"}
    return {"modelStage": "STABLE"}
