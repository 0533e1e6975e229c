"""Counts as they are kept, and as anybody would count by hand."""

from collections import Counter
from collections.abc import Iterable

from django.db.models import Model

from arenas.ledger.append import append
from arenas.votes.count import CAP, LEAST_WEIGHT
from arenas.votes.models import CountWatermark, Flag, Vote, VoteCount

CELL = ("question", "prompt", "rater_kind", "competitor_a", "competitor_b", "winner")
Cells = dict[tuple[object, ...], tuple[int, int, int]]


def folded() -> Cells:
    """The maintained counts, weights and squares; an empty cell says as much as none."""
    rows = VoteCount.objects.values_list(*CELL, "flagged", "count", "weight", "weight_squared")
    return {row[:-3]: row[-3:] for row in rows if any(row[-3:])}


def counted(watermark: int | None = None) -> Cells:
    """The votes that stand at the watermark (that of the counts), counted one by one."""
    seq = CountWatermark.objects.get().seq if watermark is None else watermark
    votes = Vote.objects.filter(seq__lte=seq)
    revised = votes.exclude(revises=None).values("revises")
    flags = list_standing(Flag.objects.filter(seq__lte=seq))
    sums: dict[tuple[object, ...], Counter[str]] = {}
    for vote in votes.exclude(pk__in=revised).select_related("ballot"):
        weight = weigh(vote)
        cell = tuple(getattr(vote, Vote._meta.get_field(name).attname) for name in CELL)
        total = sums.setdefault((*cell, touches(flags, vote)), Counter())
        total.update(count=1, weight=weight, squares=weight**2)
    return {cell: (s["count"], s["weight"], s["squares"]) for cell, s in sums.items()}


def list_standing(flags: Iterable[Flag]) -> list[Flag]:
    flags = list(flags)
    lifted = {flag.lifts_id for flag in flags}
    return [flag for flag in flags if flag.lifts_id is None and flag.pk not in lifted]


def touches(flags: list[Flag], vote: Vote) -> bool:
    subjects = {
        ("vote", vote.pk),
        ("rater", vote.rater_id),
        ("candidate", vote.candidate_a_id),
        ("candidate", vote.candidate_b_id),
        ("battle", vote.ballot.battle_id if vote.ballot else None),
    }
    names = ("vote", "rater", "candidate", "battle")
    flagged = {(name, getattr(flag, f"{name}_id")) for flag in flags for name in names}
    return any(pk is not None for _, pk in flagged & subjects)


def weigh(vote: Vote) -> int:
    if vote.ballot is None or vote.ballot.uniform_probability is None:
        return 1000
    ratio = vote.ballot.uniform_probability / vote.ballot.probability
    return max(LEAST_WEIGHT, min(CAP, round(1000 * ratio)))


def revise(vote: Vote, winner: str) -> Vote:
    """The rater's change of mind, as another row."""
    revision = Vote.objects.get(pk=vote.pk)
    revision.pk, revision.revision, revision.revises = None, vote.revision + 1, vote
    revision.winner, revision.seq = winner, None
    return append(revision)


def find_subject(vote: Vote, name: str) -> Model:
    """What a flag can be on: the vote, or its rater, candidate_a, candidate_b or battle."""
    if name == "vote":
        return vote
    subject: Model = getattr(vote.ballot if name == "battle" else vote, name)
    return subject
