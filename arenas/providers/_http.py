"""The HTTP below every SDK: what it may hold in memory, and what its failures mean."""

import asyncio
import email.utils
import ssl
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar

import httpx2

from arenas.providers.base import Cause, ProviderError

# A 4K picture as base64 has some 30 MB; nothing that the site takes needs more than this.
MAX_ANSWER = 64_000_000
# What an answer that does not state its length is taken for, until it turns out longer.
ASSUMED = 4_000_000
PATIENCE = 20.0  # seconds that an answer waits for room


class Allowance:
    """How many bytes of answers may be in memory at once, for all calls of one event loop.

    An answer waits in the socket until there is room. SDKs hold a body several times over
    while they parse it: some four bytes of memory for each byte allowed here.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0
        self._room = asyncio.Condition()

    def open(self) -> "Holding":
        return Holding(self)

    async def _take(self, size: int) -> None:
        """Wait for room; not for ever, because an answer may stall that holds it."""
        async with self._room:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._room.wait_for(lambda: self._has_room(size))
            self.held += size

    def _has_room(self, size: int) -> bool:
        return self.held == 0 or self.held + size <= self.limit

    async def _give(self, size: int) -> None:
        async with self._room:
            self.held -= size
            self._room.notify_all()


class Holding:
    """What one call holds of the allowance, until it is released."""

    def __init__(self, allowance: Allowance) -> None:
        self.allowance = allowance
        self.size = 0

    async def grow(self, size: int) -> None:
        """Wait for room, but only once: who holds something already must not wait for others."""
        if self.size:
            self.allowance.held += size
        else:
            await self.allowance._take(size)
        self.size += size

    async def release(self) -> None:
        size, self.size = self.size, 0
        if size:
            await self.allowance._give(size)


# The holding of the call that runs in this context; None where nobody counts.
HOLDING: ContextVar[Holding | None] = ContextVar("holding", default=None)
# How large an answer may be in this context.
_LARGEST: ContextVar[int] = ContextVar("largest", default=MAX_ANSWER)


@contextmanager
def answer_to_file(largest: int) -> Iterator[None]:
    """Let answers be larger where they go to a file piece by piece, and into no memory."""
    limit, holding = _LARGEST.set(largest), HOLDING.set(None)
    try:
        yield
    finally:
        HOLDING.reset(holding)
        _LARGEST.reset(limit)


class BoundedTransport(httpx2.AsyncHTTPTransport):
    """Reads the body of an answer when there is room for it, and only so much of it."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        stated = response.headers.get("content-length", "")
        size = int(stated) if stated.isdigit() else None
        try:
            refuse_excess(size or 0)
            holding = HOLDING.get()
            if holding is not None:
                await holding.grow(ASSUMED if size is None else size)
        except BaseException:
            await response.aclose()
            raise
        coding = response.headers.get("content-encoding", "").lower()
        response.stream = _Counted(response.stream, coding, holding)  # type: ignore[arg-type]
        return response


class _Counted(httpx2.AsyncByteStream):
    """A body of which no more is let through than is allowed, however small it is packed."""

    def __init__(
        self, stream: httpx2.AsyncByteStream, coding: str, holding: Holding | None
    ) -> None:
        self.stream = stream
        self.holding = holding
        self.unpack = _find_unpacking(coding)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for chunk in self.stream:
            read += self.unpack(chunk, _LARGEST.get() - read + 1)
            refuse_excess(read)
            if self.holding and read > self.holding.size:
                await self.holding.grow(read - self.holding.size)
            yield chunk

    async def aclose(self) -> None:
        await self.stream.aclose()


def _find_unpacking(coding: str) -> Callable[[bytes, int], int]:
    """How many bytes a piece of the body will be, counted up to a limit."""
    if coding in ("", "identity"):
        return lambda piece, limit: len(piece)
    if coding in ("gzip", "deflate"):
        unpacker = zlib.decompressobj(wbits=47 if coding == "gzip" else 15)
        return lambda piece, limit: len(unpacker.decompress(piece, limit))
    raise ProviderError(f"the answer comes packed as {coding!r}, which was not asked for")


def refuse_excess(size: int) -> None:
    largest = _LARGEST.get()
    if size > largest:
        reason = f"the answer is larger than {largest / 1e6:.0f} MB"
        raise ProviderError(reason, cause=Cause.REQUEST, perhaps_billed=True)


def make_client() -> httpx2.AsyncClient:
    """A client without time limits of its own: the caller's deadline ends every call.

    Its connections are as many as there are calls; the caller limits those.
    """
    # A redirect could take the key to another host, and compressed answers blow up in memory.
    headers = {"Accept-Encoding": "identity"}
    limits = httpx2.Limits(max_connections=1000, max_keepalive_connections=100)
    transport = BoundedTransport(limits=limits, verify=ssl.create_default_context())
    return httpx2.AsyncClient(
        transport=transport, headers=headers, timeout=None, follow_redirects=False
    )


def explain_failure(error: Exception) -> ProviderError | None:
    """What a failed exchange means, whichever SDK raised it; None where it is something else.

    SDKs wrap what happened below them: the causes are looked through.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ProviderError):
            return seen
        if isinstance(seen, httpx2.TimeoutException):
            return ProviderError("the service did not answer in time", cause=Cause.TIMEOUT)
        if isinstance(seen, httpx2.ConnectError):
            return _explain_no_connection(seen)
        if isinstance(seen, httpx2.HTTPError):
            reason = f"the connection broke off ({type(seen).__name__})"
            return ProviderError(reason, raw_reason=str(seen), perhaps_billed=True)
        seen = seen.__cause__
    return None


def _explain_no_connection(error: httpx2.ConnectError) -> ProviderError:
    try:
        url = error.request.url
        place = f"{url.host}:{url.port}" if url.port else url.host
    except RuntimeError:  # httpx2 does not always say which request it was
        place = "the service"
    return ProviderError(
        f"no connection to {place}", cause=Cause.UNREACHABLE, raw_reason=str(error)
    )


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a Retry-After header asks for: a number, or a date (RFC 9110, 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        until = email.utils.parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError):
        return None
    return max(0.0, until - time.time())
