"""Votes to a frozen snapshot: read up to a watermark, rate, store with all settings."""

import math
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet, Value

from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena, Question
from arenas.ledger.models import Block
from arenas.votes.models import Vote
from metrics.leaderboards.models import Leaderboard, Rating, Snapshot
from metrics.stats.comparisons import Comparisons, Outcome
from metrics.stats.methods.base import make_method
from metrics.stats.ranks import RankRule
from metrics.stats.rate import rate
from metrics.stats.ratings import RatedModel, Ratings
from metrics.stats.winrates import WinRates, win_rates

WINNERS = {"model_a": Outcome.MODEL_A, "model_b": Outcome.MODEL_B,
           "tie": Outcome.TIE, "both_bad": Outcome.BOTH_BAD}  # fmt: skip

# Each connected set of competitors is ranked by itself.
RULE = RankRule(main_only=False)


def find_leaderboard(
    arena: Arena,
    question: Question,
    *,
    category: str = "",
    rater_kinds: list[str] | None = None,
    method: str = "bradley_terry",
) -> Leaderboard:
    """The definition with these settings, made when it is new."""
    leaderboard, _ = Leaderboard.objects.get_or_create(
        arena=arena,
        question=question,
        category=category,
        rater_kinds=sorted(rater_kinds or arena.board_raters),
        method=method,
        params={},
    )
    return leaderboard


def build_snapshot(leaderboard: Leaderboard) -> Snapshot:
    """Rate the sealed votes and freeze the result. Votes cast meanwhile are in the next one."""
    last = Block.objects.order_by("last_seq").last()
    watermark = last.last_seq if last else 0
    competitors = {
        competitor.pk: competitor
        for competitor in Competitor.objects.filter(entries__arena=leaderboard.arena)
    }
    comparisons = read_comparisons(leaderboard, watermark, list(competitors))
    if not comparisons.votes:
        return freeze_empty(leaderboard, watermark)
    ratings = rate(comparisons, method=leaderboard.method, rule=RULE)
    return freeze(leaderboard, watermark, ratings, win_rates(comparisons), competitors)


def freeze_empty(leaderboard: Leaderboard, watermark: int) -> Snapshot:
    """A board without votes says so: it has no rows."""
    return Snapshot.objects.create(
        leaderboard=leaderboard,
        watermark=watermark,
        votes=0,
        settings={"method": leaderboard.method},
        code_version=settings.VERSION,
    )


def select_votes(leaderboard: Leaderboard, watermark: int) -> QuerySet[Vote]:
    """The votes that the leaderboard counts: those that stand, on the arena's present prompts."""
    arena = leaderboard.arena
    votes = Vote.objects.filter(
        Q(revised_by=None) | Q(revised_by__seq=None) | Q(revised_by__seq__gt=watermark),
        arena=arena,
        question=leaderboard.question,
        rater_kind__in=leaderboard.rater_kinds,
        seq__lte=watermark,
    )
    if arena.suite_version_id:
        votes = votes.filter(Q(prompt=None) | Q(prompt__in=arena.prompts().order_by().values("pk")))
    if leaderboard.category:
        votes = votes.filter(prompt__category=leaderboard.category)
    return votes


def read_comparisons(
    leaderboard: Leaderboard, watermark: int, competitors: list[int]
) -> Comparisons:
    """The votes as aggregated arrays, clustered by prompt and rater; models are ids as text."""
    votes = select_votes(leaderboard, watermark).filter(
        competitor_a__in=competitors, competitor_b__in=competitors
    )
    # Two samples of one competitor (A/A) say nothing about its rating.
    votes = votes.exclude(competitor_a=F("competitor_b"))
    columns = ("competitor_a_id", "competitor_b_id", "winner", "prompt_id", "rater_id")
    in_order = make_method(leaderboard.method).needs_order
    if in_order:
        rows = list(votes.order_by("seq").annotate(n=Value(1)).values_list(*columns, "n"))
    else:
        rows = list(votes.order_by().values_list(*columns).annotate(n=Count("pk")))
    index = {pk: code for code, pk in enumerate(competitors)}
    return Comparisons.from_codes(
        [str(pk) for pk in competitors],
        [index[row[0]] for row in rows],
        [index[row[1]] for row in rows],
        [WINNERS[row[2]] for row in rows],
        weight=[row[5] for row in rows],
        clusters={
            "prompt": [-1 if row[3] is None else row[3] for row in rows],
            "rater": [-1 if row[4] is None else row[4] for row in rows],
        },
        in_order=in_order,
    )


@transaction.atomic
def freeze(
    leaderboard: Leaderboard,
    watermark: int,
    ratings: Ratings,
    rates: WinRates,
    competitors: dict[int, Competitor],
) -> Snapshot:
    rows = ratings.rows
    snapshot = Snapshot.objects.create(
        leaderboard=leaderboard,
        watermark=watermark,
        votes=round(sum(row.votes for row in rows) / 2),
        settings=asdict(ratings.settings),
        code_version=settings.VERSION,
        win_rates=describe_rates(rates),
    )
    Rating.objects.bulk_create(
        make_rating(snapshot, position, row, competitors[int(row.model)])
        for position, row in enumerate(rows)
    )
    return snapshot


def describe_rates(rates: WinRates) -> dict[str, Any]:
    """The win-rate table by competitors' ids, null where two never met."""
    return {
        "competitors": [int(model) for model in rates.models],
        "rate": [[None if math.isnan(x) else x for x in row] for row in rates.rate.tolist()],
        "votes": rates.votes.tolist(),
    }


def make_rating(
    snapshot: Snapshot, position: int, row: RatedModel, competitor: Competitor
) -> Rating:
    return Rating(
        snapshot=snapshot,
        competitor=competitor,
        position=position,
        component=row.component,
        rating=row.rating,
        rating_lower=row.rating_lower,
        rating_upper=row.rating_upper,
        rank=row.rank,
        rank_lower=row.rank_lower,
        rank_upper=row.rank_upper,
        no_rank=row.no_rank,
        votes=round(row.votes),
        wins=round(row.wins),
        losses=round(row.losses),
        ties=round(row.ties),
        both_bad=round(row.both_bad),
    )
