import io
import struct
import zlib

import pytest
from PIL import Image as Pillow
from PIL import ImageCms

from arenas.images.decode import SURROUND, BadImage, decode_pixels, read_header
from tests.factories import encode, huge_png, png


def gamma_profile(gamma: float) -> bytes:
    """sRGB's primaries with another tone curve, so that a conversion shows in the numbers."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))
    data, tags = bytearray(profile), struct.unpack(">I", profile[128:132])[0]
    for at in range(132, 132 + 12 * tags, 12):
        if profile[at : at + 4] in (b"rTRC", b"gTRC", b"bTRC"):
            start = struct.unpack(">I", profile[at + 4 : at + 8])[0]
            data[start : start + len(curve)] = curve
    return bytes(data)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_the_three_formats_of_the_web_are_read(form):
    mime, width, height = read_header(encode(Pillow.new("RGB", (20, 10)), form))
    assert (mime, width, height) == (f"image/{form.lower()}", 20, 10)


def test_a_cameras_jpeg_with_a_preview_is_a_jpeg():
    picture = Pillow.new("RGB", (20, 10))
    data = encode(picture, "MPO", save_all=True, append_images=[picture])
    assert read_header(data)[0] == "image/jpeg"


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        encode(Pillow.new("P", (8, 8)), "GIF"),
        encode(Pillow.new("RGB", (8, 8)), "TIFF"),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n",
        b"no picture at all",
    ],
    ids=["svg", "gif", "tiff", "eps", "text"],
)
def test_other_formats_are_refused(data):
    with pytest.raises(BadImage, match="not a PNG, JPEG or WebP image"):
        decode_pixels(data)


def test_an_empty_file_is_refused():
    with pytest.raises(BadImage, match="empty"):
        decode_pixels(b"")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_truncated_picture_is_refused(form):
    data = encode(Pillow.effect_noise((64, 64), 80).convert("RGB"), form)
    with pytest.raises(BadImage):
        decode_pixels(data[: len(data) * 2 // 3])


def test_a_picture_with_a_broken_checksum_is_refused():
    data = bytearray(png())
    data[data.index(b"IDAT") + 6] ^= 1
    with pytest.raises(BadImage, match="damaged"):
        decode_pixels(bytes(data))


def test_a_200_megapixel_picture_is_refused_by_its_header():
    assert len(huge_png()) < 50_000
    with pytest.raises(BadImage, match="megapixels"):
        decode_pixels(huge_png())


def test_a_picture_above_our_limit_and_below_pillows_is_refused():
    with pytest.raises(BadImage, match=r"36 megapixels \(6000×6000\); 25 are allowed"):
        decode_pixels(encode(Pillow.new("1", (6000, 6000)), "PNG"))


def test_a_header_that_promises_more_pixels_than_follow_is_refused():
    head = struct.pack(">IIBBBBB", 4000, 4000, 8, 2, 0, 0, 0)
    chunks = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(64))), (b"IEND", b""))
    )
    with pytest.raises(BadImage, match="damaged"):
        decode_pixels(b"\x89PNG\r\n\x1a\n" + chunks)


def test_a_file_of_more_bytes_than_allowed_is_refused(monkeypatch):
    monkeypatch.setattr("arenas.images.decode.MAX_BYTES", 50)
    with pytest.raises(BadImage, match="50 are allowed"):
        decode_pixels(png())


def test_what_is_glued_behind_a_picture_is_not_decoded():
    tail = b"PK\x03\x04<script>alert(1)</script>"
    assert decode_pixels(png("red") + tail).getpixel((0, 0)) == (255, 0, 0)


def test_cmyk_becomes_rgb():
    data = encode(Pillow.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", quality=95)
    assert decode_pixels(data).getpixel((4, 4)) == pytest.approx((254, 0, 0), abs=4)


def test_16_bit_grey_keeps_its_tone():
    picture = Pillow.new("I;16", (8, 8), 40_000)
    assert decode_pixels(encode(picture, "PNG")).getpixel((0, 0)) == (156, 156, 156)


def test_16_bit_grey_with_a_transparent_grey_keeps_its_tone():
    picture = Pillow.new("I;16", (8, 8), 40_000)
    data = encode(picture, "PNG", transparency=10)
    assert decode_pixels(data).getpixel((0, 0)) == (156, 156, 156)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_shows_the_neutral_grey(mode):
    data = encode(Pillow.new(mode, (8, 8)), "PNG")
    assert decode_pixels(data).getpixel((0, 0)) == SURROUND


def test_a_transparent_palette_colour_shows_the_neutral_grey():
    picture = Pillow.new("P", (8, 8), 0)
    picture.putpalette([255, 0, 0])
    assert decode_pixels(encode(picture, "PNG", transparency=0)).getpixel((0, 0)) == SURROUND


def test_exif_orientation_turns_the_picture_upright():
    picture = Pillow.new("RGB", (30, 10), "blue")
    picture.paste("red", (0, 0, 10, 10))
    exif = Pillow.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    upright = decode_pixels(encode(picture, "PNG", exif=exif))
    assert upright.size == (10, 30)
    assert (upright.getpixel((5, 5)), upright.getpixel((5, 25))) == ((255, 0, 0), (0, 0, 255))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_colours_are_converted_from_the_pictures_own_profile(mode):
    grey = Pillow.new("RGB", (8, 8), (128, 128, 128))
    picture = grey.quantize() if mode == "P" else grey.convert(mode)
    plain = decode_pixels(encode(picture, "PNG")).getpixel((0, 0))
    linear = decode_pixels(encode(picture, "PNG", icc_profile=gamma_profile(1.0)))
    assert plain == (128, 128, 128)
    assert linear.getpixel((0, 0)) == pytest.approx((188, 188, 188), abs=2)


def test_transparency_outlives_the_conversion_of_colours():
    picture = Pillow.new("RGBA", (8, 8), (255, 0, 0, 0))
    data = encode(picture, "PNG", icc_profile=gamma_profile(1.0))
    assert decode_pixels(data).getpixel((0, 0)) == SURROUND


@pytest.mark.parametrize("profile", [b"no profile", gamma_profile(2.2)[:200]])
def test_a_broken_profile_leaves_the_colours_as_they_are(profile):
    data = encode(Pillow.new("RGB", (8, 8), "red"), "PNG", icc_profile=profile)
    assert decode_pixels(data).getpixel((0, 0)) == (255, 0, 0)


def test_decoded_pixels_carry_nothing_along():
    exif = Pillow.Exif()
    exif[0x010E] = "made by ant"
    data = encode(Pillow.new("RGB", (8, 8)), "JPEG", exif=exif, comment=b"ant")
    assert Pillow.open(io.BytesIO(data)).info
    assert not decode_pixels(data).info
