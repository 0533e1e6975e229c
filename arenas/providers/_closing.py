"""Closes what belongs to an event loop when the loop ends, however it ends."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from weakref import WeakKeyDictionary

_guards: WeakKeyDictionary[asyncio.AbstractEventLoop, list[AsyncGenerator[None]]] = (
    WeakKeyDictionary()
)


async def close_with_loop(close: Callable[[], Awaitable[None]]) -> None:
    """Have `close` awaited at the end of the running loop.

    A loop that ends closes the asynchronous generators that were begun on it.
    """
    guard = _wait(close)
    _guards.setdefault(asyncio.get_running_loop(), []).append(guard)
    await anext(guard)


async def _wait(close: Callable[[], Awaitable[None]]) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        _guards.pop(asyncio.get_running_loop(), None)
        await close()
