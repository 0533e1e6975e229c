"""What a generateContent call asks, and what is wrong with it."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from evalsite.standin.pictures import SCALES
from evalsite.standin.wire import decode, pick

RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
EXTREMES = ("1:4", "4:1", "1:8", "8:1")


@dataclass(frozen=True)
class Ask:
    """One generateContent call."""

    model: str
    body: Mapping[str, Any]
    enterprise: bool = False
    key: str = ""

    @property
    def contents(self) -> list[Any]:
        contents = pick(self.body, "contents", [])
        return contents if isinstance(contents, list) else [contents]

    @property
    def config(self) -> Mapping[str, Any]:
        return pick(self.body, "generationConfig") or {}

    @property
    def image_config(self) -> Mapping[str, Any]:
        return pick(self.config, "imageConfig") or {}

    @property
    def prompt(self) -> str:
        """The text of the last turn: what markers are read from."""
        return " ".join(list_texts(self.contents[-1])) if self.contents else ""

    @property
    def thinks(self) -> bool:
        return "3-pro" in self.model or "3.1-flash-image" in self.model

    @property
    def demands_signatures(self) -> bool:
        """Whether model turns must carry the signatures that they were given."""
        return "3-pro" in self.model and not self.enterprise

    @property
    def modalities(self) -> list[str]:
        default = ["TEXT", "IMAGE"] if "image" in self.model else ["TEXT"]
        return [name.upper() for name in pick(self.config, "responseModalities") or default]

    @cached_property
    def digest(self) -> str:
        """Of everything that the answer follows from."""
        asked = json.dumps([self.model, self.contents, self.config], sort_keys=True)
        return hashlib.sha256(asked.encode()).hexdigest()


def list_parts(content: Any) -> list[Any]:
    return pick(content, "parts") or []


def list_texts(content: Any) -> list[str]:
    return [part["text"] for part in list_parts(content) if pick(part, "text")]


def list_images(content: Any) -> list[Any]:
    parts = list_parts(content)
    return [part for part in parts if pick(part, "inlineData") or pick(part, "fileData")]


def list_model_turns(contents: list[Any]) -> Iterator[tuple[int, Any]]:
    """Each turn of the model, with its position from 1."""
    for position, content in enumerate(contents, 1):
        if pick(content, "role") == "model":
            yield position, content


def find_complaint(ask: Ask) -> str:
    """What the service would refuse this call for, or nothing."""
    ratio, size = pick(ask.image_config, "aspectRatio"), pick(ask.image_config, "imageSize")
    allowed = RATIOS + (EXTREMES if "3.1-flash" in ask.model else ())
    if not any(map(list_parts, ask.contents)):
        return "* GenerateContentRequest.contents: contents is not specified"
    if ratio and ratio not in allowed:
        return f"Invalid aspect ratio '{ratio}'. Allowed: {', '.join(allowed)}."
    if size and size not in SCALES:
        return f"Invalid image size '{size}'. Allowed: {', '.join(SCALES)}."
    if "2.5-flash-image" in ask.model and pick(ask.config, "thinkingConfig"):
        return "Thinking is not enabled for this model"
    return find_unsigned(ask.contents) if ask.demands_signatures else ""


def find_unsigned(contents: list[Any]) -> str:
    """The complaint about the first part of a model's turn that lacks its signature."""
    for position, content in list_model_turns(contents):
        for number, part in enumerate(list_parts(content), 1):
            place = f"in content position {position}, part position {number}"
            given = pick(part, "thoughtSignature")
            if pick(part, "thought") or not needs_signature(content, part):
                continue
            if not given:
                kind = "Image" if pick(part, "inlineData") else "Text"
                return f"{kind} part is missing a thought_signature {place}."
            if decode(given) != decode(make_signature(part)):
                return f"Corrupted thought signature {place}."
    return ""


def needs_signature(content: Any, part: Any) -> bool:
    """Every picture has one, and the first part after the thoughts."""
    plain = [part for part in list_parts(content) if not pick(part, "thought")]
    return bool(pick(part, "inlineData")) or part is plain[0]


def make_signature(part: Any) -> str:
    """A signature that belongs to this very part."""
    blob = pick(part, "inlineData")
    signed = str(pick(blob or part, "data" if blob else "text")).encode()
    with suppress(ValueError):  # a spoilt picture is signed as it is
        signed = decode(pick(blob, "data", "")) if blob else signed
    return base64.b64encode(b"signature " + hashlib.sha256(signed).digest()).decode()


def sign(parts: list[dict[str, Any]]) -> None:
    for part in parts:
        if not part.get("thought") and needs_signature({"parts": parts}, part):
            part["thoughtSignature"] = make_signature(part)
