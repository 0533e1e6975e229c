"""One check in one arena: whom it favours, whether raters do too, and what it saw. Staff only."""

import logging
from dataclasses import dataclass
from decimal import Decimal

from django.db import DatabaseError
from django.db.models import Avg, Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from arenas.candidates.models import Part
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from arenas.exports.write import FORMATS
from arenas.views.access import staff_only
from arenas.views.workbench import send_table
from metrics.checks.base import Measure
from metrics.court.read import PEOPLE, choose_questions
from metrics.leaderboards.board import find_shown
from metrics.leaderboards.forms import METHODS, PAIRS
from metrics.leaderboards.models import Leaderboard, Rating, Snapshot
from metrics.results.example import Example, count_reasons, list_extremes, select_results
from metrics.results.export import export_checks
from metrics.results.models import CheckResult
from metrics.results.near import Repeats, count_repeats
from metrics.results.read import find_check
from metrics.results.summarise import (
    CheckCell,
    CheckColumn,
    find_headline,
    summarise_categories,
)
from metrics.results.versions import compare_versions
from metrics.stats.shares import wilson_bounds
from metrics.views.evidence import Picture, draw_parts
from metrics.views.scatter import Point, Scatter, make_scatter

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Won:
    """How often raters preferred a competitor, ties as half, with Wilson's interval."""

    share: float
    lower: float
    upper: float
    votes: int


@dataclass(frozen=True, slots=True)
class Row:
    """A competitor, numbered as in the plot."""

    number: int
    competitor: Competitor
    cell: CheckCell | None
    won: Won | None
    repeats: Repeats | None


@dataclass(frozen=True, slots=True)
class Shown:
    """An example with its pictures, each with the check's evidence on it."""

    example: Example
    pictures: list[Picture]


@dataclass(frozen=True, slots=True)
class Spent:
    """How many results there are, and on average seconds of a processor and USD of one made."""

    tried: int
    failed: int
    taken_over: int
    processor: float | None
    usd: Decimal | None


@require_safe
@staff_only
def arena_check(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    arena = get_object_or_404(Arena.objects.select_related("suite_version"), slug=slug)
    check = find_check(name)
    if check is None:
        raise Http404("There is no such check, or it cannot be loaded.")
    measure = find_headline(check)
    category = request.GET.get("category", "")
    categories = list_categories(arena)
    if category not in ("", *categories):
        raise Http404("There is no such category.")
    asked = [category] if category else ["", *categories]
    about = {"arena": arena, "name": name, "check": check, "measure": measure, "category": category}
    try:
        columns = summarise_categories(arena, name, asked)
    except DatabaseError:
        raise
    except Exception as error:  # a plug-in may raise anything
        logger.exception("the check %s cannot be summed up in %s", name, arena.slug)
        trouble = f"{type(error).__name__}: {error}"
        return render(request, "metrics/arena_check.html", {**about, "trouble": trouble})
    column = columns[category]
    snapshot = find_votes(arena, name, category)
    rows = list_rows(arena, name, column, snapshot)
    results = select_results(arena, name, check, category)
    worst, best = list_extremes(results, check)
    context = {
        **about,
        "categories": categories,
        "column": column,
        "rows": rows,
        "snapshot": snapshot,
        "people": snapshot is not None and snapshot.leaderboard.rater_kinds == PEOPLE,
        "scatter": plot(rows, measure),
        "by_category": [] if category else [(each, columns[each]) for each in categories],
        "spent": measure_spent(results),
        "reasons": count_reasons(results),
        "versions": compare_versions(arena, name),
        "extremes": [
            ("Worst" if measure.better else "Lowest", [show(each) for each in worst]),
            ("Best" if measure.better else "Highest", [show(each) for each in best]),
        ],
    }
    return render(request, "metrics/arena_check.html", context)


@require_safe
@staff_only
def export(request: HttpRequest, slug: str, format_name: str) -> HttpResponseBase:
    """All results as a download."""
    arena = get_object_or_404(Arena, slug=slug)
    if format_name not in FORMATS:
        raise Http404("There is no such export.")
    return send_table(export_checks(arena), f"{arena.slug}-checks", format_name)


def list_categories(arena: Arena) -> list[str]:
    found = arena.prompts().exclude(category="").values_list("category", flat=True)
    return list(dict.fromkeys(found))


def find_votes(arena: Arena, name: str, category: str) -> Snapshot | None:
    """What people said to the question that the check is held against; else what the board shows.

    None where nobody has voted.
    """
    asked = arena.questions.filter(retired_at=None).order_by("position", "id")
    questions = choose_questions(list(asked), name)
    for kinds in (PEOPLE, sorted(arena.board_raters)):
        boards = Leaderboard.objects.filter(
            question__in=questions,
            category=category,
            rater_kinds=kinds,
            method=METHODS[PAIRS],
            params={},
        )
        snapshot = find_shown(boards)
        if snapshot and snapshot.votes:
            return snapshot
    return None


def list_rows(arena: Arena, name: str, column: CheckColumn, snapshot: Snapshot | None) -> list[Row]:
    """The arena's competitors, those first whom the check likes best."""
    ratings = {each.competitor_id: each for each in snapshot.ratings.all()} if snapshot else {}
    repeats = count_repeats(arena) if name == "technical" else {}
    sign = column.measure.better or 1
    means = {pk: cell.mean for pk, cell in column.cells.items()}

    def place(competitor: Competitor) -> tuple[bool, float, str]:
        mean = means.get(competitor.pk)
        return mean is None, -sign * (mean or 0), competitor.name

    return [
        Row(
            number,
            competitor,
            column.cells.get(competitor.pk),
            count_won(ratings.get(competitor.pk)),
            repeats.get(competitor.pk),
        )
        for number, competitor in enumerate(sorted(arena.competitors(), key=place), 1)
    ]


def count_won(rating: Rating | None) -> Won | None:
    if rating is None or not rating.votes:
        return None
    share = (rating.wins + (rating.ties + rating.both_bad) / 2) / rating.votes
    return Won(share, *wilson_bounds(share, rating.votes, 0.95), rating.votes)


def plot(rows: list[Row], measure: Measure) -> Scatter | None:
    points = [
        Point(
            row.number,
            row.competitor.name,
            estimate.value,
            row.won.share,
            None if estimate.lower is None or estimate.upper is None
            else (estimate.lower, estimate.upper),
            (row.won.lower, row.won.upper),
        )
        for row in rows
        if row.won and row.cell and (estimate := row.cell.estimate)
    ]  # fmt: skip
    return make_scatter(points, low=measure.low, high=measure.high)


def measure_spent(results: QuerySet[CheckResult]) -> Spent:
    own = Q(copied=False)
    return Spent(
        **results.aggregate(
            tried=Count("pk"),
            failed=Count("pk", filter=~Q(not_measurable="")),
            taken_over=Count("pk", filter=Q(copied=True)),
            processor=Avg("cpu_seconds", filter=own),
            usd=Avg("cost_usd", filter=own),
        )
    )


def show(example: Example) -> Shown:
    parts: list[tuple[Part, Picture | None]] = draw_parts(
        example.result.candidate, [example.result]
    )
    return Shown(example, [picture for _, picture in parts if picture])
