"""Votes from a file, all of them or none; the same file twice adds nothing."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
from django.db import transaction

from arenas.competitors.models import Competitor
from arenas.definitions.enter import HasLeft, enter_competitors
from arenas.definitions.load import OUTCOMES
from arenas.definitions.models import Arena, Question
from arenas.images.models import ENCODER, RenditionProfile
from arenas.ledger.append import append_all
from arenas.raters.models import Rater, RaterKind
from arenas.suites.load import hash_content
from arenas.suites.models import Prompt
from arenas.votes.files import VoteFileError, read_votes
from arenas.votes.models import Import, Vote

QUESTION = "better"
QUESTION_TEXT = "Which is better?"
BATCH = 5000
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
# What a site's own export tells about where a vote comes from.
ORIGIN = ("rater_kind", "digest")
DIGEST = r"^[0-9a-f]{64}$"
# As long as their columns; a prompt that has no other name may be named by its whole text.
NAME_LENGTHS = {"model_a": 150, "model_b": 150, "rater": 200, "question": 80, "prompt": 100_000}


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did. `added` is 0 where the file had been imported before."""

    arena: Arena
    added: int
    is_repeat: bool


@dataclass(frozen=True, slots=True)
class Names:
    """The rows behind the names that the file uses."""

    competitors: dict[str, Competitor]
    prompts: dict[str, Prompt]
    raters: dict[str, Rater]
    questions: dict[str, Question]


@transaction.atomic
def import_votes(
    slug: str, path: Path, *, create: bool, where: Sequence[str] = (), now: datetime
) -> Imported:
    """Import a vote file into an arena. Raises VoteFileError with the row; then nothing changed."""
    votes = read_votes(path, where=where, optional=ORIGIN)
    check_names(votes)
    check_kinds(votes)
    arena = find_arena(slug, create=create)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    filters = sorted(where)
    if Import.objects.filter(arena=arena, sha256=sha256, filters=filters).exists():
        return Imported(arena, 0, is_repeat=True)
    check_digests(arena, votes)
    names = find_names(arena, votes, create=create, now=now)
    record = Import.objects.create(
        arena=arena, sha256=sha256, filters=filters, filename=path.name[:255], rows=len(votes)
    )
    for batch in votes.iter_slices(BATCH):
        append_all([make_vote(row, arena, names, record, now) for row in batch.to_dicts()])
    return Imported(arena, len(votes), is_repeat=False)


def check_names(votes: pl.DataFrame) -> None:
    for column, length in NAME_LENGTHS.items():
        if column not in votes.columns:
            continue
        name = pl.col(column)
        wrong = votes.filter(
            (name.str.len_chars() > length) | name.str.contains("\0", literal=True)
        )
        if len(wrong):
            raise VoteFileError(
                f"{column} {wrong[column][0][:80]!r}: a name has at most {length} characters, "
                "and none is a zero byte",
                wrong["row"][0],
            )


def check_kinds(votes: pl.DataFrame) -> None:
    """Refuse votes of simulated raters and judges: an import counts as people's votes."""
    if "rater_kind" not in votes.columns:
        return
    kinds = [RaterKind.PERSON.value, RaterKind.EXTERNAL.value]
    wrong = votes.filter(~pl.col("rater_kind").is_in(kinds))
    if len(wrong):
        raise VoteFileError(
            f"rater_kind {wrong['rater_kind'][0]!r}: only people's votes are imported "
            "(--where rater_kind=person)",
            wrong["row"][0],
        )


def check_digests(arena: Arena, votes: pl.DataFrame) -> None:
    """Refuse what was exported from this very arena, which would count twice."""
    if "digest" not in votes.columns:
        return
    ours = votes.filter(pl.col("digest").str.contains(DIGEST)).select("row", "digest")
    for batch in ours.iter_slices(BATCH):
        rows = {bytes.fromhex(digest): row for row, digest in batch.reverse().iter_rows()}
        here = Vote.objects.filter(arena=arena, digest__in=list(rows))
        found = [rows[bytes(digest)] for digest in here.values_list("digest", flat=True)]
        if found:
            raise VoteFileError("this vote is here already", min(found))


def find_arena(slug: str, *, create: bool) -> Arena:
    arena = Arena.objects.filter(slug=slug).first()
    if arena is None and not create:
        raise VoteFileError(f"there is no arena {slug!r} (--create makes one)")
    if arena is None and not SLUG.fullmatch(slug):
        raise VoteFileError(f"{slug!r} cannot be an arena's slug: a-z, 0-9 and -, at most 80")
    return arena or create_arena(slug)


def create_arena(slug: str) -> Arena:
    """An arena for votes that come without images."""
    profile, _ = RenditionProfile.objects.get_or_create(
        width=1024, height=1024, size=256 * 1024, encoder=ENCODER
    )
    arena = Arena.objects.create(
        slug=slug,
        title=slug.replace("-", " ").capitalize(),
        description="Votes imported from a file; their images are not here.",
        outcomes=list(OUTCOMES),
        board_raters=[RaterKind.EXTERNAL, RaterKind.PERSON],
        profile=profile,
    )
    Question.objects.create(arena=arena, key=QUESTION, text=QUESTION_TEXT)
    return arena


def distinct(votes: pl.DataFrame, *columns: str) -> list[str]:
    """The names in these columns, sorted, without the empty ones."""
    present = [votes[column] for column in columns if column in votes.columns]
    if not present:
        return []
    return sorted(pl.concat([s.rename("name") for s in present]).drop_nulls().unique().to_list())


def find_names(arena: Arena, votes: pl.DataFrame, *, create: bool, now: datetime) -> Names:
    competitors = find_competitors(arena, votes, create=create)
    try:
        enter_competitors(arena, list(competitors.values()), now=now)
    except HasLeft as error:
        raise VoteFileError(str(error), first_battle(votes, error.competitor.name)) from error
    return Names(
        competitors=competitors,
        prompts=find_prompts(arena, votes, create=create),
        raters=find_raters(votes),
        questions=find_questions(arena, votes, create=create),
    )


def first_row(votes: pl.DataFrame, column: str, value: str) -> int:
    return int(votes.filter(pl.col(column) == value)["row"][0])


def first_battle(votes: pl.DataFrame, name: str) -> int:
    return int(votes.filter((pl.col("model_a") == name) | (pl.col("model_b") == name))["row"][0])


def find_competitors(arena: Arena, votes: pl.DataFrame, *, create: bool) -> dict[str, Competitor]:
    names = distinct(votes, "model_a", "model_b")
    if not create:
        known = set(arena.entries.values_list("competitor__name", flat=True))
        for name in names:
            if name not in known:
                raise VoteFileError(
                    f"{name!r} is no competitor of arena {arena.slug!r} (--create makes it one)",
                    first_battle(votes, name),
                )
    return {name: Competitor.objects.get_or_create(name=name)[0] for name in names}


def find_prompts(arena: Arena, votes: pl.DataFrame, *, create: bool) -> dict[str, Prompt]:
    names = distinct(votes, "prompt")
    prompts = {p.key: p for p in arena.prompts().filter(key__in=names)} if names else {}
    for name in names:
        if name in prompts:
            continue
        if not create:
            raise VoteFileError(
                f"arena {arena.slug!r} asks no prompt {name!r} (--create makes it)",
                first_row(votes, "prompt", name),
            )
        content = {"id": name, "arena": arena.slug}
        prompts[name], _ = Prompt.objects.get_or_create(
            suite=None,
            content_hash=hash_content(content),
            defaults={"key": name[:200], "turns": [name]},
        )
    return prompts


def find_raters(votes: pl.DataFrame) -> dict[str, Rater]:
    names = distinct(votes, "rater")
    Rater.objects.bulk_create(
        (Rater(kind=RaterKind.EXTERNAL, name=name) for name in names),
        ignore_conflicts=True,
        batch_size=BATCH,
    )
    found = Rater.objects.filter(kind=RaterKind.EXTERNAL, name__in=names)
    return {rater.name: rater for rater in found}


def find_questions(arena: Arena, votes: pl.DataFrame, *, create: bool) -> dict[str, Question]:
    """The questions by key; the one for rows that name none stands under the empty key."""
    current = list(arena.questions.filter(retired_at=None))
    questions = {question.key: question for question in current}
    for name in distinct(votes, "question"):
        if name in questions:
            continue
        if not create:
            raise VoteFileError(
                f"arena {arena.slug!r} asks no question {name!r} (--create makes it)",
                first_row(votes, "question", name),
            )
        questions[name] = Question.objects.create(
            arena=arena, key=name, text=name, position=len(questions)
        )
    return {**questions, "": current[0]}


def make_vote(
    row: dict[str, Any], arena: Arena, names: Names, record: Import, now: datetime
) -> Vote:
    return Vote(
        arena=arena,
        question=names.questions[row.get("question") or ""],
        rater=names.raters.get(row.get("rater") or ""),
        rater_kind=RaterKind.EXTERNAL,
        prompt=names.prompts.get(row.get("prompt") or ""),
        competitor_a=names.competitors[row["model_a"]],
        competitor_b=names.competitors[row["model_b"]],
        winner=row["winner"],
        source=Vote.Source.IMPORT,
        imported=record,
        created_at=row.get("tstamp") or now,
    )
