"""Pictures for many candidates at once: what costs time is done once, however many tests show them.

What comes of it are the same rows and files as of `store_image` and `render_for_arenas`.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from arenas.candidates.models import Candidate, Part
from arenas.candidates.store import find_profiles
from arenas.images.decode import decode_pixels, read_header
from arenas.images.models import Image, Rendition, RenditionProfile
from arenas.images.render import render_bytes
from arenas.images.store import hash_bytes, write_bytes


def give_pictures(pictures: Sequence[tuple[Candidate, bytes]]) -> None:
    """Each candidate's one picture, and how its arenas show it."""
    images = keep_images([data for _, data in pictures])
    Part.objects.bulk_create(
        Part(candidate=candidate, position=0, image=images[data]) for candidate, data in pictures
    )
    Rendition.objects.bulk_create(render_all(pictures, images), ignore_conflicts=True)


def keep_images(files: Sequence[bytes]) -> dict[bytes, Image]:
    """The rows of these files, by their bytes; made where they are missing."""
    named = {hash_bytes(data): data for data in files}
    Image.objects.bulk_create(
        [describe_image(data) for data in named.values()], ignore_conflicts=True
    )
    found = {named[image.sha256]: image for image in Image.objects.filter(sha256__in=named)}
    for data, image in found.items():
        write_bytes(image.path, data)
    return found


def describe_image(data: bytes) -> Image:
    mime, width, height = read_whole(data)
    return Image(
        sha256=hash_bytes(data), mime=mime, width=width, height=height, size=len(data), decoded=True
    )


@cache
def read_whole(data: bytes) -> tuple[str, int, int]:
    """The header of a picture that can be decoded to its end."""
    decode_pixels(data)
    return read_header(data)


def render_all(
    pictures: Sequence[tuple[Candidate, bytes]], images: Mapping[bytes, Image]
) -> Iterator[Rendition]:
    """A rendition of each picture for each profile, with its file."""
    profiles: dict[int, list[RenditionProfile]] = {}
    for candidate, data in pictures:
        if candidate.competitor_id not in profiles:
            profiles[candidate.competitor_id] = find_profiles(candidate)
        for profile in profiles[candidate.competitor_id]:
            shown = encode_once(data, profile.width, profile.height, profile.size)
            rendition = Rendition(image=images[data], profile=profile, sha256=hash_bytes(shown))
            write_bytes(rendition.path, shown)
            yield rendition


@cache
def encode_once(data: bytes, width: int, height: int, size: int) -> bytes:
    return render_bytes(data, RenditionProfile(width=width, height=height, size=size))
