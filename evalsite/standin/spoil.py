"""Pictures and answers spoilt on purpose."""

import io
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from struct import pack

import numpy as np
from PIL import Image

from evalsite.standin.pictures import Picture
from evalsite.standin.planting import PNG, make_chunk
from evalsite.standin.wire import Answer

BOMB_SIDE = 30_000
HUGE_SIDE = 3_000


def save_as(picture: Picture, kind: str) -> bytes:
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(picture.data)) as image:
        image.convert("RGB").save(buffer, kind)
    return buffer.getvalue()


@lru_cache(maxsize=1)
def make_bomb() -> bytes:
    """A black PNG of 900 megapixels in some 100 kB."""
    packer = zlib.compressobj(9)
    row = bytes(1 + BOMB_SIDE // 8)
    packed = b"".join(packer.compress(row * 1000) for _ in range(BOMB_SIDE // 1000))
    header = make_chunk(b"IHDR", pack(">IIBBBBB", BOMB_SIDE, BOMB_SIDE, 1, 0, 0, 0, 0))
    pixels = make_chunk(b"IDAT", packed + packer.flush())
    return PNG + header + pixels + make_chunk(b"IEND", b"")


@lru_cache(maxsize=1)
def make_huge() -> bytes:
    """A PNG of 27 MB: noise, which does not compress."""
    noise = np.random.default_rng(0).integers(0, 256, (HUGE_SIDE, HUGE_SIDE, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG", compress_level=0)
    return buffer.getvalue()


def cut_pixels(data: bytes) -> bytes:
    """The file up to the middle of its pixels."""
    start = max(data.find(b"IDAT"), 0)
    return data[: (start + len(data)) // 2]


PICTURES: dict[str, Callable[[Picture], Picture]] = {
    "wrong_mime": lambda picture: Picture(save_as(picture, "GIF")),
    "mislabelled": lambda picture: Picture(save_as(picture, "JPEG")),
    "text_mime": lambda picture: replace(picture, mime="text/html"),
    "no_mime": lambda picture: replace(picture, mime=""),
    "zero_bytes": lambda _: Picture(b""),
    "corrupt_png": lambda picture: Picture(cut_pixels(picture.data)),
    "bomb": lambda _: Picture(make_bomb()),
    "huge_png": lambda _: Picture(make_huge()),
}

ANSWERS: dict[str, Callable[[Answer], Answer]] = {
    "cut_json": lambda answer: replace(answer, body=answer.body[: len(answer.body) // 2]),
    "html_200": lambda _: Answer(b"<html><body>Welcome</body></html>", mime="text/html"),
    "empty_body": lambda _: Answer(),
    "empty_object": lambda _: Answer(b"{}"),
}


def spoil_picture(picture: Picture, fault: str) -> Picture:
    return PICTURES[fault](picture) if fault in PICTURES else picture


def spoil_answer(answer: Answer, fault: str) -> Answer:
    if fault not in ANSWERS:
        return answer
    return replace(ANSWERS[fault](answer), pictures=0)


def encode_picture(picture: Picture, fault: str) -> str:
    """The picture in base64, or what is not base64 in its place."""
    return "%%% not base64 %%%" if fault == "bad_base64" else picture.encode()
