"""What the tests read off a page's HTML."""

import re

from django.http import HttpResponseBase
from django.test import Client

VOTE = "/arenas/small/vote/"


def text(response: HttpResponseBase) -> str:
    """The whole body, streamed or not."""
    return body(response).decode()


def body(response: HttpResponseBase) -> bytes:
    """The whole body's bytes."""
    return b"".join(response)


def read_token(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found, "the page shows no ballot"
    return found[1]


def read_pictures(page: str) -> list[str]:
    """The addresses of the ballot's candidates, left to right."""
    return re.findall(r'<img class="candidate" src="([^"]+)"', page)


def read_ahead(page: str) -> list[str]:
    """The addresses of the pictures of the next ballot."""
    return re.findall(r'<li data-src="([^"]+)"', page)


def read_buttons(page: str) -> list[str]:
    """The values of the submit buttons called `winner`."""
    return re.findall(r'<button[^>]* name="winner" value="([^"]+)"', page)


def open_ballot(client: Client) -> str:
    """The token of the ballot that the vote page shows."""
    return read_token(text(client.get(VOTE)))


def post(client: Client, token: str, winner: str = "model_a", **more: str) -> HttpResponseBase:
    return client.post(VOTE, {"token": token, "winner": winner, **more})
