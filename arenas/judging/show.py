"""What a judge is shown: the pictures as raters see them, under names that tell nothing."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from arenas.candidates.models import Candidate
from arenas.definitions.models import Arena
from arenas.images.models import Image, RenditionProfile
from arenas.images.render import render, render_reference
from arenas.images.store import read_bytes
from arenas.judging.models import Judgment
from arenas.judging.words import make_schema, write_question
from arenas.providers.base import Reference
from arenas.suites.models import Prompt

SLOTS = ("A", "B")


@dataclass(frozen=True, slots=True)
class Picture:
    """A stored picture with its name for the judge; its bytes are read when it is asked."""

    name: str
    role: str
    path: str
    sha256: str

    def load(self) -> Reference:
        return Reference(self.name, self.role, read_bytes(self.path), "image/webp")


@dataclass(frozen=True, slots=True)
class Showing:
    """One battle in one order, ready to be asked about."""

    pictures: tuple[Picture, ...]
    question: str
    schema: dict[str, Any]

    def make_key(self, judgment: Judgment) -> str:
        """Equal for what must get the same reply, in whichever arena it is asked."""
        shown = [[each.name, each.role, each.sha256] for each in self.pictures]
        said = [judgment.judge.digest, judgment.prompt_version, shown, self.question, self.schema]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def show(judgment: Judgment) -> Showing:
    """What the judgment's judge gets to see and read."""
    battle = judgment.battle
    prompt, profile = battle.prompt, battle.arena.profile
    answers = [battle.first, battle.second]
    if judgment.order:
        answers.reverse()
    pictures = list_references(prompt, profile)
    for slot, candidate in zip(SLOTS, answers, strict=True):
        pictures += list_answer(slot, candidate, battle.arena)
    return Showing(tuple(pictures), write_question(prompt), make_schema(prompt))


def list_references(prompt: Prompt, profile: RenditionProfile) -> list[Picture]:
    return [
        Picture(f"Reference {number} ({each.role})", each.role,
                     *find_file(each.image, profile, reference=True))
        for number, each in enumerate(prompt.list_shown(), 1)
    ]  # fmt: skip


def list_answer(slot: str, candidate: Candidate, arena: Arena) -> list[Picture]:
    """The candidate's pictures in order; thoughts are no part of the answer."""
    parts = [part for part in candidate.parts.all() if part.image and not part.thought]
    several = len(parts) > 1
    return [
        Picture(
            f"Answer {slot}, picture {number} of {len(parts)}" if several else f"Answer {slot}",
            slot,
            *find_file(part.image, arena.profile),
        )
        for number, part in enumerate(parts, 1)
        if part.image
    ]


def find_file(
    image: Image, profile: RenditionProfile, *, reference: bool = False
) -> tuple[str, str]:
    rendition = (render_reference if reference else render)(image, profile)
    return rendition.path, rendition.sha256
