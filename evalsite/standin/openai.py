"""OpenAI's images: generations and edits."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalsite.standin.pictures import Studio, find_kind
from evalsite.standin.refuse import REFUSALS, refuse_openai
from evalsite.standin.spoil import encode_picture, spoil_picture
from evalsite.standin.wire import Answer, Field, Received, answer_json

CREATED = 1_780_000_000
IMAGE_TOKENS = 1056
INPUT_IMAGE_TOKENS = 323
BLOCKED = ("prompt_blocked", "prohibited", "image_safety")


@dataclass(frozen=True, slots=True)
class Order:
    """One call for pictures: its settings, and the pictures that came with it."""

    settings: Mapping[str, Any]
    images: tuple[Field, ...] = ()
    key: str = ""
    edits: bool = False

    @property
    def model(self) -> str:
        return str(self.settings.get("model") or "gpt-image-1")

    @property
    def prompt(self) -> str:
        return str(self.settings.get("prompt") or "")

    @property
    def count(self) -> int:
        return int(self.settings.get("n") or 1)

    @property
    def size(self) -> str:
        stated = str(self.settings.get("size") or "auto")
        return "1024x1024" if stated == "auto" else stated

    @property
    def kind(self) -> str:
        return str(self.settings.get("output_format") or find_kind(self.prompt))


def read_order(request: Received) -> Order:
    edits = request.path.endswith("/edits")
    if not request.fields:
        return Order(request.body or {}, (), request.key, edits)
    settings = {field.name: field.text for field in request.fields if not field.filename}
    files = tuple(field for field in request.fields if field.filename)
    return Order(settings, files, request.key, edits)


def find_complaint(order: Order) -> str:
    """What the service would refuse this order for, or nothing."""
    if not order.prompt:
        return "Missing required parameter: 'prompt'."
    if order.edits and not order.images:
        return "Missing required parameter: 'image'."
    if not 1 <= order.count <= 10:
        return f"Invalid value: {order.count}. 'n' must be between 1 and 10."
    if not re.fullmatch(r"[1-9]\d{1,3}x[1-9]\d{1,3}", order.size):
        return f"Invalid value: '{order.size}'. Supported values: '1024x1024', '1536x1024', 'auto'."
    if order.kind not in ("png", "jpeg", "webp"):
        return f"Invalid value: '{order.kind}'. Supported values are: 'png', 'jpeg', and 'webp'."
    return ""


def make_images(order: Order, studio: Studio, fault: str) -> Answer:
    if fault in REFUSALS or fault in BLOCKED:
        refusal = "moderation" if fault in BLOCKED else fault
        return refuse_openai(refusal, key=order.key, model=order.model)
    if complaint := find_complaint(order):
        return refuse_openai("bad_request", message=complaint)
    if fault == "wrong_types":
        return answer_json({"created": "then", "data": "none"})
    count = 0 if fault == "no_image" else order.count
    rows = [{"b64_json": make_picture(order, studio, fault, number)} for number in range(count)]
    content: dict[str, Any] = {"created": CREATED, "data": rows, "output_format": order.kind}
    if fault != "no_usage":
        content["usage"] = count_tokens(order, count)
    return answer_json(content, pictures=count, x_request_id="req_standin")


def make_picture(order: Order, studio: Studio, fault: str, number: int) -> str:
    width, height = ("1536x512" if fault == "ratio_ignored" else order.size).split("x")
    size = studio.shrink(int(width), int(height))
    asked = f"{number} {sorted(order.settings.items())} {hash_images(order)}"
    picture = studio.draw(asked, order.model, size, order.kind)
    return encode_picture(spoil_picture(picture, fault), fault)


def count_tokens(order: Order, count: int) -> dict[str, Any]:
    words, images = 1 + len(order.prompt) // 4, INPUT_IMAGE_TOKENS * len(order.images)
    shown = IMAGE_TOKENS * count
    return {
        "input_tokens": words + images,
        "input_tokens_details": {"text_tokens": words, "image_tokens": images},
        "output_tokens": shown,
        "output_tokens_details": {"text_tokens": 0, "image_tokens": shown},
        "total_tokens": words + images + shown,
    }


def hash_images(order: Order) -> list[str]:
    return [hashlib.sha256(image.data).hexdigest() for image in order.images]
