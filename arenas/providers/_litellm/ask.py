"""Calls by way of litellm, made once each, and what becomes of them."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from importlib.metadata import version
from typing import Any

import httpx2

from arenas.providers._fetch import fetch_from, fetch_public
from arenas.providers._http import make_client
from arenas.providers._litellm.explain import explain_error
from arenas.providers._litellm.library import clean_up_with_loop, load
from arenas.providers._openai.read import read_answer
from arenas.providers._secrets import read_setting
from arenas.providers.base import Outcome, Request


async def ask(
    step: Request, config: Mapping[str, Any], *, api_base: str | None, droppable: bool
) -> Outcome:
    """One call. A `droppable` size is left out where the model takes none."""
    litellm = await asyncio.to_thread(load)
    await clean_up_with_loop(litellm)
    sent = {**config, "drop_params": droppable, "num_retries": 0, "max_retries": 0}
    if api_base:
        sent |= {"api_base": api_base, "api_key": read_setting("OPENAI_API_KEY") or "none"}
    try:
        outcome = await read(await call(litellm, step, sent), api_base)
    except Exception as error:
        outcome = explain_error(error)
    details = {"sdk": f"litellm {version('litellm')}", "config": dict(config)}
    return replace(outcome, details=details | dict(outcome.details))


async def call(litellm: Any, step: Request, sent: Mapping[str, Any]) -> Any:
    if not step.references:
        return await litellm.aimage_generation(prompt=step.turns[0], **sent)
    pictures = [picture.data for picture in step.references]
    return await litellm.aimage_edit(image=pictures, prompt=step.turns[0], **sent)


async def read(answer: Any, api_base: str | None) -> Outcome:
    """The pictures, and litellm's estimate of what they cost."""

    async def fetch(address: str) -> bytes:
        async with make_client() as http:
            service = httpx2.URL(api_base or "")
            get = fetch_from(service, http) if api_base else fetch_public(http)
            return await get(address)

    outcome = await read_answer(answer, fetch)
    cost = getattr(answer, "_hidden_params", {}).get("response_cost")
    return replace(outcome, cost_usd=Decimal(str(cost)) if cost else None)
