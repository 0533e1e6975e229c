import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import PngImagePlugin

from arenas.images.decode import SURROUND, decode_pixels
from arenas.images.models import Rendition, RenditionProfile
from arenas.images.render import (
    QUALITIES,
    TooSmallProfile,
    fill_frame,
    find_encodings,
    place_on_canvas,
    render,
    render_bytes,
)
from arenas.images.store import read_bytes, store_image
from tests.factories import encode, png

PROFILE = RenditionProfile(width=256, height=256, size=16 * 1024)


def noise(seed: int, size: int = 256) -> Pillow.Image:
    pixels = np.random.default_rng(seed).integers(0, 2, (size, size, 3), dtype=np.uint8)
    return Pillow.fromarray(pixels * 255)


def gradient() -> Pillow.Image:
    return Pillow.merge("RGB", [Pillow.linear_gradient("L")] * 3)


def webp_chunks(data: bytes) -> list[bytes]:
    names, at = [], 12
    while at < len(data):
        names.append(data[at : at + 4])
        size = struct.unpack("<I", data[at + 4 : at + 8])[0]
        at += 8 + size + size % 2
    return names


def laden_png() -> bytes:
    """A picture with every kind of metadata that PNG files are known to carry."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Software", "planted by ant")
    info.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta>planted by ant</x:xmpmeta>")
    info.add(b"caBX", b"jumb planted by ant")
    exif = Pillow.Exif()
    exif[0x0131] = "planted by ant"
    return encode(gradient(), "PNG", pnginfo=info, exif=exif) + b"planted by ant"


PICTURES = {
    "one colour": png("red", (256, 256)),
    "one pixel": png("red", (1, 1)),
    "gradient": encode(gradient(), "PNG"),
    "noise": encode(noise(1), "PNG"),
    "large noise": encode(noise(2, 700), "PNG"),
    "a line": encode(noise(3).resize((2000, 1)), "PNG"),
    "transparent": encode(Pillow.new("RGBA", (90, 40)), "PNG"),
    "photograph's format": encode(noise(4), "JPEG"),
}


@pytest.mark.parametrize("data", PICTURES.values(), ids=PICTURES)
def test_every_picture_has_the_same_length_and_canvas(data):
    served = render_bytes(data, PROFILE)
    assert len(served) == PROFILE.size
    assert Pillow.open(io.BytesIO(served)).size == (256, 256)


def test_even_noise_fits_the_smallest_file_that_an_arena_may_ask_for():
    profile = RenditionProfile(width=1024, height=1024, size=8 * 1024)
    assert len(render_bytes(encode(noise(5, 1024), "PNG"), profile)) == profile.size


def test_a_length_that_holds_no_picture_is_an_error():
    profile = RenditionProfile(width=1024, height=1024, size=512)
    with pytest.raises(TooSmallProfile, match="512 bytes are too few"):
        render_bytes(PICTURES["gradient"], profile)


def test_a_small_picture_is_centred_and_not_enlarged():
    served = Pillow.open(io.BytesIO(render_bytes(png("red", (64, 32)), PROFILE)))
    inside = np.abs(np.asarray(served, int) - (255, 0, 0)).max(axis=2) < 60
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    assert (rows[0], rows[-1]) == pytest.approx((112, 143), abs=1)
    assert (columns[0], columns[-1]) == pytest.approx((96, 159), abs=1)
    assert served.getpixel((5, 5)) == pytest.approx(SURROUND, abs=4)


def test_a_large_picture_is_shrunk_in_proportion():
    served = Pillow.open(io.BytesIO(render_bytes(png("red", (1024, 512)), PROFILE)))
    assert served.getpixel((128, 128)) == pytest.approx((255, 0, 0), abs=6)
    assert served.getpixel((128, 40)) == pytest.approx(SURROUND, abs=6)


def test_served_bytes_hold_coded_pixels_alone():
    served = render_bytes(laden_png(), PROFILE)
    assert webp_chunks(served) == [b"VP8 "]
    assert b"planted" not in served


def test_the_bytes_outside_the_coded_picture_are_the_same_for_all():
    heads = {render_bytes(data, PROFILE)[:30] for data in PICTURES.values()}
    assert len(heads) == 1


@pytest.mark.parametrize("data", PICTURES.values(), ids=PICTURES)
def test_what_fills_a_file_changes_no_pixel(data):
    canvas = place_on_canvas(decode_pixels(data), 256, 256)
    plain = encode(next(find_encodings(canvas))[0], "WEBP", quality=QUALITIES[0], method=2)
    filled = fill_frame(plain[20:], 10_000, 200_000, seed=b"ant")
    assert filled
    served = b"RIFF" + struct.pack("<I", 200_012) + plain[8:16] + struct.pack("<I", 200_000)
    assert (
        Pillow.open(io.BytesIO(served + filled)).tobytes()
        == Pillow.open(io.BytesIO(plain)).tobytes()
    )


@pytest.mark.parametrize("mark", [b"EXIF", b"XMP ", b"ICCP", b"caBX", b"tEXt", b"iTXt", b"jumb"])
def test_no_metadata_chunk_is_served(mark):
    assert mark not in render_bytes(laden_png(), PROFILE)


def test_the_end_of_the_data_cannot_be_told_from_what_follows():
    served = render_bytes(png(), PROFILE)
    for start in range(30, len(served), 1024):
        piece = served[start : start + 1024]
        assert len(zlib.compress(piece, 9)) > len(piece) * 0.95


def test_another_decoder_reads_the_same_pixels():
    served = render_bytes(PICTURES["gradient"], PROFILE)
    ours = np.asarray(Pillow.open(io.BytesIO(served)).convert("RGB"), int)
    decoded = np.asarray(cv2.imdecode(np.frombuffer(served, np.uint8), cv2.IMREAD_COLOR), int)
    assert np.abs(ours - decoded[..., ::-1]).max() <= 1


def test_the_same_picture_gives_the_same_bytes():
    assert render_bytes(PICTURES["noise"], PROFILE) == render_bytes(PICTURES["noise"], PROFILE)


def test_a_rendition_is_made_once_and_stored_under_the_hash_of_its_bytes(db):
    PROFILE.save()
    image = store_image(png("teal"))
    first, second = render(image, PROFILE), render(image, PROFILE)
    assert first == second
    assert Rendition.objects.count() == 1
    assert read_bytes(first.path) == render_bytes(png("teal"), PROFILE)
    assert first.sha256 in first.path
