import io

import numpy as np
import pytest
from PIL import Image as Pillow

from arenas.blindness.read_vp8 import read_chunks, read_settings
from arenas.images.models import RenditionProfile
from arenas.images.render import render_bytes
from tests import factories


def webp(picture: Pillow.Image, **save: int) -> bytes:
    return factories.encode(picture, "WEBP", **save)


def noise() -> Pillow.Image:
    pixels = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    return Pillow.fromarray(pixels)


def test_chunks_are_listed_with_their_sizes() -> None:
    data = render_bytes(factories.png(), RenditionProfile(width=64, height=64, size=8192))
    assert read_chunks(data) == [("VP8 ", 8172)]


@pytest.mark.parametrize(("quality", "quantiser"), [(100, 0), (0, 127)])
def test_the_quantiser_is_read(quality: int, quantiser: int) -> None:
    settings = read_settings(webp(noise(), quality=quality))
    assert settings["quantiser"] == quantiser
    assert settings["partitions"] == 0


def test_a_coarser_picture_has_a_larger_quantiser() -> None:
    fine, coarse = (read_settings(webp(noise(), quality=q))["quantiser"] for q in (90, 30))
    assert fine < coarse


def test_a_file_without_lossy_data_has_no_settings() -> None:
    buffer = io.BytesIO()
    noise().save(buffer, "WEBP", lossless=True)
    assert read_settings(buffer.getvalue()) == {}
