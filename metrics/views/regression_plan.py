"""The planner of regression evals: what it takes to notice a difference. Staff only."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from arenas.views.access import staff_only
from metrics.regressions.models import RegressionEval
from metrics.regressions.planner import POWER, CannotPlan, Planned, Wish, make_plan

WIDTH, HEIGHT = 400, 210
LEFT, RIGHT, TOP, BOTTOM = 46, 18, 10, 26
TICKS = (0, 25, 50, 75, 100)


@dataclass(frozen=True, slots=True)
class Curve:
    """The power curve in pixels: its line, dots with words, and where the plan is."""

    line: str
    dots: list[tuple[float, float, str]]
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, int]]
    planned: tuple[float, float]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


class WishForm(forms.Form):
    """What is asked; the names are those of the command."""

    eval = forms.CharField(required=False, max_length=60)
    unit = forms.CharField(required=False, max_length=100)
    difference = forms.FloatField(required=False, min_value=1e-9, max_value=1e6)
    power = forms.FloatField(required=False, min_value=0.05, max_value=0.999)
    error = forms.FloatField(required=False, min_value=0.0001, max_value=0.5)
    prompts = forms.IntegerField(required=False, min_value=1, max_value=1_000_000)
    samples = forms.IntegerField(required=False, min_value=1, max_value=100)
    baseline_samples = forms.IntegerField(required=False, min_value=1, max_value=100)
    votes = forms.IntegerField(required=False, min_value=1, max_value=100)
    price_image = forms.FloatField(required=False, min_value=0, max_value=10_000)
    price_vote = forms.FloatField(required=False, min_value=0, max_value=10_000)

    @property
    def wish(self) -> Wish:
        given: dict[str, Any] = {**self.cleaned_data}
        del given["eval"]
        given["power"] = given["power"] or POWER
        return Wish(**given)


@never_cache
@require_safe
@staff_only
def plan_page(request: HttpRequest) -> HttpResponse:
    form = WishForm(request.GET)
    planned, error = answer(form)
    evals = RegressionEval.objects.all()
    context = {
        "form": form,
        "evals": evals,
        "units": list_units(request.GET.get("eval", "")),
        "planned": planned,
        "curve": draw_curve(planned) if planned else None,
        "error": error,
    }
    return render(request, "metrics/regression_plan.html", context, status=400 if error else 200)


def answer(form: WishForm) -> tuple[Planned | None, str]:
    """The plan, or why there is none."""
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        return None, f"{name.replace('_', ' ')}: {errors[0]}"
    named = form.cleaned_data["eval"]
    evaluation = RegressionEval.objects.filter(name=named).first() if named else None
    if named and evaluation is None:
        return None, f"there is no regression eval {named!r}"
    try:
        return make_plan(evaluation, form.wish), ""
    except CannotPlan as error:
        return None, str(error)


def list_units(name: str) -> list[str]:
    """What can be asked about: people's votes, and the eval's other criteria."""
    found = RegressionEval.objects.filter(name=name).first() if name else None
    criteria = found.shape.criteria if found else ()
    return ["points", "elo", *(each.name for each in criteria if not each.is_human)]


def draw_curve(planned: Planned) -> Curve:
    """How likely runs are to decide, by the true difference from the threshold."""
    stops = planned.plan.curve
    farthest = stops[-1].difference

    def place(difference: float, power: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - RIGHT) * difference / farthest
        return round(x, 1), round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * power, 1)

    places = [place(stop.difference, stop.power) for stop in stops]
    words = [
        f"{planned.scale * stop.difference:.3g} {planned.unit}: decided in "
        f"{100 * stop.power:.0f} %, after {stop.prompts:,.0f} prompts on average"
        for stop in stops
    ]
    return Curve(
        line="M" + " L".join(f"{x} {y}" for x, y in places),
        dots=[(x, y, said) for (x, y), said in zip(places, words, strict=True)],
        x_ticks=[
            (place(stop.difference, 0)[0], f"{planned.scale * stop.difference:.3g}")
            for stop in (*stops[:-1:2], stops[-1])
        ],
        y_ticks=[(place(0, tick / 100)[1], tick) for tick in TICKS],
        planned=place(planned.wanted.difference, planned.wanted.power),
    )
