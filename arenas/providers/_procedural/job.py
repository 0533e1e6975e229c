"""One request in one model's hands: everything that its rendering depends on."""

from dataclasses import dataclass

from arenas.providers._procedural import defects
from arenas.providers._procedural.canvas import canvas_size
from arenas.providers._procedural.lettering import Line, spell
from arenas.providers._procedural.taste import Taste, taste_of
from arenas.providers.base import Request


@dataclass(frozen=True, slots=True)
class Job:
    request: Request
    taste: Taste
    strengths: defects.Strengths
    width: int
    height: int
    key: tuple[object, ...]
    lines: tuple[Line, ...]
    ignored: frozenset[tuple[int, int]]  # edits left undone: turn, place in the turn

    def lines_in(self, text: str) -> tuple[Line, ...]:
        """The lines that the text quotes."""
        return tuple(line for line in self.lines if f'"{line.right}"' in text)


def start_job(request: Request, model: str, strengths: defects.Strengths, size: int) -> Job:
    width, height = canvas_size(request.aspect_ratio, size)
    key = (model, request.seed)
    skipped = defects.ignored(request, strengths["ignored_edits"], key=key)
    lines = spell(request.expect.text, strengths["misspelt_text"], key=key)
    return Job(
        request, taste_of(model), strengths, width, height, key, tuple(lines), frozenset(skipped)
    )
