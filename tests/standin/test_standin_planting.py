"""What must not reach raters is in every picture; the site's renditions are free of it."""

import io

import pytest
from PIL import Image, ImageCms

from arenas.images.decode import decode_pixels
from evalsite.standin.pictures import Studio
from evalsite.standin.planting import MARKER

MODEL = "gemini-2.5-flash-image"
PLACES = {
    "png": [b"iCCP", b"eXIf", b"tEXt", b"iTXt", b"XML:com.adobe.xmp", b"caBX"],
    "jpeg": [b"Exif\0", b"http://ns.adobe.com/xap/1.0/", b"ICC_PROFILE", b"\xff\xfe", b"\xff\xeb"],
    "webp": [b"EXIF", b"XMP ", b"ICCP"],
}
COUNTS = {"png": 9, "jpeg": 8, "webp": 6}


def draw(kind: str) -> bytes:
    return Studio().draw("A kite.", MODEL, (64, 48), kind).data


@pytest.mark.parametrize("kind", PLACES)
def test_a_picture_is_what_it_says(kind):
    with Image.open(io.BytesIO(draw(kind))) as image:
        image.load()
        assert (image.format, image.size) == (kind.upper(), (64, 48))


@pytest.mark.parametrize("kind", PLACES)
def test_the_model_is_named_in_every_place(kind):
    data = draw(kind)
    assert [place for place in PLACES[kind] if place not in data] == []
    assert data.count(f"{MARKER} made by {MODEL}".encode()) == COUNTS[kind]


@pytest.mark.parametrize("kind", PLACES)
def test_the_colour_profile_is_a_real_one(kind):
    with Image.open(io.BytesIO(draw(kind))) as image:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    assert MARKER in str(profile.profile.copyright)
    assert ImageCms.profileToProfile(
        Image.new("RGB", (1, 1)), profile, ImageCms.createProfile("sRGB")
    )


@pytest.mark.parametrize("kind", PLACES)
def test_pixels_alone_are_free_of_it(kind):
    buffer = io.BytesIO()
    decode_pixels(draw(kind)).save(buffer, "PNG")
    assert MARKER.encode() not in buffer.getvalue()
