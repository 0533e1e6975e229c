"""A series of checkpoints: where each stands, by its step, on every board that rates any."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, QuerySet

from arenas.competitors.lineage import list_suites_seen
from arenas.competitors.models import Competitor
from arenas.definitions.models import Question
from metrics.leaderboards.board import find_shown
from metrics.leaderboards.forms import EACH, METHODS, list_forms
from metrics.leaderboards.models import Leaderboard, Rating, Snapshot


@dataclass(frozen=True, slots=True)
class Curve:
    """The ratings of one board's snapshot, by step; of members without a step none."""

    snapshot: Snapshot
    form: str
    ratings: tuple[Rating, ...]

    @property
    def question(self) -> Question:
        return self.snapshot.leaderboard.question


def list_members(series: str) -> QuerySet[Competitor]:
    """The competitors of the series by step, those without one last."""
    if "\0" in series or not series:  # no row can have such a name
        return Competitor.objects.none()
    members = Competitor.objects.filter(series=series).select_related("parent")
    return members.order_by(F("step").asc(nulls_last=True), "name")


def read_curves(members: Sequence[Competitor]) -> list[Curve]:
    """A curve for each current question and form whose board has a vote on any of the members."""
    questions = Question.objects.filter(retired_at=None, arena__entries__competitor__in=members)
    ordered = questions.select_related("arena").order_by("arena__slug", "position", "pk")
    found = [
        Curve(snapshot, form, select_ratings(snapshot, members))
        for question in ordered.distinct()
        for form, snapshot in find_snapshots(question)
    ]
    return [curve for curve in found if curve.ratings]


def find_snapshots(question: Question) -> Iterator[tuple[str, Snapshot]]:
    """What the arena's board of all prompts shows, by its own choice of raters."""
    for form in list_forms(question.arena, question):
        boards = Leaderboard.objects.filter(
            question=question,
            category="",
            rater_kinds=sorted(question.arena.board_raters),
            method=METHODS[form],
            params={},
        )
        if form != EACH and (snapshot := find_shown(boards)):
            yield form, snapshot


def select_ratings(snapshot: Snapshot, members: Sequence[Competitor]) -> tuple[Rating, ...]:
    rated = snapshot.ratings.filter(
        competitor__in=members, competitor__step__isnull=False, votes__gt=0
    )
    return tuple(rated.select_related("competitor").order_by("competitor__step", "competitor"))


def describe_series(series: str) -> dict[str, Any]:
    """The series as data: its members with their lineage, and its curves."""
    members = list(list_members(series))
    return {
        "series": series,
        "members": [describe_member(each) for each in members],
        "curves": [describe_curve(curve) for curve in read_curves(members)],
    }


def describe_member(member: Competitor) -> dict[str, Any]:
    return {
        "name": member.name,
        "step": member.step,
        "parent": member.parent.name if member.parent else None,
        "trained_on": member.trained_on,
        "suites_seen": sorted(list_suites_seen(member)),
    }


def describe_curve(curve: Curve) -> dict[str, Any]:
    return {
        "arena": curve.question.arena.slug,
        "question": curve.question.key,
        "form": curve.form,
        "snapshot": curve.snapshot.pk,
        "watermark": curve.snapshot.watermark,
        "points": [describe_point(rating) for rating in curve.ratings],
    }


def describe_point(rating: Rating) -> dict[str, Any]:
    return {
        "model": rating.competitor.name,
        "step": rating.competitor.step,
        "rating": rating.rating,
        "rating_lower": rating.rating_lower,
        "rating_upper": rating.rating_upper,
        "band_lower": rating.band_lower,
        "band_upper": rating.band_upper,
        "rank": rating.rank,
        "component": rating.component,
        "votes": rating.votes,
    }
