"""Keep pictures under the hash of their bytes, through Django's storage."""

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import IntegrityError, transaction

from arenas.images.decode import decode_pixels, read_header
from arenas.images.models import Image


def store_image(data: bytes) -> Image:
    """The Image of these bytes, stored when new. Raises BadImage before anything is written.

    The file is complete and on disk before the row exists: a crash leaves at most a file
    that nobody names.
    """
    existing = Image.objects.filter(sha256=hash_bytes(data), decoded=True).first()
    if existing:
        return existing
    decode_pixels(data)
    image = keep_original(data)
    mark_decoded(image)
    return image


def keep_original(data: bytes) -> Image:
    """The Image of these bytes, of which no more than the header was read.

    Raises BadImage for a header that is none, and for more bytes or pixels than are allowed.
    Whether the rest can be decoded is found out when it is first opened.
    """
    sha256 = hash_bytes(data)
    existing = Image.objects.filter(sha256=sha256).first()
    if existing:
        return existing
    mime, width, height = read_header(data)
    image = Image(
        sha256=sha256, mime=mime, width=width, height=height, size=len(data), decoded=False
    )
    write_bytes(image.path, data)
    with suppress(IntegrityError), transaction.atomic():
        image.save()
        return image
    return Image.objects.get(sha256=sha256)  # somebody was faster


def mark_decoded(image: Image) -> None:
    if not image.decoded:
        image.decoded = True
        image.save(update_fields=["decoded"])


def hash_bytes(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write_bytes(name: str, data: bytes) -> None:
    """Write a content-addressed file once, whole or not at all."""
    if default_storage.exists(name):
        return
    # Django's local storage writes in place and does not sync: a crash could leave half a file.
    if isinstance(default_storage, FileSystemStorage):
        write_durably(Path(default_storage.path(name)), data)
    else:
        default_storage.save(name, ContentFile(data))


def write_durably(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).chmod(0o644)
            Path(file.name).replace(path)
            sync_folder(path.parent)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def sync_folder(folder: Path) -> None:
    """Make a rename in the folder survive a power cut, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_bytes(name: str) -> bytes:
    with default_storage.open(name) as file:
        data: bytes = file.read()
        return data
