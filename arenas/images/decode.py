"""Open bytes from outside as a picture, within limits, or say what is wrong with them."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image as Pillow
from PIL import ImageCms, ImageOps

MAX_BYTES = 40_000_000
MAX_PIXELS = 25_000_000  # a 4096 × 4096 picture has 16.8 million
STRIP = 1 << 20  # pixels of which colours are converted at once
# What Pillow may call them: a camera's JPEG with a preview behind it is a JPEG all the same.
MIMES = {"PNG": "image/png", "JPEG": "image/jpeg", "MPO": "image/jpeg", "WEBP": "image/webp"}
FORMATS = ("PNG", "JPEG", "WEBP")


class BadImage(ValueError):
    """These bytes are not a picture that the site takes; the message says why."""


def read_header(data: bytes) -> tuple[str, int, int]:
    """The mime type, width and height in pixels, without decoding. Raises BadImage."""
    if len(data) > MAX_BYTES:
        raise BadImage(f"the file has {len(data):,} bytes; {MAX_BYTES:,} are allowed")
    with open_image(data) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise BadImage(
                f"the image has {width * height / 1e6:.0f} megapixels ({width}×{height}); "
                f"{MAX_PIXELS / 1e6:.0f} are allowed"
            )
        return MIMES[image.format or ""], width, height


def open_image(data: bytes) -> Pillow.Image:
    """The picture, header read only. Raises BadImage. Formats are pinned: no other decoder runs."""
    if not data:
        raise BadImage("the file is empty")
    try:
        with warnings.catch_warnings():
            # The warning's limit is Pillow's; ours is lower, and checked by the caller.
            warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
            return Pillow.open(io.BytesIO(data), formats=FORMATS)
    except Pillow.DecompressionBombError:
        raise BadImage(f"the image has more than {MAX_PIXELS / 1e6:.0f} megapixels") from None
    except Exception as error:  # Pillow's decoders raise nearly anything on hostile bytes
        raise BadImage("not a PNG, JPEG or WebP image") from error


def decode_pixels(data: bytes) -> Pillow.Image:
    """The picture as 8-bit sRGB, upright, on neutral grey where it was transparent.

    Raises BadImage for anything that does not decode completely within the limits.
    """
    size, strips = decode_strips(data)
    return Pillow.frombytes("RGB", size, b"".join(strips))


def decode_strips(data: bytes) -> tuple[tuple[int, int], Iterator[bytes]]:
    """The same as its size and its rows from the top, some at a time, which takes less memory.

    Raises BadImage, also while the rows are taken, and MemoryError.
    """
    read_header(data)
    with name_damage():
        image = open_image(data)
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
    return image.size, cut_strips(image)


def cut_strips(image: Pillow.Image) -> Iterator[bytes]:
    rows = max(1, STRIP // image.width)
    for top in range(0, image.height, rows):
        with name_damage():
            strip = image.crop((0, top, image.width, min(top + rows, image.height)))
            pixels = flatten(to_srgb(strip)).tobytes()
        yield pixels


@contextmanager
def name_damage() -> Iterator[None]:
    try:
        yield
    except (BadImage, MemoryError):
        raise
    except Exception as error:  # as above: truncated data, bad chunks, wrong checksums
        raise BadImage(f"the image is damaged ({error})") from error


def to_srgb(image: Pillow.Image) -> Pillow.Image:
    """Colours converted from the picture's own profile, which is then gone."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode.startswith("I;16"):
        return image
    if image.mode not in ("RGB", "RGBA", "L", "CMYK"):
        image = image.convert("RGBA")
    try:
        converted = ImageCms.profileToProfile(
            image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"),
            outputMode="RGBA" if image.mode == "RGBA" else "RGB",
        )  # fmt: skip
    except (ImageCms.PyCMSError, OSError):
        return image  # a broken profile: the numbers as they stand are the best guess
    return converted or image


def flatten(image: Pillow.Image) -> Pillow.Image:
    """Pixels alone: a new picture made from the raw RGB bytes carries no metadata along."""
    if image.mode.startswith("I;16"):
        image = image.point(lambda value: value / 256).convert("L")
        image.info.pop("transparency", None)  # one of 65,536 greys: no longer to be told apart
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layered = image.convert("RGBA")
        ground = Pillow.new("RGBA", layered.size, (*SURROUND, 255))
        image = Pillow.alpha_composite(ground, layered)
    rgb = image.convert("RGB")
    return Pillow.frombytes("RGB", rgb.size, rgb.tobytes())


# The neutral grey around and behind pictures; the vote page's surround is the same.
SURROUND = (119, 119, 119)
