"""What raters read is complete in every language, and compiled as it is written."""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

from evalsite.env import ROOT

PARTS = ("arenas", "evalsite", "metrics")
KEYWORDS = {"gettext": None, "gettext_lazy": None, "_": None, "ngettext": (1, 2)}
PLACEHOLDER = re.compile(r"%\(\w+\)s|%s|%%")
CATALOGUES = sorted((ROOT / "arenas" / "locale").glob("*/LC_MESSAGES/django.po"))
languages = pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])

Id = str | tuple[str, ...]


def read_catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3])


def list_messages(path: Path) -> list[Message]:
    return [message for message in read_catalogue(path) if message.id]


def list_sources() -> Iterator[str]:
    """Python, and templates in the form of it that Django makes for xgettext."""
    for part in PARTS:
        for path in (ROOT / part).rglob("*.py"):
            yield path.read_text(encoding="utf-8")
        for path in (ROOT / part).rglob("*.html"):
            lines = templatize(path.read_text(encoding="utf-8")).splitlines()
            yield "\n".join(map(str.strip, lines))  # a template's indentation is no Python's


def find_used() -> set[Id]:
    return {
        found[1]
        for source in list_sources()
        if "gettext" in source
        for found in extract("python", BytesIO(source.encode()), KEYWORDS)
    }


def spell(message: Message) -> list[tuple[str, str]]:
    """The original with its translation, form by form."""
    texts = (message.id, message.string)
    ids, strings = ([text] if isinstance(text, str) else list(text or ()) for text in texts)
    return list(zip(ids, strings, strict=True))


def test_there_is_a_second_language() -> None:
    assert [path.parts[-3] for path in CATALOGUES] == ["de"]


@languages
def test_everything_that_is_used_is_translated(path: Path) -> None:
    messages = list_messages(path)
    complete = {
        message.id
        for message in messages
        if not message.fuzzy and all(translated for _, translated in spell(message))
    }
    used = find_used()
    assert len(used) > 150, "the sources were not read"
    assert used - complete == set()
    assert {message.id for message in messages} - used == set(), "not used any more"


@languages
def test_translations_have_the_placeholders_of_the_original(path: Path) -> None:
    for message in list_messages(path):
        for original, translated in spell(message):
            found = [sorted(PLACEHOLDER.findall(str(text))) for text in (original, translated)]
            assert found[0] == found[1], original


@languages
def test_no_translation_holds_what_would_change_with_the_day_or_the_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "POT-Creation-Date" not in text
    assert "\n#: " not in text


@languages
def test_the_compiled_file_says_what_the_written_one_does(path: Path) -> None:
    buffer = BytesIO()
    write_mo(buffer, read_catalogue(path))
    buffer.seek(0)
    with path.with_suffix(".mo").open("rb") as file:
        kept, compiled = read_mo(file), read_mo(buffer)
    assert [spell(each) for each in kept if each.id] == [
        spell(each) for each in compiled if each.id
    ]
