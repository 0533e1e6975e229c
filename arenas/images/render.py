"""Make what raters see: one canvas, one encoder and exactly the same layout of bytes for all."""

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
CONTAINER = 20  # bytes: RIFF, its size, WEBP, VP8, its size
FRAME_HEADER = 10  # bytes before a key frame's first partition: RFC 6386, section 9.1


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


def render_reference(image: Image, profile: RenditionProfile) -> Rendition:
    """A reference as raters see it: pixels alone, on a canvas of its own shape."""
    shrink = min(1, profile.width / image.width, profile.height / image.height)
    own, _ = RenditionProfile.objects.get_or_create(
        width=max(1, round(image.width * shrink)),
        height=max(1, round(image.height * shrink)),
        size=profile.size,
        encoder=profile.encoder,
    )
    return render(image, own)


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
    """The best quality that fits, filled up to the byte. Raises TooSmallProfile."""
    first = find_first_size(canvas.width * canvas.height, size)
    for picture, quality in find_encodings(canvas):
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", quality=quality, method=2)
        filled = fill_frame(
            buffer.getvalue()[CONTAINER:], first, size - CONTAINER, seed=canvas.tobytes()
        )
        if filled:
            head = b"RIFF" + struct.pack("<I", size - 8) + b"WEBPVP8 "
            return head + struct.pack("<I", len(filled)) + filled
    raise TooSmallProfile(f"{size} bytes are too few for a {canvas.width}×{canvas.height} canvas")


def find_first_size(pixels: int, size: int) -> int:
    """The bytes of every first partition (settings, then modes block by block) of a profile.

    Photographs need a hundredth of a byte for a pixel and noise a thirtieth.
    """
    return min(512 + pixels // 48, size // 2)


def fill_frame(frame: bytes, first: int, size: int, *, seed: bytes) -> bytes | None:
    """The VP8 frame with its first partition `first` and itself `size` bytes long, if it fits.

    A decoder stops where a partition's data end, and nobody else can tell where that is: what
    follows looks as random as they do. The layout is RFC 6386's, section 9.1: a tag of 3 bytes
    holds the first partition's size in its upper 19 bits; the only other partition comes last.
    """
    tag = int.from_bytes(frame[:3], "little")
    end = FRAME_HEADER + (tag >> 5)
    rest = size - FRAME_HEADER - first - (len(frame) - end)
    if tag >> 5 > first or rest < 0:
        return None
    noise = hashlib.shake_256(seed).digest(first - (tag >> 5) + rest)
    tag = (first << 5) | (tag & 31)
    return (
        tag.to_bytes(3, "little") + frame[3:end] + noise[rest:] + frame[end:] + noise[:rest]
    )  # fmt: skip


def find_encodings(canvas: Pillow.Image) -> Iterator[tuple[Pillow.Image, int]]:
    """What to encode at which quality, from the best to the smallest."""
    for quality in QUALITIES:
        yield canvas, quality
    for side in COARSER:
        yield canvas.reduce(side).resize(canvas.size), QUALITIES[-1]
