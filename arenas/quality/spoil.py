"""Pictures that stand in for a candidate's own: one in ruins, and one like it but for its bytes."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from arenas.images.decode import decode_pixels
from arenas.images.models import Image, RenditionProfile
from arenas.images.store import read_bytes, store_image

Pixels = NDArray[np.uint8]  # (height, width, 3)
BLOCKS = 6  # a side: large enough to be seen at a glance, on a phone too
NOISY = 0.4  # the share of blocks that become noise


def spoil_image(image: Image, profile: RenditionProfile, rng: np.random.Generator) -> Image:
    """The picture with its blocks thrown about and many of them noise: nobody finds it better."""
    return store_pixels(scramble(read_pixels(image, profile), rng))


def copy_image(image: Image, profile: RenditionProfile, rng: np.random.Generator) -> Image:
    """The picture with colours moved by one step of 255 at most: nobody sees the difference."""
    pixels = read_pixels(image, profile)
    step = rng.integers(0, 2, pixels.shape, dtype=np.uint8)
    return store_pixels(np.where(pixels > 0, pixels - step, pixels))


def read_pixels(image: Image, profile: RenditionProfile) -> Pixels:
    """The picture as large as the profile shows it."""
    picture = decode_pixels(read_bytes(image.path))
    picture.thumbnail((profile.width, profile.height), Pillow.Resampling.LANCZOS)
    return np.asarray(picture)


def scramble(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Blocks in another order, of which some are noise; what is left over at the edges stays."""
    spoilt = pixels.copy()
    height, width = max(1, pixels.shape[0] // BLOCKS), max(1, pixels.shape[1] // BLOCKS)
    corners = [
        (top, left)
        for top in range(0, pixels.shape[0] - height + 1, height)
        for left in range(0, pixels.shape[1] - width + 1, width)
    ]
    for (top, left), source in zip(corners, rng.permutation(len(corners)), strict=True):
        above, beside = corners[source]
        block = pixels[above : above + height, beside : beside + width]
        if rng.random() < NOISY:
            block = rng.integers(0, 256, block.shape, dtype=np.uint8)
        spoilt[top : top + height, left : left + width] = block
    return spoilt


def store_pixels(pixels: Pixels) -> Image:
    buffer = io.BytesIO()
    Pillow.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return store_image(buffer.getvalue())
