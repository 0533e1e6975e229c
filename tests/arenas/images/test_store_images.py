import hashlib
from pathlib import Path

import pytest

from arenas.images.decode import BadImage
from arenas.images.models import Image
from arenas.images.store import read_bytes, store_image, write_bytes
from tests.factories import png

pytestmark = pytest.mark.django_db


def files_below(folder) -> list[Path]:
    return [path for path in Path(folder).rglob("*") if path.is_file()]


def test_an_image_is_stored_as_it_came_under_the_hash_of_its_bytes(settings):
    image = store_image(png("red", (30, 20)))
    assert image.sha256 == hashlib.sha256(png("red", (30, 20))).hexdigest()
    assert (image.mime, image.width, image.height) == ("image/png", 30, 20)
    assert read_bytes(image.path) == png("red", (30, 20))


def test_the_same_bytes_are_one_row_and_one_file(settings):
    assert store_image(png()) == store_image(png())
    assert Image.objects.count() == len(files_below(settings.MEDIA_ROOT)) == 1


def test_a_bad_image_leaves_nothing_behind(settings):
    with pytest.raises(BadImage):
        store_image(png()[:-30])
    assert not Image.objects.exists()
    assert not files_below(settings.MEDIA_ROOT)


def test_a_crash_between_file_and_row_leaves_no_row_and_the_next_try_succeeds(
    settings, monkeypatch
):
    def crash(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Image, "save", crash)
        with pytest.raises(KeyboardInterrupt):
            store_image(png())
    assert not Image.objects.exists()
    assert len(files_below(settings.MEDIA_ROOT)) == 1
    assert read_bytes(store_image(png()).path) == png()


def test_a_failed_write_leaves_no_file_at_all(settings, monkeypatch):
    def fail(descriptor):
        raise OSError("no space left")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="no space left"):
        write_bytes("originals/ab/abc", b"content")
    assert not files_below(settings.MEDIA_ROOT)


def test_a_write_leaves_the_file_alone(settings):
    write_bytes("originals/ab/abc", b"content")
    assert [path.name for path in files_below(settings.MEDIA_ROOT)] == ["abc"]


def test_what_is_stored_is_never_written_again(settings):
    write_bytes("originals/ab/abc", b"content")
    write_bytes("originals/ab/abc", b"other")
    assert read_bytes("originals/ab/abc") == b"content"
