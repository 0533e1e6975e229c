"""Messages over a pipe: four bytes of length, then the content."""

import struct
from typing import BinaryIO

LENGTH = struct.Struct("!I")


class Ended(Exception):
    """The other side has gone, or sends more than it may."""


def write_frame(sink: BinaryIO, content: bytes) -> None:
    sink.write(LENGTH.pack(len(content)))
    sink.write(content)
    sink.flush()


def read_frame(source: BinaryIO, most: int | None = None) -> bytes:
    """The next message, of `most` bytes. Raises Ended."""
    (length,) = LENGTH.unpack(read_exactly(source, LENGTH.size))
    if most is not None and length > most:
        raise Ended(f"answered with more than {most:,} bytes")
    return read_exactly(source, length)


def read_exactly(source: BinaryIO, length: int) -> bytes:
    content = source.read(length)
    if len(content) < length:
        raise Ended
    return content
