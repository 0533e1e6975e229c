"""What a Gemini model says: its parts, how it ended, and what they cost."""

from dataclasses import dataclass, field
from typing import Any

from evalsite.standin.ask import Ask, list_images, list_texts
from evalsite.standin.pictures import Picture
from evalsite.standin.spoil import encode_picture, spoil_picture

IMAGE_TOKENS = 1290
INPUT_IMAGE_TOKENS = 258


@dataclass(slots=True)
class Reply:
    """What the model says, as it comes together."""

    parts: list[dict[str, Any]] = field(default_factory=list)
    finish: str = "STOP"
    message: str = ""

    def say(self, text: str, *, thought: bool = False) -> None:
        self.parts.append({"text": text} | ({"thought": True} if thought else {}))

    def show(self, picture: Picture, fault: str = "", *, thought: bool = False) -> None:
        spoilt = spoil_picture(picture, fault)
        blob = {"mimeType": spoilt.mime} if spoilt.mime else {}
        blob["data"] = encode_picture(spoilt, fault)
        self.parts.append({"inlineData": blob} | ({"thought": True} if thought else {}))

    @property
    def pictures(self) -> int:
        """The pictures to pay for: thoughts only where there is nothing else."""
        shown = [part for part in self.parts if "inlineData" in part]
        return sum("thought" not in part for part in shown) or len(shown)

    @property
    def candidate(self) -> dict[str, Any]:
        candidate: dict[str, Any] = {"finishReason": self.finish, "index": 0}
        if self.message:
            candidate["finishMessage"] = self.message
        if self.parts:
            candidate["content"] = {"role": "model", "parts": self.parts}
        return candidate


def count_text(text: str) -> int:
    return 1 + len(text) // 4


def count_tokens(ask: Ask, reply: Reply) -> dict[str, Any]:
    """The usage figures, by modality, as far as there is any of it."""
    words = sum(count_text(text) for content in ask.contents for text in list_texts(content))
    images = INPUT_IMAGE_TOKENS * sum(len(list_images(content)) for content in ask.contents)
    texts = [part for part in reply.parts if "text" in part]
    thoughts = sum(count_text(part["text"]) for part in texts if "thought" in part)
    said = sum(count_text(part["text"]) for part in texts if "thought" not in part)
    shown = IMAGE_TOKENS * reply.pictures
    usage = {
        "promptTokenCount": words + images,
        "promptTokensDetails": list_details(words, images),
        "candidatesTokenCount": said + shown,
        "candidatesTokensDetails": list_details(said, shown),
        "thoughtsTokenCount": thoughts,
        "totalTokenCount": words + images + said + shown + thoughts,
    }
    return {name: count for name, count in usage.items() if count}


def list_details(text: int, image: int) -> list[dict[str, Any]]:
    counts = {"TEXT": text, "IMAGE": image}
    return [{"modality": name, "tokenCount": count} for name, count in counts.items() if count]
