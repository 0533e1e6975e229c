"""Write preference pairs with their card, all of it or nothing, and remember that they left."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
from django.conf import settings
from django.db import transaction

from arenas.definitions.models import Arena
from arenas.exports.card import About, Part, write_card
from arenas.exports.models import PreferenceExport
from arenas.exports.preferences import Preferences, Wanted, read_preferences
from arenas.exports.split import Split, Task, choose_test
from arenas.exports.tables import last_seq
from arenas.exports.write import write_format, write_together
from arenas.suites.alike import hash_task, list_traits
from arenas.suites.models import Prompt


@dataclass(frozen=True, slots=True)
class Asked:
    """What to write, and where; with a split there are two files, named after this one."""

    output: Path
    format_name: str
    wanted: Wanted
    split: Split | None = None

    def name_file(self, part: str) -> Path:
        return self.output.with_name(f"{self.output.stem}.{part}{self.output.suffix}")

    @property
    def card(self) -> Path:
        return self.output.with_name(f"{self.output.stem}.card.md")


@dataclass(frozen=True, slots=True)
class Released:
    """What was written: how many rows in each file, and what the site remembers of it."""

    rows: Mapping[Path, int]
    made: Preferences
    export: PreferenceExport


@transaction.atomic
def release_preferences(arena: Arena, asked: Asked, *, by: str, now: datetime) -> Released:
    """Raises OSError where a file cannot be written; then none is, and nothing is remembered."""
    watermark, made = last_seq(arena), read_preferences(arena, asked.wanted)
    tables = dict(split_rows(made, asked))
    parts = [describe_part(path, made, rows) for path, rows in tables.items()]
    export = remember(
        arena, made, by=by, now=now, **describe_asked(asked, watermark=watermark, parts=parts)
    )
    about = About(
        arena, asked.wanted, asked.split, parts, export.digest, watermark, by, now, settings.VERSION
    )
    write_together(
        {
            **{
                path: partial(write_format, pick(made, rows), format_name=asked.format_name)
                for path, rows in tables.items()
            },
            asked.card: partial(write_text, write_card(made, about)),
        }
    )
    return Released({path: len(rows) for path, rows in tables.items()}, made, export)


@transaction.atomic
def take_preferences(arena: Arena, format_name: str, *, by: str, now: datetime) -> pl.DataFrame:
    """The rows as a command without options writes them, for a page; remembered as well."""
    asked = Asked(Path(), format_name, Wanted())
    watermark, made = last_seq(arena), read_preferences(arena, asked.wanted)
    remember(arena, made, by=by, now=now, **describe_asked(asked, watermark=watermark))
    return made.table


def split_rows(made: Preferences, asked: Asked) -> Iterator[tuple[Path, Sequence[int]]]:
    """The files, each with the numbers of its rows."""
    numbers = range(len(made.prompts))
    if asked.split is None:
        yield asked.output, numbers
        return
    held_out = choose_test(read_tasks(), asked.split)
    for part, tested in (("train", False), ("test", True)):
        yield (
            asked.name_file(part),
            [n for n in numbers if (made.prompts[n] in held_out) == tested],
        )


def read_tasks() -> list[Task]:
    """Every prompt of the site: what connects two need not be in this export."""
    prompts = Prompt.objects.prefetch_related("references__image")
    return [Task(each.pk, hash_task(each), list_traits(each)) for each in prompts]


def pick(made: Preferences, rows: Sequence[int]) -> pl.DataFrame:
    return made.table[pl.Series(rows, dtype=pl.UInt32)]


def describe_part(path: Path, made: Preferences, rows: Sequence[int]) -> Part:
    return Part(path.name, len(rows), len({made.prompts[n] for n in rows}))


def describe_asked(asked: Asked, *, watermark: int, parts: Sequence[Part] = ()) -> dict[str, Any]:
    return {
        "wanted": asdict(asked.wanted),
        "split": asked.split and asdict(asked.split),
        "format": asked.format_name,
        "watermark": watermark,
        "parts": [asdict(part) for part in parts],
    }


def remember(
    arena: Arena, made: Preferences, *, by: str, now: datetime, **said: Any
) -> PreferenceExport:
    """The row that says what left the site, by which a competitor's lineage may name it."""
    return PreferenceExport.objects.create(
        arena=arena,
        suite_version=arena.suite_version,
        digest=hash_rows(made.table),
        rows=len(made.table),
        prompts=len(set(made.prompts)),
        settings=said,
        made_by=by,
        made_at=now,
    )


def hash_rows(table: pl.DataFrame) -> str:
    """The SHA-256 of the rows in order, the same in every format and split."""
    digest = hashlib.sha256()
    for row in table.iter_rows(named=True):
        digest.update(json.dumps(row, sort_keys=True, ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()


def write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")
