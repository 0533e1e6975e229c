"""What is read of pictures without decoding them."""

import io

import pytest
from PIL import Image

from arenas.providers._gemini.pictures import compare_ratio, read_size


def make_picture(kind: str, size: tuple[int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_size_is_read_from_the_header(kind):
    assert read_size(make_picture(kind, (40, 30))) == (40, 30)


def test_a_header_is_enough():
    assert read_size(make_picture("PNG", (40, 30))[:60]) == (40, 30)


@pytest.mark.parametrize("data", [b"", b"text", b"GIF89a" + bytes(20), b"\x89PNG\r\n\x1a\nbroken"])
def test_other_bytes_have_no_size(data):
    assert read_size(data) is None


@pytest.mark.parametrize(
    ("size", "ratio", "kept"),
    [
        ((1024, 1024), "1:1", True),
        ((864, 1184), "3:4", True),
        ((896, 1152), "4:5", True),
        ((1344, 768), "16:9", True),
        ((1536, 672), "21:9", True),
        ((896, 1152), "3:4", False),
        ((1024, 1024), "5:4", False),
        ((1184, 864), "3:4", False),
        ((1024, 768), "16:9", False),
    ],
)
def test_a_ratio_is_kept_as_nearly_as_models_can(size, ratio, kept):
    assert compare_ratio([make_picture("PNG", size)], ratio)["ratio_ok"] is kept


def test_one_picture_of_another_ratio_is_enough():
    pictures = [make_picture("PNG", size) for size in ((10, 10), (10, 20))]
    found = compare_ratio(pictures, "1:1")
    assert found == {"sizes": [[10, 10], [10, 20]], "ratio_ok": False}


def test_without_a_known_ratio_only_the_size_is_told():
    assert compare_ratio([make_picture("PNG", (10, 20))], "") == {"sizes": [[10, 20]]}
