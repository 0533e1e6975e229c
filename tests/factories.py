"""The small world of the tests: an arena with pictures, and alice, bob and charlie to vote."""

import io
import itertools
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection
from PIL import Image as Pillow
from psycopg.conninfo import make_conninfo

from arenas.battles.models import Ballot
from arenas.battles.serve import hold_ballots
from arenas.battles.tokens import derive_token
from arenas.candidates.models import Candidate
from arenas.competitors.models import Competitor
from arenas.definitions.enter import enter_competitors
from arenas.definitions.models import Arena, Outcome, Question
from arenas.images.models import Image, RenditionProfile
from arenas.images.store import store_image
from arenas.ledger.append import append_all
from arenas.raters.models import Rater, RaterKind
from arenas.suites.load import load_suite
from arenas.suites.models import Prompt, SuiteVersion
from arenas.votes.cast import Answer, cast
from arenas.votes.models import Import, Vote
from tests.pictures import give_pictures

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"


def png(color: Any = "red", size: tuple[int, int] = (64, 64), **save: Any) -> bytes:
    """A small picture of one colour."""
    return encode(Pillow.new("RGB", size, color), "PNG", **save)


def encode(picture: Pillow.Image, form: str, **save: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **save)
    return buffer.getvalue()


@cache
def huge_png() -> bytes:
    """A small file that holds a picture of 200 megapixels."""
    return encode(Pillow.new("1", (14_200, 14_200)), "PNG")


def write_yaml(path: Path, content: Any) -> Path:
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def suite_file(folder: Path, prompts: Sequence[dict[str, Any]] = (), **head: Any) -> Path:
    """A suite file with the given prompts, or with three plain ones."""
    rows = list(prompts) or [
        {"id": f"prompt-{n}", "category": "plain", "text": f"Draw {n}."} for n in range(3)
    ]
    return write_yaml(
        folder / "suite.yaml", {"name": "small", "version": "1", **head, "prompts": rows}
    )


def count_rows() -> dict[str, int]:
    """How many rows every table has, to show that nothing was changed."""
    return {model.__name__: model._default_manager.count() for model in apps.get_models()}


def database_url() -> str:
    """The address of the tests' database, for processes that a test starts."""
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST"}
    settings = connection.settings_dict
    parts = {name: settings[key] for name, key in names.items()}
    return make_conninfo(**parts, port=settings["PORT"] or None)


def make_suite(folder: Path, prompts: int = 3) -> SuiteVersion:
    rows = [
        {"id": f"prompt-{n}", "category": "plain" if n % 2 else "fancy", "text": f"Draw {n}."}
        for n in range(prompts)
    ]
    return load_suite(suite_file(folder, rows)).version


def make_competitors(*names: str) -> list[Competitor]:
    return [Competitor.objects.get_or_create(name=name)[0] for name in names]


def make_arena(
    version: SuiteVersion | None, names: Sequence[str] = ("ant", "bee", "cat"), **fields: Any
) -> Arena:
    """An open arena of these competitors over the suite, shown on a small canvas."""
    profile, _ = RenditionProfile.objects.get_or_create(width=64, height=64, size=8192)
    arena = Arena.objects.create(
        **{
            "slug": "small",
            "title": "Small arena",
            "suite_version": version,
            "outcomes": list(Outcome.values),
            "board_raters": ["external", "person"],
            "board_batch": 1,
            "profile": profile,
            **fields,
        }
    )
    Question.objects.create(arena=arena, key="better", text="Which is better?")
    enter_competitors(arena, make_competitors(*names), now=NOW)
    return arena


def make_image(color: Any) -> Image:
    return store_image(png(color))


def make_candidates(arena: Arena) -> list[Candidate]:
    """A done candidate for every prompt and competitor of the arena, each of another colour."""
    pairs = itertools.product(arena.prompts(), arena.competitors())
    made = Candidate.objects.bulk_create(
        Candidate(
            prompt=prompt, competitor=competitor, status=Candidate.Status.DONE, finished_at=NOW
        )
        for prompt, competitor in pairs
    )
    give_pictures([(candidate, paint(index)) for index, candidate in enumerate(made)])
    return made


@cache
def paint(index: int) -> bytes:
    return png(((index * 37) % 256, (index * 91) % 256, (index * 11) % 256))


def make_world(folder: Path, prompts: int = 3, **fields: Any) -> Arena:
    """A suite, an arena over it, and all its candidates, ready to be voted on."""
    arena = make_arena(make_suite(folder, prompts), **fields)
    make_candidates(arena)
    return arena


def make_rater() -> Rater:
    return Rater.objects.create()


def hold(arena: Arena, rater: Rater, seed: int = 0, now: datetime = NOW) -> list[Ballot]:
    # Another sequence for each ballot: the tokens come out of it, and are unique.
    rng = random.Random(1000 * seed + Ballot.objects.count())
    return hold_ballots(arena, rater, now=now, rng=rng)


def answer(
    arena: Arena, rater: Rater, ballot: Ballot, winner: str = "model_a", now: datetime = NOW
) -> Vote:
    return cast(arena, rater, Answer(derive_token(ballot.nonce), winner), now=now)


def cast_votes(arena: Arena, rater: Rater, winners: Sequence[str], seed: int = 0) -> list[Vote]:
    """One vote after another, on whatever pairs are served."""
    return [
        answer(arena, rater, hold(arena, rater, seed=seed + n)[0], winner)
        for n, winner in enumerate(winners)
    ]


def make_staff(name: str = "alice") -> Any:
    return get_user_model().objects.create_user(name, password="secret", is_staff=True)


def add_votes(
    arena: Arena,
    rows: Sequence[tuple[str, str, str]],
    kind: str = RaterKind.EXTERNAL,
    prompt: Prompt | None = None,
) -> list[Vote]:
    """Votes without ballots, as (model_a, model_b, winner), each by a rater of its own."""
    imported, _ = Import.objects.get_or_create(arena=arena, filename="votes.csv", rows=1)
    simulated = kind == RaterKind.SIMULATED
    question = arena.questions.get(retired_at=None)
    found = {c.name: c for c in Competitor.objects.filter(entries__arena=arena)}
    return append_all(
        [
            Vote(
                arena=arena,
                question=question,
                rater=Rater.objects.create(kind=kind),
                rater_kind=kind,
                prompt=prompt,
                competitor_a=found[a],
                competitor_b=found[b],
                winner=winner,
                source=Vote.Source.SIMULATED if simulated else Vote.Source.IMPORT,
                imported=None if simulated else imported,
                created_at=NOW,
            )
            for a, b, winner in rows
        ]
    )
