"""Reads pictures as services send them, by what they are rather than what they are called."""

import base64
import binascii

from arenas.providers.base import ImagePart

_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)


class BadPicture(ValueError):
    """What came in a picture's place; the message is a sentence for people."""


def make_part(data: bytes) -> ImagePart:
    return ImagePart(data, sniff_mime(data))


def decode_picture(encoded: object) -> bytes:
    """The bytes of a picture in base64, which may be written as a `data:` URL."""
    if not isinstance(encoded, str):
        raise BadPicture("The picture's base64 is not a text.")
    if encoded.startswith("data:"):
        encoded = encoded.partition(",")[2]
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise BadPicture("The picture's base64 cannot be decoded.") from None
    if not data:
        raise BadPicture("The picture is empty.")
    return data


def sniff_mime(data: bytes) -> str:
    """The type by the first bytes; whether the rest is a picture is found when it is stored."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next(
        (mime for start, mime in _STARTS if data.startswith(start)), "application/octet-stream"
    )
