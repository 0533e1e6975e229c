"""Imagen's predict: as many pictures as asked for, less those that were filtered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalsite.standin.pictures import Studio, find_kind
from evalsite.standin.refuse import REFUSALS, refuse_google
from evalsite.standin.spoil import encode_picture, spoil_picture
from evalsite.standin.wire import Answer, answer_json, pick

FILTERED = (
    "Unable to show generated images. All images were filtered out because they violated "
    "Vertex AI's usage guidelines. Support codes: 58061214"
)
BLOCKED = "The prompt could not be submitted. It contains sensitive words."


@dataclass(frozen=True, slots=True)
class Prediction:
    """One predict call."""

    model: str
    body: Mapping[str, Any]
    key: str = ""

    @property
    def prompt(self) -> str:
        instances = pick(self.body, "instances") or [{}]
        return str(pick(instances[0], "prompt", ""))

    @property
    def parameters(self) -> Mapping[str, Any]:
        return pick(self.body, "parameters") or {}

    @property
    def count(self) -> int:
        return int(pick(self.parameters, "sampleCount") or 1)

    @property
    def kind(self) -> str:
        mime = pick(pick(self.parameters, "outputOptions"), "mimeType", "image/png")
        return "jpeg" if mime == "image/jpeg" else find_kind(self.prompt)


def predict(call: Prediction, studio: Studio, fault: str) -> Answer:
    if fault in REFUSALS:
        return refuse_google(fault, key=call.key, model=call.model)
    if fault in ("prompt_blocked", "prohibited"):
        return refuse_google("bad_request", message=BLOCKED)
    if fault == "wrong_types":
        return answer_json({"predictions": "none"})
    if fault == "no_image":
        return answer_json({})
    filtered = count_filtered(call, fault)
    rows = [make_row(call, studio, fault, number) for number in range(filtered, call.count)]
    told = list_reasons(call, filtered) + rows
    return answer_json({"predictions": told} if told else {}, pictures=len(rows))


def count_filtered(call: Prediction, fault: str) -> int:
    """The only picture, or the first of several: the service filters one by one."""
    if fault == "image_safety":
        return call.count
    return 1 if fault == "rai_filtered" else 0


def list_reasons(call: Prediction, filtered: int) -> list[dict[str, str]]:
    """Filtered pictures vanish, unless their reasons are asked for."""
    told = pick(call.parameters, "includeRaiReason")
    return [{"raiFilteredReason": FILTERED}] * filtered if told else []


def make_row(call: Prediction, studio: Studio, fault: str, number: int) -> dict[str, str]:
    ratio = pick(call.parameters, "aspectRatio") or "1:1"
    scale = pick(call.parameters, "sampleImageSize") or "1K"
    size = studio.fit("3:1" if fault == "ratio_ignored" else ratio, scale)
    drawn = studio.draw(f"{number} {call.body}", call.model, size, call.kind)
    picture = spoil_picture(drawn, fault)
    row = {"mimeType": picture.mime} if picture.mime else {}
    return row | {"bytesBase64Encoded": encode_picture(picture, fault)}
