"""OpenAI's chat completions about pictures: JSON of a schema, or plain words."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from evalsite.standin.judge import reply_json
from evalsite.standin.refuse import REFUSALS, refuse_openai
from evalsite.standin.wire import Answer, Received, answer_json

CREATED = 1_780_000_000
IMAGE_TOKENS = 765
ENDINGS = {"truncated_json": "length", "image_safety": "content_filter"}
BLOCKED = ("prompt_blocked", "prohibited", "moderation")


@dataclass(frozen=True)
class Question:
    """One call: its settings, and what the user said and showed."""

    settings: Mapping[str, Any]
    key: str = ""

    @property
    def model(self) -> str:
        return str(self.settings.get("model") or "gpt-5")

    @cached_property
    def parts(self) -> list[Mapping[str, Any]]:
        messages = self.settings.get("messages") or []
        contents = [message.get("content") or [] for message in messages]
        said = [[{"type": "text", "text": c}] if isinstance(c, str) else c for c in contents]
        return [part for content in said for part in content]

    @property
    def prompt(self) -> str:
        return " ".join(str(part.get("text", "")) for part in self.parts)

    @property
    def schema(self) -> Mapping[str, Any] | None:
        form = self.settings.get("response_format") or {}
        found: Mapping[str, Any] | None = (form.get("json_schema") or {}).get("schema")
        return found

    def list_pictures(self) -> Iterator[tuple[str, str]]:
        """Each picture after the words before it."""
        words = ""
        for part in self.parts:
            if part.get("type") == "text":
                words = str(part.get("text"))
            else:
                yield words, str((part.get("image_url") or {}).get("url"))


def read_question(request: Received) -> Question:
    return Question(request.body or {}, request.key)


def complete(question: Question, fault: str) -> Answer:
    """The answer to one call with this fault, or with none."""
    if fault in REFUSALS or fault in BLOCKED:
        refusal = "moderation" if fault in BLOCKED else fault
        return refuse_openai(refusal, key=question.key, model=question.model)
    if not question.parts:
        return refuse_openai("bad_request", message="Missing required parameter: 'messages'.")
    if fault == "wrong_types":
        return answer_json({"choices": "none", "usage": [1]})
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    if fault == "withheld":
        message["refusal"] = "I'm sorry, but I can't assist with that request."
    elif fault != "image_safety":
        message["content"] = write_reply(question, fault)
    choice = {"index": 0, "message": message, "finish_reason": ENDINGS.get(fault, "stop")}
    content = {
        "id": "chatcmpl-standin", "object": "chat.completion", "created": CREATED,
        "model": question.model, "choices": [choice],
    }  # fmt: skip
    if fault != "no_usage":
        content["usage"] = count_tokens(question, str(message["content"] or ""))
    return answer_json(content)


def write_reply(question: Question, fault: str) -> str:
    if question.schema is None:
        return f"An answer in words from {question.model}."
    asked = hashlib.sha256(json.dumps(question.settings, sort_keys=True).encode()).hexdigest()
    return reply_json(question.schema, asked, question.list_pictures(), fault)


def count_tokens(question: Question, reply: str) -> dict[str, int]:
    given = 1 + len(question.prompt) // 4 + IMAGE_TOKENS * len(list(question.list_pictures()))
    made = 1 + len(reply) // 4
    return {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}
