"""Calls of the Gemini provider, each on an event loop of its own."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from arenas.providers.base import ImagePart, Outcome, ProviderError, Request
from arenas.providers.gemini import Provider

MODEL = "gemini-2.5-flash-image"
THINKING = "gemini-3-pro-image"  # signs its turns, and refuses those that lack a signature


def make_request(*turns: str, **others: Any) -> Request:
    return Request("prompt", turns, **others)


def generate(
    *turns: str,
    model: str = MODEL,
    params: Mapping[str, Any] | None = None,
    deadline: float = 30,
    **others: Any,
) -> Outcome:
    request = make_request(*turns, **others)
    return asyncio.run(Provider(model, params or {}).generate(request, deadline=deadline))


def fail(*turns: str, **others: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        generate(*turns, **others)
    return caught.value


def pictures(outcome: Outcome) -> list[ImagePart]:
    return [part for part in outcome.parts if isinstance(part, ImagePart)]
