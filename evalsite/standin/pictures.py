"""Deterministic pictures that cost nearly nothing.

A few dozen drawings of sixteen colour numbers are compressed once for each size; what makes
each picture its own is the palette, sixteen colours that follow from what was asked.
"""

import base64
import hashlib
import io
import math
import random
import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from evalsite.standin.planting import PNG, make_chunk, make_chunks, make_profile_chunk, save_planted

DRAWINGS = 48
COLOURS = 16
# In base64, three bytes are four letters. The last chunk has twelve bytes, and fillers make the
# rest a multiple of three, so that there is a seam between the groups of letters.
END = 16
PADDING = "~padding~"
SCALES = {"512": 0.5, "1K": 1.0, "2K": 2.0, "4K": 4.0}


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture and what the service says it is; no `mime` where it says nothing.

    A padded one gets a large chunk before its last, as it is sent: one copy serves all answers.
    """

    data: bytes
    mime: str = "image/png"
    padded: bool = False

    def encode(self) -> str:
        """The picture in base64, with a mark where the padding goes."""
        text = base64.b64encode(self.data).decode()
        return f"{text[:-END]}{PADDING}{text[-END:]}" if self.padded else text


@dataclass(frozen=True, slots=True)
class Studio:
    """Draws pictures around one size, padded on demand."""

    size: tuple[int, int] = (256, 256)
    pads: bool = False

    def fit(self, ratio: str, scale: str = "1K") -> tuple[int, int]:
        """Width and height of the ratio, with the area of the studio's size, scaled."""
        wide, high = (float(side) for side in ratio.split(":"))
        area = self.size[0] * self.size[1] * SCALES[scale] ** 2
        width = math.sqrt(area * wide / high)
        return max(1, round(width)), max(1, round(area / width))

    def shrink(self, width: int, height: int) -> tuple[int, int]:
        """A size stated in pixels, in proportion to the studio's for 1024 pixels."""
        return max(1, width * self.size[0] // 1024), max(1, height * self.size[1] // 1024)

    def draw(self, asked: str, model: str, size: tuple[int, int], kind: str = "png") -> Picture:
        """The picture that follows from what was asked, as `png`, `jpeg` or `webp`."""
        digest = hashlib.sha256(f"{model}\n{asked}".encode()).digest()
        data = assemble(digest, model, size)
        if kind == "png":
            return Picture(data, padded=self.pads)
        with Image.open(io.BytesIO(data)) as image:
            plain = Image.frombytes("RGB", image.size, image.convert("RGB").tobytes())
        return Picture(save_planted(plain, kind, model), f"image/{kind}")


def find_kind(prompt: str) -> str:
    """The format that a prompt asks for."""
    return next((kind for kind in ("jpeg", "webp") if f"[{kind}]" in prompt), "png")


def assemble(digest: bytes, model: str, size: tuple[int, int]) -> bytes:
    """A PNG from a cached drawing and a palette of its own."""
    header = make_chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 3, 0, 0, 0))
    palette = make_chunk(b"PLTE", random.Random(digest).randbytes(COLOURS * 3))
    pixels = draw_pixels(digest[0] % DRAWINGS, size)
    pieces = (PNG, header, make_profile_chunk(model), palette, make_chunks(model), pixels)
    filler = make_filler(-sum(map(len, pieces)) % 3)
    return b"".join((*pieces, filler, make_chunk(b"IEND", b"")))


def make_filler(size: int) -> bytes:
    """A private chunk that decoders pass over."""
    return make_chunk(b"fiLl", bytes(size))


def make_padding(size: int) -> bytes:
    """A filler in base64, of about this size: whole groups, so that it fits between others."""
    return base64.b64encode(make_filler(size * 3 // 12 * 3))


@lru_cache(maxsize=512)
def draw_pixels(number: int, size: tuple[int, int]) -> bytes:
    """Some round and square things in numbered colours, compressed."""
    chance = random.Random(number)
    image = Image.new("P", size)
    pen = ImageDraw.Draw(image)
    width, height = size
    for colour in range(COLOURS):
        x, y = chance.uniform(-0.2, 0.9) * width, chance.uniform(-0.2, 0.9) * height
        extent = chance.uniform(0.1, 0.6) * min(size)
        shape = pen.ellipse if chance.random() < 0.5 else pen.rectangle
        shape((x, y, x + extent, y + extent), fill=colour)
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with its filter, none
    rows[:, 1:] = np.asarray(image)
    return make_chunk(b"IDAT", zlib.compress(rows.tobytes(), 6))
