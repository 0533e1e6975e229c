"""200 hostile files through the decoding process, and what decodes through the checks.

`python -m benchmarks.hostile [--seed N] [CHECK…]`: no worker may be lost, whatever a file holds;
each takes at most 2 s of a processor and 300 MB, and is measured or has a reason.
"""

import argparse
import io
import os
import random
import struct
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path

from PIL import Image, ImageCms

from metrics.checks.base import PromptFacts
from metrics.results.isolate import Apart, BadPicture, Lost
from metrics.results.measure import Given

FILES = 200
MOST_SECONDS, MOST_MEGABYTES = 2.0, 300.0
TICK = os.sysconf("SC_CLK_TCK")
FACTS = PromptFacts("hostile", "", "A picture.")


@dataclass(frozen=True, slots=True)
class Row:
    """One file: how it ended, seconds of a processor and megabytes of the decoding process."""

    kind: str
    end: str
    reason: str
    cpu_seconds: float
    megabytes: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("checks", nargs="*", default=["technical"])
    options = parser.parse_args()
    began, apart = time.monotonic(), Apart()
    try:
        rows = [
            try_file(apart, kind, data, options.checks)
            for kind, data in list_files(random.Random(options.seed))
        ]
        show(rows, apart, time.monotonic() - began)
    finally:
        apart.end()


def try_file(apart: Apart, kind: str, data: bytes, checks: list[str]) -> Row:
    if not apart.decoder.process:
        warm(apart)
    process = apart.decoder.process
    assert process is not None
    before = read_cpu(process.pid)
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")  # the peak begins anew
    apart.decoder.peak = 0.0
    try:
        apart.decode(data)
    except (BadPicture, Lost) as error:
        ended = apart.decoder.process is None
        cpu = MOST_SECONDS if ended else read_cpu(process.pid) - before
        most = apart.decoder.peak if ended else read_peak(process.pid)
        return Row(kind, "ended" if ended else "refused", str(error), cpu, most)
    row = (read_cpu(process.pid) - before, read_peak(process.pid))
    found = [m.finding for _, m in apart.measure(Given(FACTS, (), (data,)), checks)]
    reasons = [each.not_measurable for each in found if each.not_measurable]
    return Row(
        kind, "measured" if len(reasons) < len(found) else "decoded", "; ".join(reasons), *row
    )


def warm(apart: Apart) -> None:
    apart.decode(encode(Image.new("RGB", (8, 8)), "PNG"))


def read_cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def read_peak(pid: int) -> float:
    """Megabytes that the process held at most."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1000


def show(rows: list[Row], apart: Apart, seconds: float) -> None:
    kinds = list(dict.fromkeys(row.kind for row in rows))
    print(
        f"{'kind':22} {'files':>5} {'measured':>8} {'refused':>7} {'ended':>5} "
        f"{'CPU s':>6} {'MB':>5}  a reason"
    )
    for kind in kinds:
        own = [row for row in rows if row.kind == kind]
        ends = [row.end for row in own]
        reason = next((row.reason for row in own if row.reason), "")
        print(
            f"{kind:22} {len(own):5} {ends.count('measured') + ends.count('decoded'):8} "
            f"{ends.count('refused'):7} {ends.count('ended'):5} "
            f"{max(row.cpu_seconds for row in own):6.2f} "
            f"{max(row.megabytes for row in own):5.0f}  {reason[:70]}"
        )
    silent = [row for row in rows if row.end != "measured" and not row.reason]
    crashed = [row for row in rows if "crashed" in row.reason]
    print(
        f"\n{len(rows)} files in {seconds:.0f} s: {len(silent)} without a result or a reason, "
        f"{len(crashed)} crashed a child, {apart.decoder.starts - 1} of the decoding processes "
        f"ended at a limit, {apart.measurer.starts - 1} of the measuring ones; at most "
        f"{max(row.cpu_seconds for row in rows):.2f} s of a processor "
        f"(target {MOST_SECONDS:.0f}) and "
        f"{max(row.megabytes for row in rows):.0f} MB (target {MOST_MEGABYTES:.0f})"
    )


def list_files(rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """FILES of them: every kind, and flipped bits for the rest."""
    named = [*list_truncated(), *list_bombs(), *list_forms(), *list_shapes(), *list_profiles(),
             *list_polyglots(), *list_others(rng)]  # fmt: skip
    yield from named
    whole = cycle([encode(draw(), form) for form in ("PNG", "JPEG", "WEBP")])
    for number, data in zip(count(len(named)), whole, strict=False):
        if number >= FILES:
            return
        flipped = bytearray(data)
        for _ in range(rng.choice((1, 4, 32))):
            flipped[rng.randrange(16, len(flipped))] ^= 1 << rng.randrange(8)
        yield "flipped bits", bytes(flipped)


def draw(size: tuple[int, int] = (320, 240)) -> Image.Image:
    across = Image.linear_gradient("L").resize(size)
    down = Image.radial_gradient("L").resize(size)
    return Image.merge("RGB", (across, down, across.rotate(180)))


def encode(picture: Image.Image, form: str, **save: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **save)
    return buffer.getvalue()


def list_truncated() -> Iterator[tuple[str, bytes]]:
    for percent, form in zip(range(1, 100), cycle(("PNG", "JPEG", "WEBP")), strict=False):
        data = encode(draw(), form)
        yield f"truncated {form}", data[: len(data) * percent // 100]


def make_png(width: int, height: int, *chunks: tuple[bytes, bytes], depth: int = 8) -> bytes:
    """A PNG of RGB with these chunks between its head and its end."""
    head = struct.pack("!IIBBBBB", width, height, depth, 2, 0, 0, 0)
    made = b"\x89PNG\r\n\x1a\n"
    for name, content in ((b"IHDR", head), *chunks, (b"IEND", b"")):
        check = struct.pack("!I", zlib.crc32(name + content))
        made += struct.pack("!I", len(content)) + name + content + check
    return made


def list_bombs() -> Iterator[tuple[str, bytes]]:
    zeros = zlib.compress(bytes(200_000_000), 9)
    rows = zlib.compress(bytes(240 * (320 * 3 + 1)), 9)
    yield "bomb", encode(Image.new("1", (14_200, 14_200)), "PNG")
    yield "bomb", encode(Image.new("1", (25_000, 1000)), "PNG")
    yield "bomb", make_png(2**31 - 1, 2**31 - 1, (b"IDAT", rows))
    yield "bomb", make_png(5000, 5000, (b"IDAT", rows))
    yield "bomb", make_png(320, 240, (b"IDAT", zeros))
    yield "bomb", make_png(320, 240, (b"zTXt", b"a\0\0" + zeros), (b"IDAT", rows))
    yield "bomb", make_png(320, 240, (b"iTXt", b"a\0\1\0\0\0" + zeros), (b"IDAT", rows))
    yield "bomb", make_png(320, 240, (b"iCCP", b"a\0\0" + zeros), (b"IDAT", rows))
    yield "bomb", make_png(320, 240, *[(b"tEXt", b"a\0b")] * 50_000, (b"IDAT", rows))
    jpeg = bytearray(encode(draw(), "JPEG"))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack("!HH", 65_500, 65_500)
    yield "bomb", bytes(jpeg)
    jpeg[frame + 5 : frame + 9] = struct.pack("!HH", 5000, 5000)
    yield "bomb", bytes(jpeg)
    yield (
        "bomb",
        repeat_scans(encode(Image.new("RGB", (4900, 4900)), "JPEG", progressive=True), 400),
    )
    yield "bomb", encode(Image.new("RGB", (16_383, 1500)), "WEBP")
    yield "bomb", encode(Image.new("RGB", (5000, 5000)), "WEBP")
    yield "bomb", encode(Image.new("RGBA", (5000, 5000), (1, 2, 3, 4)), "PNG")


def repeat_scans(data: bytes, times: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * times + data[-2:]


def list_forms() -> Iterator[tuple[str, bytes]]:
    picture = draw()
    yield "CMYK", encode(picture.convert("CMYK"), "JPEG")
    yield "CMYK", encode(picture.convert("CMYK"), "JPEG", progressive=True)
    grey = picture.convert("L")
    yield "16 bits", encode(grey.convert("I;16"), "PNG")
    yield "16 bits", make_png(64, 64, (b"IDAT", zlib.compress(bytes(64 * (64 * 6 + 1)))), depth=16)
    for mode in ("1", "L", "LA", "P", "RGBA", "I;16"):
        yield "odd modes", encode(picture.convert(mode), "PNG")
    yield "odd modes", encode(picture.convert("P"), "PNG", transparency=3)
    yield "odd modes", encode(grey, "JPEG")
    frames = [picture.rotate(angle) for angle in range(0, 360, 15)]
    for form in ("WEBP", "PNG", "GIF", "TIFF"):
        yield "animated", encode(picture, form, save_all=True, append_images=frames)
    yield "wrong extension", encode(picture, "MPO", save_all=True, append_images=frames[:2])
    yield "wrong extension", encode(picture, "BMP")
    yield "wrong extension", encode(picture, "JPEG2000")


def list_shapes() -> Iterator[tuple[str, bytes]]:
    for width, height in ((1, 1), (1, 2), (1, 65_000), (65_000, 1), (1, 2_000_000), (3, 9000)):
        yield "1 × N", encode(Image.new("RGB", (width, height), "teal"), "PNG")
    yield "1 × N", encode(Image.new("RGB", (1, 65_000)), "JPEG")
    yield "1 × N", encode(Image.new("RGB", (16_383, 1)), "WEBP")
    yield "1 × N", make_png(0, 0, (b"IDAT", zlib.compress(b"")))


def list_profiles() -> Iterator[tuple[str, bytes]]:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for form in ("PNG", "JPEG", "WEBP"):
        for content in (profile, profile[:200], b"\0" * 500, profile[:128] + b"\xff" * 400):
            yield "colour profiles", encode(draw(), form, icc_profile=content)
    for orientation in (2, 3, 5, 6, 8, 9, 65_535):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield "EXIF", encode(draw(), "JPEG", exif=exif)
    loop = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x87\x69\0\x04\0\0\0\x01\0\0\0\x08\0\0\0\x08"
    yield "EXIF", encode(draw(), "JPEG", exif=loop)
    yield "EXIF", encode(draw(), "JPEG", exif=b"Exif\0\0" + b"\xff" * 3000)


def list_polyglots() -> Iterator[tuple[str, bytes]]:
    script = b"<html><script>alert(1)</script><?php system('id'); ?></html>"
    archive = b"PK\x03\x04" + bytes(26) + script + b"PK\x05\x06" + bytes(18)
    for form in ("PNG", "JPEG", "WEBP"):
        data = encode(draw(), form)
        yield "polyglot", data + archive
        yield "polyglot", data + script
        yield "polyglot", b"%PDF-1.7\n" + data
    yield "polyglot", encode(draw(), "GIF") + archive


def list_others(rng: random.Random) -> Iterator[tuple[str, bytes]]:
    yield "SVG", b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
    yield "SVG", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb">]><svg>&b;</svg>'
    yield "EPS", encode(draw(), "EPS")
    yield "EPS", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n"
    yield "FITS", (b"SIMPLE  =                    T".ljust(80) + b"END".ljust(2800)) * 2
    yield "PDF", encode(draw(), "PDF")
    yield "TIFF", encode(draw(), "TIFF")
    yield "TIFF", b"II*\0\x08\0\0\0" + b"\xff" * 4000
    yield "empty", b""
    for head in (b"\0", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\xff\xff\xff\xffWEBPVP8X"):
        yield "heads only", head
        yield "heads only", head + rng.randbytes(5000)
    yield "heads only", bytes(1_000_000)
    yield "too many bytes", encode(draw(), "JPEG") + bytes(41_000_000)


if __name__ == "__main__":
    main()
