"""The process that opens untrusted bytes as pixels, and can do nothing else.

A request is the bytes of a file. The answer is the rows of pixels, some at a time, an empty
message, and as JSON the `size` in pixels or the `reason` why there is none.
"""

import io
import json
import signal
from typing import BinaryIO

from PIL import Image, ImageCms

from arenas.images.decode import BadImage, decode_strips
from metrics.results.children.bounds import begin, shut_in
from metrics.results.children.frames import Ended, read_frame, write_frame

CPU_SECONDS = 2.0
MEGABYTES = 255  # beside the 45 that the interpreter and the decoders take


def main() -> None:
    source, sink = begin()
    warm_up()
    shut_in(MEGABYTES)
    try:
        while True:
            data = read_frame(source)
            # Its signal ends the process, also where a decoder never comes back.
            signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
            reply = answer(data, sink)
            signal.setitimer(signal.ITIMER_PROF, 0)
            write_frame(sink, b"")
            write_frame(sink, json.dumps(reply).encode())
    except Ended:
        return


def answer(data: bytes, sink: BinaryIO) -> dict[str, object]:
    try:
        size, strips = decode_strips(data)
        for strip in strips:
            write_frame(sink, strip)
    except BadImage as error:
        return {"reason": str(error)}
    except MemoryError:
        return {"reason": f"the image takes more than {MEGABYTES} MB of memory to decode"}
    return {"size": size}


def warm_up() -> None:
    """Have everything imported and every decoder loaded that a picture may need."""
    Image.init()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for form in ("PNG", "JPEG", "WEBP"):
        buffer = io.BytesIO()
        exif = Image.Exif()
        exif[0x0112] = 6  # lies on its side
        Image.new("RGB", (2, 2)).save(buffer, form, icc_profile=profile, exif=exif)
        _, strips = decode_strips(buffer.getvalue())
        list(strips)


if __name__ == "__main__":
    main()
