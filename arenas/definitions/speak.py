"""What an arena's author wrote, in the language of who reads it."""

from collections.abc import Mapping
from typing import Self


class Spoken(str):
    """A text in the language that was asked for, or `own`: as its author wrote it."""

    __slots__ = ("own",)
    own: bool

    @classmethod
    def choose(cls, text: str, translations: Mapping[str, str], language: str) -> Self:
        """The translation into the language (`de-at` falls back to `de`), or the text itself."""
        found = translations.get(language) or translations.get(shorten(language))
        said = cls(found or text)
        said.own = not found
        return said

    def foreign(self, own: str, language: str) -> str:
        """The language that the text is in, where it is not that of the page; else nothing."""
        return own if self.own and shorten(own) != shorten(language) else ""


def shorten(language: str) -> str:
    """`de-at` is `de`."""
    return language.partition("-")[0].lower()
