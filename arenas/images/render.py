"""Make what raters see: one canvas, one encoder and exactly one byte length for all."""

import hashlib
import io
import struct
from collections.abc import Iterator

from PIL import Image as Pillow

from arenas.images.decode import SURROUND, decode_pixels
from arenas.images.models import Image, Rendition, RenditionProfile
from arenas.images.store import read_bytes, write_bytes

QUALITIES = (90, 82, 72, 60, 45, 30, 15, 5)
# What no quality makes small enough, noise above all, loses detail: so many pixels a side merged.
COARSER = (2, 4, 8, 16)
PIXELS_PER_BYTE = 128  # every picture can be made to fit so many, or fewer
PADDING = b"PADD"  # a chunk that decoders must skip, as the container's specification says


class TooSmallProfile(ValueError):
    """The profile's byte length cannot hold even a coarse picture of its canvas."""


def render(image: Image, profile: RenditionProfile) -> Rendition:
    """The image's rendition for the profile, made when it is not there yet."""
    existing = Rendition.objects.filter(image=image, profile=profile).first()
    if existing:
        return existing
    data = render_bytes(read_bytes(image.path), profile)
    rendition = Rendition(image=image, profile=profile, sha256=hashlib.sha256(data).hexdigest())
    write_bytes(rendition.path, data)
    saved, _ = Rendition.objects.get_or_create(
        image=image, profile=profile, defaults={"sha256": rendition.sha256}
    )
    return saved


def render_bytes(data: bytes, profile: RenditionProfile) -> bytes:
    """Any picture's bytes as a WebP file of exactly `profile.size` bytes."""
    canvas = place_on_canvas(decode_pixels(data), profile.width, profile.height)
    return encode_to_size(canvas, profile.size)


def place_on_canvas(image: Pillow.Image, width: int, height: int) -> Pillow.Image:
    """The picture centred on the canvas, shrunk where needed and never enlarged."""
    fitted = image.copy()
    fitted.thumbnail((width, height), Pillow.Resampling.LANCZOS)
    canvas = Pillow.new("RGB", (width, height), SURROUND)
    canvas.paste(fitted, ((width - fitted.width) // 2, (height - fitted.height) // 2))
    return canvas


def encode_to_size(canvas: Pillow.Image, size: int) -> bytes:
    """The best quality that fits, padded to the byte. Raises TooSmallProfile."""
    for picture, quality in find_encodings(canvas):
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", quality=quality, method=2)
        stream = extend_container(buffer.getvalue(), canvas.size)
        # Zero padding would need no chunk at all, so anything from 0 or 8 bytes up can be filled.
        if len(stream) == size or len(stream) + 8 <= size:
            return pad(stream, size)
    raise TooSmallProfile(f"{size} bytes are too few for a {canvas.width}×{canvas.height} canvas")


def find_encodings(canvas: Pillow.Image) -> Iterator[tuple[Pillow.Image, int]]:
    """What to encode at which quality, from the best to the smallest."""
    for quality in QUALITIES:
        yield canvas, quality
    for side in COARSER:
        yield canvas.reduce(side).resize(canvas.size), QUALITIES[-1]


def extend_container(webp: bytes, canvas: tuple[int, int]) -> bytes:
    """The same pixels in WebP's extended container, the one that may hold unknown chunks.

    Layout: RFC 9649, section 2.7 (VP8X: flags, 3 reserved bytes, width−1 and height−1 in 24 bits).
    """
    width, height = canvas
    header = b"\0\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBP" + b"VP8X" + struct.pack("<I", 10) + header + webp[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def pad(webp: bytes, size: int) -> bytes:
    """The file with a chunk of zeros at its end that makes it `size` bytes long (even)."""
    room = size - len(webp)
    if room == 0:
        return webp
    chunk = PADDING + struct.pack("<I", room - 8) + bytes(room - 8)
    return b"RIFF" + struct.pack("<I", size - 8) + webp[8:] + chunk
