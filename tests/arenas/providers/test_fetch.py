"""Where pictures that come by URL may lie."""

import asyncio

import pytest

from arenas.providers._fetch import fetch_public
from arenas.providers._http import make_client
from arenas.providers._pictures import BadPicture


def fetch(address):
    async def run():
        async with make_client() as http:
            return await fetch_public(http)(address)

    return asyncio.run(run())


@pytest.mark.parametrize(
    "address",
    [
        "http://192.0.32.7/kite.png",
        "https://localhost/kite.png",
        "https://127.0.0.1/kite.png",
        "https://10.0.0.1/kite.png",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/kite.png",
        "https://[::ffff:127.0.0.1]/kite.png",
        "file:///etc/passwd",
        "/kite.png",
        "https://[",
    ],
)
def test_only_public_addresses_are_asked_for_a_picture(address):
    with pytest.raises(BadPicture, match="picture"):
        fetch(address)
