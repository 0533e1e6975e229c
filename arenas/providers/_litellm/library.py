"""litellm itself: loaded when the first call needs it, silent, and closed behind us."""

import asyncio
import os
from functools import partial
from typing import Any

from arenas.providers._closing import close_with_loop
from arenas.providers.base import ProviderError

LONGEST = 5.0  # seconds that litellm may take to end
_loops: set[asyncio.AbstractEventLoop] = set()


def load() -> Any:
    """The library, which else would fetch a price list when imported and report its use."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    try:
        import litellm
    except ImportError:
        missing = "This needs the litellm extra: pip install evalsite[litellm]."
        raise ProviderError(missing, permanent=True) from None
    litellm.telemetry = False
    litellm.suppress_debug_info = True
    return litellm


async def clean_up_with_loop(litellm: Any) -> None:
    """litellm leaves connections open and calls unlogged, pictures and all, when a loop ends."""
    loop = asyncio.get_running_loop()
    if loop not in _loops:
        _loops.add(loop)
        await close_with_loop(partial(clean_up, litellm, loop))


async def clean_up(litellm: Any, loop: asyncio.AbstractEventLoop) -> None:
    from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER

    _loops.discard(loop)
    try:
        async with asyncio.timeout(LONGEST):
            await GLOBAL_LOGGING_WORKER.flush()
            await GLOBAL_LOGGING_WORKER.stop()
    finally:
        if not _loops:  # it closes those of every loop
            await litellm.close_litellm_async_clients()
