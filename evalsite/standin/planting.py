"""Metadata that must not reach raters, planted in every picture in every place there is.

Each place names the model and holds the marker, uncompressed, so that a search of the bytes
that a rater is sent finds what was not stripped.
"""

import io
import json
import struct
import zlib
from functools import lru_cache

from PIL import Image, ImageCms

MARKER = "PLANTED-METADATA"
PNG = b"\x89PNG\r\n\x1a\n"
_TAGS = {"ImageDescription": 0x010E, "Make": 0x010F, "Model": 0x0110, "Software": 0x0131}


def name_source(model: str) -> str:
    return f"{MARKER} made by {model}"


def make_chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(data, zlib.crc32(kind))
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


@lru_cache(maxsize=64)
def make_exif(model: str) -> bytes:
    exif = Image.Exif()
    for tag in _TAGS.values():
        exif[tag] = name_source(model)
    return exif.tobytes()


@lru_cache(maxsize=64)
def make_xmp(model: str) -> bytes:
    source = name_source(model)
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        f'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="{source}"/></rdf:RDF>'
        '</x:xmpmeta><?xpacket end="r"?>'
    ).encode()


@lru_cache(maxsize=64)
def make_icc(model: str) -> bytes:
    """An sRGB profile whose copyright tag is the marker: appended, and pointed to."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    text = b"text\0\0\0\0" + name_source(model).encode() + b"\0"
    text += bytes(-len(text) % 4)
    entry = profile.index(b"cprt", 128)
    struct.pack_into(">II", profile, entry + 4, len(profile), len(text))
    struct.pack_into(">I", profile, 0, len(profile) + len(text))
    profile[84:100] = bytes(16)  # the checksum of the profile as it was
    return bytes(profile) + text


@lru_cache(maxsize=64)
def make_manifest(model: str) -> bytes:
    """Boxes as a C2PA manifest store has them, with a claim that names the model."""
    claim = json.dumps({"claim_generator": name_source(model), "digitalSourceType": "trained"})
    described = make_box(b"jumd", b"c2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\x03c2pa\0")
    return make_box(b"jumb", described + make_box(b"json", claim.encode()))


def make_box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + kind + data


@lru_cache(maxsize=64)
def make_profile_chunk(model: str) -> bytes:
    return make_chunk(b"iCCP", b"ICC Profile\0\0" + zlib.compress(make_icc(model), 0))


@lru_cache(maxsize=64)
def make_chunks(model: str) -> bytes:
    """What a PNG carries between its palette and its pixels."""
    source = name_source(model).encode()
    return b"".join((
        make_chunk(b"eXIf", make_exif(model).removeprefix(b"Exif\0\0")),
        make_chunk(b"tEXt", b"Software\0" + source),
        make_chunk(b"iTXt", b"Description\0\0\0\0\0" + source),
        make_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + make_xmp(model)),
        make_chunk(b"caBX", make_manifest(model)),
    ))  # fmt: skip


def save_planted(image: Image.Image, kind: str, model: str) -> bytes:
    """The picture as JPEG or WebP, planted likewise."""
    buffer = io.BytesIO()
    image.save(
        buffer, kind, quality=90, exif=make_exif(model), xmp=make_xmp(model),
        icc_profile=make_icc(model), comment=name_source(model),
    )  # fmt: skip
    data = buffer.getvalue()
    return plant_segment(data, model) if kind == "jpeg" else data


def plant_segment(jpeg: bytes, model: str) -> bytes:
    """The JPEG with the manifest in an APP11 segment, as C2PA puts it there."""
    content = b"JP\0\x01\0\0\0\x01" + make_manifest(model)
    return jpeg[:2] + b"\xff\xeb" + struct.pack(">H", len(content) + 2) + content + jpeg[2:]
