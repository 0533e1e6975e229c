"""The parameters of Google's models, and the configuration that comes of them."""

from collections.abc import Mapping
from typing import Any

from google.genai import types

from arenas.providers._parameters import TEXT, YES_NO, number, one_of
from arenas.providers.base import Request

RATIOS = (
    "1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9",
    "1:4", "4:1", "1:8", "8:1",
)  # fmt: skip
# Whatever the SDK would do after an answer is a further call, to be paid for.
ONE_CALL: dict[str, Any] = {
    "automatic_continuation": False,
    "automatic_function_calling": types.AutomaticFunctionCallingConfig(disable=True),
}
_MODALITIES = (["TEXT", "IMAGE"], ["IMAGE"])
_LARGEST_SEED = 2**31 - 1

PARAMETERS = {
    "aspect_ratio": one_of(*RATIOS),
    "image_size": one_of("512", "1K", "2K", "4K"),
    "thinking_level": one_of("MINIMAL", "LOW", "MEDIUM", "HIGH"),
    "temperature": number(0, 2),
    "modalities": (lambda value: value in _MODALITIES, "[TEXT, IMAGE] or [IMAGE]"),
    "seed": YES_NO,
    "enterprise": YES_NO,
    "system": TEXT,
}


def make_config(params: Mapping[str, Any], request: Request) -> types.GenerateContentConfig:
    """What every turn of the request is asked with."""
    level = params.get("thinking_level")
    return types.GenerateContentConfig(
        response_modalities=params.get("modalities", _MODALITIES[0]),
        image_config=types.ImageConfig(
            aspect_ratio=params.get("aspect_ratio", request.aspect_ratio),
            image_size=params.get("image_size"),
        ),
        thinking_config=types.ThinkingConfig(thinking_level=level) if level else None,
        temperature=params.get("temperature"),
        seed=read_seed(request) if params.get("seed", True) else None,
        system_instruction=params.get("system"),
    )


def read_seed(request: Request) -> int:
    """The request's seed, in the 31 bits that the services take."""
    return request.seed & _LARGEST_SEED


def make_asking_config(
    params: Mapping[str, Any], schema: Mapping[str, Any]
) -> types.GenerateContentConfig:
    """What a question about pictures is asked with: the reply is JSON of the schema."""
    level = params.get("thinking_level")
    return types.GenerateContentConfig(
        response_mime_type="application/json",
        response_json_schema=dict(schema),
        thinking_config=types.ThinkingConfig(thinking_level=level) if level else None,
        temperature=params.get("temperature"),
        system_instruction=params.get("system"),
    )
