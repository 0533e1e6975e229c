"""What can be told of a picture from its header, without decoding it."""

import io
from collections.abc import Iterable
from typing import Any

from PIL import ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from arenas.providers._pictures import sniff_mime

# Models choose from a list of sizes, which miss the ratio asked for by up to 3 % (864 × 1184
# for 3:4); another ratio is further away than that.
_TOLERANCE = 0.033
# Opened by name, not by Pillow's guess: no other decoder runs, and none warns of large sizes.
_READERS: dict[str, type[ImageFile.ImageFile]] = {
    "image/png": PngImagePlugin.PngImageFile,
    "image/jpeg": JpegImagePlugin.JpegImageFile,
    "image/webp": WebPImagePlugin.WebPImageFile,
}


def is_picture(data: bytes) -> bool:
    return sniff_mime(data).startswith("image/")


def read_size(data: bytes) -> tuple[int, int] | None:
    """Width and height as the header states them; None where it does not."""
    reader = _READERS.get(sniff_mime(data))
    if reader is None:
        return None
    try:
        with reader(io.BytesIO(data)) as image:
            return image.size
    except Exception:  # Pillow's readers raise nearly anything on hostile bytes
        return None


def compare_ratio(pictures: Iterable[bytes], ratio: str) -> dict[str, Any]:
    """The pictures' sizes, and whether all of them have the ratio asked for, such as 16:9.

    What cannot be told is left out.
    """
    sizes = [size for data in pictures if (size := read_size(data)) and all(size)]
    if not sizes:
        return {}
    found: dict[str, Any] = {"sizes": [list(size) for size in sizes]}
    if ratio:
        found["ratio_ok"] = all(_keeps_ratio(size, ratio) for size in sizes)
    return found


def _keeps_ratio(size: tuple[int, int], ratio: str) -> bool:
    width, height = (int(number) for number in ratio.split(":"))
    return abs(size[0] * height / (size[1] * width) - 1) <= _TOLERANCE
