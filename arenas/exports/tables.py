"""The raw data as tables: votes and candidates."""

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import polars as pl
from django.db.models import Max, QuerySet, Sum
from django.db.models.functions import Coalesce

from arenas.battles.models import Ballot
from arenas.candidates.models import Attempt, Candidate, Part
from arenas.candidates.plan import select_entered
from arenas.definitions.models import Arena
from arenas.votes.flag import read_marks
from arenas.votes.models import STANDING, Comment, Vote

VOTES = {
    "seq": pl.Int64,
    "model_a": pl.String,
    "model_b": pl.String,
    "sample_a": pl.Int64,
    "sample_b": pl.Int64,
    "winner": pl.String,
    "question": pl.String,
    "prompt": pl.String,
    "category": pl.String,
    "rater": pl.String,
    "rater_kind": pl.String,
    "source": pl.String,
    "tstamp": pl.String,
    "response_ms": pl.Int64,
    "tools": pl.String,
    "policy": pl.String,
    "arm": pl.String,
    "probability": pl.Float64,
    "uniform_probability": pl.Float64,
    "kind": pl.String,
    "revision": pl.Int64,
    "board": pl.String,
    "models": pl.String,
    "ranking": pl.String,
    "answers": pl.String,
    "strength": pl.Int64,
    "reasons": pl.String,
    "spots": pl.String,
    "comment": pl.String,
    "flags": pl.String,
    "digest": pl.String,
}
CANDIDATES = {
    "prompt": pl.String,
    "category": pl.String,
    "model": pl.String,
    "provider": pl.String,
    "sample": pl.Int64,
    "status": pl.String,
    "reason": pl.String,
    "model_version": pl.String,
    "response_id": pl.String,
    "usage": pl.String,
    "details": pl.String,
    "cost_usd": pl.Float64,
    "cost_estimated": pl.Boolean,
    "paid_usd": pl.Float64,
    "seconds": pl.Float64,
    "attempts": pl.Int64,
    "paths": pl.String,
    "withdrawn": pl.Boolean,
}


def export_votes(arena: Arena) -> pl.DataFrame:
    """Every vote that stands, in the order of the ledger; unsealed ones last, without `seq`."""
    rows = current_votes(arena).order_by("seq", "pk")
    marks, makers = read_marks(), name_makers(arena)
    return pl.DataFrame(
        (
            {**vote_row(vote), **answer_row(vote, makers), "flags": " ".join(marks.on(vote))}
            for vote in rows.iterator(5000)
        ),
        schema=VOTES,
    )


def name_makers(arena: Arena) -> dict[int, str]:
    """Who made which candidate, of all that ever entered the arena."""
    made = Candidate.objects.filter(competitor__entries__arena=arena)
    return dict(made.values_list("pk", "competitor__name"))


def current_votes(arena: Arena) -> QuerySet[Vote]:
    related = (
        "question", "prompt", "rater", "competitor_a", "competitor_b", "candidate_a",
        "candidate_b", "ballot", "comment",
    )  # fmt: skip
    return Vote.objects.filter(STANDING, arena=arena).select_related(*related)


def vote_row(vote: Vote) -> dict[str, object]:
    return {
        "seq": vote.seq,
        "model_a": vote.competitor_a.name,
        "model_b": vote.competitor_b.name,
        "sample_a": vote.candidate_a.sample if vote.candidate_a else None,
        "sample_b": vote.candidate_b.sample if vote.candidate_b else None,
        "winner": vote.winner,
        "question": vote.question.key,
        "prompt": vote.prompt.key if vote.prompt else None,
        "category": vote.prompt.category if vote.prompt else None,
        # An import's rater is named in its file; everybody else is a random key.
        "rater": (vote.rater.name or vote.rater.key) if vote.rater else None,
        "rater_kind": vote.rater_kind,
        "source": vote.source,
        "tstamp": vote.created_at.isoformat(),
        "response_ms": vote.response_ms,
        "tools": " ".join(vote.tools),
        "policy": vote.ballot.policy if vote.ballot else None,
        "arm": vote.ballot.arm if vote.ballot else None,
        "probability": vote.ballot.probability if vote.ballot else None,
        "uniform_probability": vote.ballot.uniform_probability if vote.ballot else None,
        "kind": vote.ballot.kind if vote.ballot else None,
        "revision": vote.revision,
        "board": find_board(vote),
        "digest": bytes(vote.digest).hex(),
    }


def find_board(vote: Vote) -> str:
    """On which boards the vote can count: pairs, orders or each; "" for none.

    Gold, repeats and practice count on none, nor do two samples of one competitor.
    """
    if vote.ballot and vote.ballot.kind != Ballot.Kind.NORMAL:
        return ""
    if vote.competitor_a_id == vote.competitor_b_id:
        return ""
    return "pairs" if vote.winner else "orders" if vote.ranking else "each"


def answer_row(vote: Vote, makers: Mapping[int, str]) -> dict[str, object]:
    """What was said beside the winner; lists are JSON, in the order of the slots."""
    comment: Comment | None = getattr(vote, "comment", None)
    shown = vote.ballot.candidates if vote.ballot and not vote.winner else None
    return {
        "models": shown and dump([makers.get(pk, "") for pk in shown]),
        "ranking": vote.ranking and dump(vote.ranking),
        "answers": vote.answers and dump(vote.answers),
        "strength": vote.strength,
        "reasons": dump(vote.reasons) if vote.reasons else None,
        "spots": dump(vote.spots) if vote.spots else None,
        "comment": comment.text if comment else None,
    }


def dump(values: Sequence[object]) -> str:
    return json.dumps(values, ensure_ascii=False)


def export_candidates(arena: Arena) -> pl.DataFrame:
    """Every candidate of the arena, with what became of it and where its images lie.

    Those of competitors that have left are among them, as their votes are among the votes.
    """
    rows = (
        select_entered(arena)
        .select_related("prompt", "competitor")
        .order_by("prompt__key", "competitor__name", "sample")
    )
    left = set(arena.entries.exclude(withdrawn_at=None).values_list("competitor", flat=True))
    return pl.DataFrame(
        ({**cells, "withdrawn": row.competitor_id in left} for row, cells in candidate_rows(rows)),
        schema=CANDIDATES,
    )


def image_paths(candidates: QuerySet[Candidate]) -> dict[int, str]:
    """The stored originals of each candidate's images, in order, below the media root."""
    paths: dict[int, list[str]] = {}
    parts = Part.objects.filter(candidate__in=candidates.order_by().values("pk"), thought=False)
    for part in parts.exclude(image=None).select_related("image").order_by("turn", "position"):
        if part.image:
            paths.setdefault(part.candidate_id, []).append(part.image.path)
    return {candidate: " ".join(found) for candidate, found in paths.items()}


def sum_payments(candidates: QuerySet[Candidate]) -> dict[int, Decimal]:
    """By candidate, USD of all its attempts: what was paid, or may have been."""
    usd = Coalesce("cost_usd", "estimate_usd")
    attempts = Attempt.objects.filter(candidate__in=candidates.order_by().values("pk"))
    return dict(attempts.order_by().values_list("candidate").annotate(usd=Sum(usd)))


def candidate_rows(
    candidates: QuerySet[Candidate],
) -> Iterator[tuple[Candidate, dict[str, object]]]:
    """Each candidate as a row; its own answer's cost, and what all its attempts cost."""
    paths, payments = image_paths(candidates), sum_payments(candidates)
    for row in candidates:
        yield row, candidate_row(row, paths, payments.get(row.pk, Decimal(0)))


def candidate_row(row: Candidate, paths: dict[int, str], paid: Decimal) -> dict[str, object]:
    return {
        "prompt": row.prompt.key,
        "category": row.prompt.category,
        "model": row.competitor.name,
        "provider": row.competitor.provider,
        "sample": row.sample,
        "status": row.status,
        "reason": row.reason,
        "model_version": row.model_version,
        "response_id": row.response_id,
        "usage": json.dumps(row.usage, sort_keys=True),
        "details": json.dumps(row.details, sort_keys=True),
        "cost_usd": None if row.cost_usd is None else float(row.cost_usd),
        "cost_estimated": row.cost_estimated,
        "paid_usd": float(paid),
        "seconds": row.seconds,
        "attempts": row.attempts_made,
        "paths": paths.get(row.pk, ""),
    }


def last_seq(arena: Arena) -> int:
    """The newest sealed vote's number, which names the state that an export shows."""
    newest: int | None = Vote.objects.filter(arena=arena).aggregate(newest=Max("seq"))["newest"]
    return newest or 0
