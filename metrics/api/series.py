"""Series of checkpoints over the API."""

from typing import Any

from django.http import Http404, HttpRequest
from ninja import Router, Schema

from metrics.api.tokens import STAFF
from metrics.leaderboards.series import describe_series

router = Router(tags=["series"], auth=STAFF)


class MemberOut(Schema):
    """`trained_on` is as its file says; `suites_seen` has what its ancestors learned from, too."""

    name: str
    step: int | None
    parent: str | None
    trained_on: list[str]
    suites_seen: list[str]


class PointOut(Schema):
    """Interval and band as on the board; ratings of different `component`s cannot be compared."""

    model: str
    step: int
    rating: float
    rating_lower: float | None
    rating_upper: float | None
    band_lower: float | None
    band_upper: float | None
    rank: int | None
    component: int
    votes: int


class CurveOut(Schema):
    arena: str
    question: str
    form: str
    snapshot: int
    watermark: int
    points: list[PointOut]


class SeriesOut(Schema):
    series: str
    members: list[MemberOut]
    curves: list[CurveOut]


@router.get("/series/{path:series}", response=SeriesOut)
def show_series(request: HttpRequest, series: str) -> dict[str, Any]:
    """Its members by step, and a curve for each board that rates any. Staff only."""
    found = describe_series(series)
    if not found["members"]:
        raise Http404("There is no such series.")
    return found
