"""Calls of the OpenAI provider, each on an event loop of its own."""

import asyncio
import io
from collections.abc import Mapping
from typing import Any

import pytest
from PIL import Image

from arenas.providers.base import Outcome, ProviderError, Reference, Request
from arenas.providers.openai import Provider

MODEL = "gpt-image-2"


def generate(
    *turns: str,
    model: str = MODEL,
    params: Mapping[str, Any] | None = None,
    deadline: float = 30,
    **others: Any,
) -> Outcome:
    request = Request("prompt", turns, **others)
    return asyncio.run(Provider(model, params or {}).generate(request, deadline=deadline))


def fail(*turns: str, **others: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        generate(*turns, **others)
    return caught.value


def make_reference(name: str, role: str = "subject", colour: str = "red") -> Reference:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(buffer, "PNG")
    return Reference(name, role, buffer.getvalue(), "image/png")
