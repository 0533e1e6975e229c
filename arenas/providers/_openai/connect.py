"""The connection to OpenAI, or to a server that speaks its protocol."""

import asyncio
import ipaddress
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import httpx2
import openai

from arenas.providers._closing import close_with_loop
from arenas.providers._http import make_client
from arenas.providers._secrets import read_setting
from arenas.providers.base import Cause, ProviderError

OFFICIAL = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True)
class Connection:
    sdk: openai.AsyncOpenAI
    http: httpx2.AsyncClient
    base_url: httpx2.URL


_connections: WeakKeyDictionary[asyncio.AbstractEventLoop, Connection] = WeakKeyDictionary()


async def connect() -> Connection:
    """The running event loop's connection, made when it is first asked for."""
    loop = asyncio.get_running_loop()
    if loop not in _connections:
        _connections[loop] = make_connection()

        async def close() -> None:
            await _connections.pop(loop).http.aclose()

        await close_with_loop(close)
    return _connections[loop]


def find_lack() -> str:
    """What keeps the service from being called, as a sentence, or nothing."""
    try:
        read_key(read_base_url())
    except ProviderError as error:
        return str(error)
    return ""


def read_key(base_url: httpx2.URL) -> str:
    """The key, which a server on this machine does not need. Raises ProviderError."""
    key = read_setting("OPENAI_API_KEY")
    if not key and not is_loopback(base_url.host):
        raise ProviderError("OPENAI_API_KEY is not set.", cause=Cause.KEY)
    return key


def make_connection() -> Connection:
    """A connection by the environment's key and base URL, which never tries a call again."""
    base_url = read_base_url()
    key = read_key(base_url)
    http = make_client()
    sdk = openai.AsyncOpenAI(
        api_key=key or "none",  # a local server needs no key, but the SDK wants one
        base_url=str(base_url),
        max_retries=0,
        timeout=None,
        http_client=http,
    )
    return Connection(sdk, http, base_url)


def read_base_url() -> httpx2.URL:
    try:
        return httpx2.URL(read_setting("OPENAI_BASE_URL") or OFFICIAL)
    except httpx2.InvalidURL as error:
        raise ProviderError(f"OPENAI_BASE_URL is not a URL: {error}.", cause=Cause.KEY) from None


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
