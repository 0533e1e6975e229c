"""Gets pictures that an answer names by URL, without letting the answer send us anywhere."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable

import httpx2

from arenas.providers._pictures import BadPicture

Fetch = Callable[[str], Awaitable[bytes]]


def fetch_from(service: httpx2.URL, http: httpx2.AsyncClient) -> Fetch:
    """Gets pictures from the service itself, and nothing from anywhere else."""

    async def fetch(address: str) -> bytes:
        url = join(service, address)
        if (url.scheme, url.host, url.port) != (service.scheme, service.host, service.port):
            raise BadPicture(
                f"The picture lies at {url.host}, not at the service, and was not fetched."
            )
        return await get(http, url)

    return fetch


def fetch_public(http: httpx2.AsyncClient) -> Fetch:
    """Gets pictures from the public net, as services that store them elsewhere need it.

    The certificate that https demands keeps a name from pointing to a machine of ours later.
    """

    async def fetch(address: str) -> bytes:
        url = join(httpx2.URL(), address)
        if url.scheme != "https" or not await is_public(url.host):
            raise BadPicture(f"The picture lies at {url.host}, which is no public address.")
        return await get(http, url)

    return fetch


def join(service: httpx2.URL, address: str) -> httpx2.URL:
    try:
        return service.join(address)
    except httpx2.InvalidURL:
        raise BadPicture("The picture's URL is none.") from None


async def is_public(host: str) -> bool:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return all(ipaddress.ip_address(entry[4][0]).is_global for entry in found)


async def get(http: httpx2.AsyncClient, url: httpx2.URL) -> bytes:
    response = await http.get(url, follow_redirects=False)
    if response.status_code != 200 or not response.content:
        raise BadPicture(f"The picture's URL gave no picture (status {response.status_code}).")
    return response.content
