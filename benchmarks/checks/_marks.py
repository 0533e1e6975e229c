"""Photographs with and without a planted watermark in one corner."""

from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from skimage import data

LINES = ("© Jane Miller", "stockphotos.com", "AI generated", "SAMPLE", "preview 2026")


def load_photograph(name: str) -> Image.Image:
    return Image.fromarray(getattr(data, name)()).convert("RGB")


def cut_pictures(
    photograph: Image.Image, count: int, rng: np.random.Generator
) -> Iterator[Image.Image]:
    """Parts of a photograph, of 60 to 100 % of its sides, enlarged to 640 to 1024 pixels."""
    for _ in range(count):
        share = rng.uniform(0.6, 1)
        width, height = (round(side * share) for side in photograph.size)
        left = int(rng.integers(photograph.width - width + 1))
        top = int(rng.integers(photograph.height - height + 1))
        part = photograph.crop((left, top, left + width, top + height))
        scale = rng.uniform(640, 1024) / max(part.size)
        size = (round(part.width * scale), round(part.height * scale))
        yield part.resize(size, Image.Resampling.LANCZOS)


def plant_mark(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A line of text or a logo in a corner, at least half opaque, light or dark."""
    long = max(picture.size)
    layer = Image.new("L", picture.size)
    draw = ImageDraw.Draw(layer)
    height = round(long * rng.uniform(0.02, 0.04))
    if rng.random() < 0.5:
        font = ImageFont.load_default(height)
        line = str(rng.choice(LINES))
        box = draw.textbbox((0, 0), line, font)
        size = (round(box[2]), round(box[3]))
        left, top = _choose_place(picture.size, size, rng)
        draw.text((left, top), line, 255, font)
    else:
        size = (3 * height, 2 * height)
        left, top = _choose_place(picture.size, size, rng)
        for ring in range(3):
            middle = (left + height * (0.5 + ring), top + height)
            draw.circle(middle, height * 0.5, outline=255, width=max(2, height // 8))
            draw.regular_polygon((middle, height * 0.3), 3 + ring, outline=255)
    beneath = np.asarray(picture.convert("L"), float)[np.asarray(layer) > 0].mean()
    ink = 255 if beneath < 140 else 0
    alpha = np.asarray(layer, float)[..., None] / 255 * rng.uniform(0.5, 1)
    mixed = np.asarray(picture, float) * (1 - alpha) + ink * alpha
    return Image.fromarray(mixed.astype(np.uint8))


def _choose_place(
    room: tuple[int, int], size: tuple[int, int], rng: np.random.Generator
) -> tuple[int, int]:
    gap = round(max(room) * rng.uniform(0.01, 0.04))
    return (
        gap if rng.random() < 0.5 else max(0, room[0] - size[0] - gap),
        gap if rng.random() < 0.5 else max(0, room[1] - size[1] - gap),
    )
