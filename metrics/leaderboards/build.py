"""Votes to a frozen snapshot: read up to a watermark, rate, store with all settings."""

from django.conf import settings
from django.db import transaction

from arenas.definitions.models import Arena, Question
from arenas.votes.count import fold_counts
from metrics.leaderboards.build_orders import freeze_orders
from metrics.leaderboards.build_shares import freeze_shares
from metrics.leaderboards.forms import EACH, ORDERS, choose_method, find_form
from metrics.leaderboards.models import Leaderboard, Snapshot
from metrics.leaderboards.read import compare_votes, count_votes, read_counts, read_votes
from metrics.leaderboards.store import DEFAULTS, RULE, store_ratings
from metrics.stats.comparisons import Comparisons
from metrics.stats.methods.base import make_method
from metrics.stats.rate import rate
from metrics.stats.ratings import Ratings
from metrics.stats.winrates import win_rates

# So many votes are read one by one in about a second; of more, a refresh reads the counts.
AT_ONCE = 200_000

# What compare_votes takes.
VOTES_CLUSTERED = ("a", "b", "outcome", "weight", "prompt", "rater")

# Where votes chose the pairs, weights in the fit itself would cost most of what that gains.
WEIGHTED = {"bradley_terry": "rescaled"}

FREEZERS = {ORDERS: freeze_orders, EACH: freeze_shares}


def find_leaderboard(
    arena: Arena,
    question: Question,
    *,
    category: str = "",
    rater_kinds: list[str] | None = None,
    method: str | None = None,
    flagged: str = "exclude",
    prompts: str = "sample",
) -> Leaderboard:
    """The definition with these settings, made when it is new.

    Without a `method` it is the one for the question's form. `flagged` is exclude or include;
    `prompts` is sample (of all that could be asked) or fixed.
    """
    params = {"flagged": flagged, "prompts": prompts}
    leaderboard, _ = Leaderboard.objects.get_or_create(
        arena=arena,
        question=question,
        category=category,
        rater_kinds=sorted(rater_kinds or arena.board_raters),
        method=method or choose_method(question),
        params={name: value for name, value in params.items() if value != DEFAULTS[name]},
    )
    return leaderboard


def build_snapshot(board: Leaderboard) -> Snapshot:
    """Rate the sealed votes and freeze the result. Votes cast meanwhile are in the next one.

    Intervals are clustered by prompt and rater. Where that would take long, the snapshot comes
    from the counts, clustered by prompt alone, and says in its settings that it is not complete.
    """
    if freeze_ballots := FREEZERS.get(find_form(board)):
        return freeze_ballots(board, fold_counts())
    with transaction.atomic():
        watermark = fold_counts()  # the counts stay there until the transaction ends
        if has_many(board) and not make_method(board.method).needs_order:
            by_prompt = board.params.get("prompts") != "fixed"
            counts = read_counts(board, by_prompt=by_prompt)
        else:
            counts = None
    return freeze(board, watermark, counts or read_clustered(board, watermark))


def has_many(board: Leaderboard) -> bool:
    """Whether the board has more votes than are read at once; the newest snapshot may know."""
    newest = board.snapshots.first()
    return bool(newest and newest.votes > AT_ONCE) or count_votes(board) > AT_ONCE


def complete_snapshot(snapshot: Snapshot) -> Snapshot:
    """The same board at the same watermark, from the single votes, clustered two ways."""
    board = snapshot.leaderboard
    return freeze(board, snapshot.watermark, read_clustered(board, snapshot.watermark))


def read_clustered(board: Leaderboard, watermark: int) -> Comparisons:
    """The single votes, clustered by prompt and rater."""
    votes = read_votes(board, watermark, *VOTES_CLUSTERED)
    return compare_votes(board, votes, in_order=make_method(board.method).needs_order)


def rate_board(board: Leaderboard, comparisons: Comparisons) -> Ratings:
    """Ratings as the board defines them. Raises NotConverged, and ValueError without votes."""
    prompts = board.params.get("prompts", DEFAULTS["prompts"])
    weighted = comparisons.importance is not None
    method = WEIGHTED.get(board.method, board.method) if weighted else board.method
    return rate(comparisons, method=method, rule=RULE, prompts=prompts, mean="established")


def freeze(board: Leaderboard, watermark: int, comparisons: Comparisons) -> Snapshot:
    """The stored result; a board without votes says so by having no rows."""
    snapshot = Snapshot(
        leaderboard=board,
        watermark=watermark,
        votes=round(comparisons.votes),
        settings={"method": board.method, "complete": True},
        code_version=settings.VERSION,
    )
    if not comparisons.votes:
        snapshot.save()
        return snapshot
    ratings = rate_board(board, comparisons)
    complete = "rater" in comparisons.clusters
    return store_ratings(snapshot, ratings, win_rates(comparisons), complete=complete)
