"""One client of the SDK for each surface, and what its calls raise.

The two surfaces are the Developer API (a key) and the enterprise platform (a project and
Google's default credentials). Every choice is passed explicitly: the SDK reads a dozen
variables of the environment that would send calls, or keys, elsewhere.
"""

import asyncio
import os
import warnings
from collections.abc import Awaitable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

import google.auth.credentials
import google.oauth2.credentials
import httpx2
from google import genai
from google.genai import types
from google.genai.client import DebugConfig

from arenas.providers._closing import close_with_loop
from arenas.providers._gemini.errors import BadAnswer, explain_error
from arenas.providers._http import make_client
from arenas.providers._secrets import read_setting
from arenas.providers.base import Cause, ProviderError

SDK = f"google-genai {genai.__version__}"
_DEVELOPER_URL = "https://generativelanguage.googleapis.com"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Surface:
    """Where calls go, and who pays for them."""

    enterprise: bool
    base_url: str
    project: str = ""
    location: str = ""
    key: str = field(default="", repr=False)


# A connection belongs to the loop that opened it, so each loop has clients of its own.
_CLIENTS: dict[tuple[asyncio.AbstractEventLoop, Surface], genai.Client] = {}


async def connect(*, enterprise: bool, base_url: str = "GEMINI_BASE_URL") -> genai.Client:
    """The running loop's client of a surface; `base_url` names the setting of its address."""
    place = (
        asyncio.get_running_loop(),
        read_surface(enterprise=enterprise, base_url=base_url),
    )
    if place not in _CLIENTS:
        http = make_client()
        _CLIENTS[place] = _make_sdk_client(place[1], http)
        await close_with_loop(partial(_close, place, http))
    hush_warnings()  # one of them comes when a call is made, before it is awaited
    return _CLIENTS[place]


async def _close(
    place: tuple[asyncio.AbstractEventLoop, Surface], http: httpx2.AsyncClient
) -> None:
    """The SDK leaves a client that it was given to its giver."""
    del _CLIENTS[place]
    await http.aclose()


def read_surface(*, enterprise: bool, base_url: str) -> Surface:
    if not enterprise:
        return Surface(False, read_setting(base_url) or _DEVELOPER_URL, key=_read_key())
    project = read_account(enterprise=True).removeprefix("project:")
    if not project:
        raise ProviderError("GOOGLE_CLOUD_PROJECT is not set", cause=Cause.KEY)
    location = read_setting("GOOGLE_CLOUD_LOCATION") or "global"
    address = read_setting(base_url) or _find_enterprise_url(location)
    return Surface(True, address, project=project, location=location)


def find_lack(*, enterprise: bool, base_url: str) -> str:
    """What keeps a surface from being called, as a sentence, or nothing."""
    try:
        read_surface(enterprise=enterprise, base_url=base_url)
    except ProviderError as error:
        return str(error)
    return ""


def read_account(*, enterprise: bool) -> str:
    return f"project:{read_setting('GOOGLE_CLOUD_PROJECT')}" if enterprise else "developer"


def _read_key() -> str:
    key = read_setting("GEMINI_API_KEY") or read_setting("GOOGLE_API_KEY")
    if not key:
        reason = "GEMINI_API_KEY is not set (GOOGLE_API_KEY and GEMINI_API_KEY_FILE would do, too)"
        raise ProviderError(reason, cause=Cause.KEY)
    return key


def _find_enterprise_url(location: str) -> str:
    if location == "global":
        return "https://aiplatform.googleapis.com"
    if location in ("us", "eu"):
        return f"https://aiplatform.{location}.rep.googleapis.com"
    return f"https://{location}-aiplatform.googleapis.com"


def _make_sdk_client(surface: Surface, http: httpx2.AsyncClient) -> genai.Client:
    options = types.HttpOptions(
        base_url=surface.base_url,
        api_version="v1beta1" if surface.enterprise else "v1",
        httpx_async_client=http,
        retry_options=types.HttpRetryOptions(attempts=1),
    )
    return genai.Client(
        enterprise=surface.enterprise,
        api_key=surface.key or None,
        project=surface.project or None,
        location=surface.location or None,
        credentials=_find_credentials(surface),
        http_options=options,
        debug_config=DebugConfig(client_mode=None),
    )


def _find_credentials(surface: Surface) -> google.auth.credentials.Credentials | None:
    """None lets the SDK look for Google's default credentials, which a stand-in needs not."""
    local = urlsplit(surface.base_url).hostname in _LOOPBACK
    if not (surface.enterprise and local) or os.environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
        return None
    return google.oauth2.credentials.Credentials(token="anonymous")  # type: ignore[no-untyped-call]


async def call(answer: Awaitable[Result]) -> Result:
    """Await a call of the SDK. Raises ProviderError, or BadAnswer for an answer out of form.

    What the SDK raised is not chained: its text may quote the key or a whole picture.
    """
    hush_warnings()
    try:
        return await answer
    except Exception as error:
        failure: ProviderError | BadAnswer = explain_error(error)
    raise failure


def hush_warnings() -> None:
    """Keep the SDK's warnings in: of words it does not know, and of a call it will drop.

    Set anew before each call, because whoever catches warnings resets what was set before.
    """
    warnings.filterwarnings("ignore", category=UserWarning, module=r"google\.genai\.")
    warnings.filterwarnings("ignore", message="The generate_images method is deprecated")
