"""Read what a WebP file says about itself, short of decoding its pixels."""

import struct

HEADER = 10  # bytes of a key frame before its first partition


def read_chunks(webp: bytes) -> list[tuple[str, int]]:
    """Name and size of every chunk, in their order (RFC 9649, section 2.3)."""
    chunks, at = [], 12
    while at + 8 <= len(webp):
        name, size = struct.unpack_from("<4sI", webp, at)
        chunks.append((name.decode("latin-1"), size))
        at += 8 + size + size % 2
    return chunks


def find_frame(webp: bytes) -> bytes:
    """The bytes of the VP8 frame; none where the file holds none."""
    at = 12
    for name, size in read_chunks(webp):
        if name == "VP8 ":
            return webp[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    return b""


def find_second_partition(frame: bytes) -> int:
    """Where the coefficients begin in a frame, behind settings, tables and modes."""
    return HEADER + (int.from_bytes(frame[:3], "little") >> 5) if frame else 0


class Bits:
    """The boolean decoder of RFC 6386, section 7, as far as headers need it."""

    def __init__(self, data: bytes) -> None:
        self.rest = iter(data[2:])
        self.value = int.from_bytes(data[:2], "big")
        self.range = 255
        self.shifts = 0

    def read_bit(self) -> int:
        split = 1 + ((self.range - 1) * 128 >> 8)
        bit = int(self.value >= split << 8)
        self.value -= bit * (split << 8)
        self.range = self.range - split if bit else split
        while self.range < 128:
            self.range <<= 1
            self.value <<= 1
            self.shifts += 1
            if self.shifts % 8 == 0:
                self.value |= next(self.rest, 0)
        return bit

    def read(self, width: int) -> int:
        number = 0
        for _ in range(width):
            number = 2 * number + self.read_bit()
        return number

    def read_signed(self, width: int) -> int:
        """A number that a flag says is there, then its sign; 0 where it is not."""
        if not self.read_bit():
            return 0
        number = self.read(width)
        return -number if self.read_bit() else number


def read_settings(webp: bytes) -> dict[str, float]:
    """The coder's settings for this picture: quantisers, loop filter, segments.

    They stand at the start of the compressed data (RFC 6386, sections 9.2 to 9.6).
    """
    frame = find_frame(webp)
    if len(frame) <= HEADER:
        return {}
    bits = Bits(frame[HEADER:])
    settings: dict[str, float] = {"colour": bits.read(1), "clamp": bits.read(1)}
    settings |= read_segments(bits)
    settings |= {"filter": bits.read(1), "level": bits.read(6), "sharpness": bits.read(3)}
    if bits.read(1) and bits.read(1):
        settings |= {f"delta {n}": bits.read_signed(6) for n in range(8)}
    settings |= {"partitions": bits.read(2), "quantiser": bits.read(7)}
    return settings | {f"quantiser {name}": bits.read_signed(4) for name in QUANTISERS}


QUANTISERS = ("y dc", "y2 dc", "y2 ac", "uv dc", "uv ac")


def read_segments(bits: Bits) -> dict[str, float]:
    if not bits.read(1):
        return {"segments": 0}
    has_map, has_data = bits.read(1), bits.read(1)
    settings: dict[str, float] = {"segments": 1, "map": has_map}
    if has_data:
        settings["absolute"] = bits.read(1)
        settings |= {f"segment {n} quantiser": bits.read_signed(7) for n in range(4)}
        settings |= {f"segment {n} level": bits.read_signed(6) for n in range(4)}
    if has_map:
        settings |= {f"tree {n}": bits.read(8) if bits.read(1) else 255 for n in range(3)}
    return settings
