"""The planner, on the terminal and on its page."""

from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from arenas.candidates.models import Candidate
from metrics.checks.base import make_check
from metrics.regressions.components import estimate, learn_votes, read_votes
from metrics.regressions.gather import gather
from metrics.regressions.planner import PRICE_IMAGE, CannotPlan, Wish, make_plan
from metrics.stats.regression_plan import Costs, Design, Shape, Wanted, plan
from metrics.stats.variance_parts import OF_VOTES
from tests.factories import add_votes, make_arena, make_suite
from tests.metrics.regressions.nights import answer, begin, make_night, prove, settle
from tests.pages import text

pytestmark = pytest.mark.django_db
EVENLY = np.array([-0.5, -0.5, 0.0, 0.5, 0.5])


def say(*args, **options):
    out = StringIO()
    call_command("plan", *args, stdout=out, **options)
    return out.getvalue()


def make_measured(folder, *, prompt, sample):
    """A decided run whose values vary so much between prompts and between samples."""
    evaluation = make_night(folder, prompts=60)
    prove()
    run = begin(evaluation)
    rng = np.random.default_rng(0)
    apart = rng.normal(0, prompt, 60)

    def value(n, who, _):
        return 120.0 + (apart[n] if who == "house-v4" else 0.0) + rng.normal(0, sample)

    answer(run, value, cost_usd="0.02")
    settle(run)
    return evaluation, run


def test_without_an_eval_it_goes_by_stated_defaults():
    said = say(difference=5.0, unit="points", power=0.8, error=0.01)
    expected = plan(
        OF_VOTES,
        Design(votes=1),
        Costs(PRICE_IMAGE, 3 * PRICE_IMAGE, 0.05),
        Wanted(0.05),
        shape=Shape(EVENLY, 0.45),
    )
    assert f"prompts at most   {expected.most:>8,}   (a single look: {expected.fixed:,})" in said
    assert f"USD               {expected.usd:>8,.2f}" in said
    assert "usual figures of votes, since only 0 are known here" in said
    assert "0.04 an image (assumed), 0.05 a vote (assumed)" in said
    assert "The next dollar helps most as" in said
    rows = [line.split() for line in said.splitlines() if "█" in line]
    powers = [float(row[row.index("%") - 1]) for row in rows]
    assert powers == sorted(powers)
    assert len(rows) >= 7


def test_elo_is_turned_into_points():
    elo, points = (make_plan(None, Wish(unit=unit, difference=d)) for unit, d in
                   (("elo", 34.86), ("points", 5.0)))  # fmt: skip
    assert elo.plan.most == pytest.approx(points.plan.most, rel=0.01)


@pytest.mark.usefixtures("brightness")
def test_components_are_estimated_from_the_newest_run(tmp_path):
    evaluation, run = make_measured(tmp_path, prompt=3.0, sample=2.0)
    found = estimate(gather(run), evaluation.shape.criteria[0])
    assert found.assumed == ()
    assert found.components.sample == pytest.approx(4, rel=0.3)
    assert found.components.prompt == pytest.approx(9, rel=0.5)
    planned = make_plan(evaluation, Wish(difference=2.0))
    assert planned.known.source == "run 1 of nightly"
    assert (planned.at.prompts, planned.wanted.error) == (60, 0.05)
    assert (planned.image.usd, planned.image.source) == (
        0.02,
        "what pictures by house-v4 have cost",
    )
    assert planned.plan.usd == pytest.approx(planned.plan.most * 4 * 0.02)
    assert planned.later_usd == pytest.approx(planned.plan.most * 0.02)


@pytest.mark.usefixtures("brightness")
def test_more_samples_of_a_noisy_model_take_fewer_prompts(tmp_path):
    evaluation, _ = make_measured(tmp_path, prompt=1.0, sample=6.0)
    one, four = (make_plan(evaluation, Wish(difference=2.0, samples=n)) for n in (1, 4))
    assert four.plan.most < 0.7 * one.plan.most
    assert one.plan.next_dollar.samples > one.plan.next_dollar.prompts


@pytest.mark.usefixtures("brightness")
def test_what_so_many_prompts_can_show(tmp_path):
    evaluation, _ = make_measured(tmp_path, prompt=3.0, sample=2.0)
    most = make_plan(evaluation, Wish(difference=1.0)).plan.most
    at = make_plan(evaluation, Wish(difference=1.0, prompts=most)).at
    assert at.power == pytest.approx(0.8, abs=0.02)
    assert at.detectable == pytest.approx(1.0, rel=0.05)
    assert f"{most:,} prompts notice it with power 0.8" in say(
        eval="nightly", difference=1.0, prompts=most
    )


@pytest.mark.usefixtures("brightness")
def test_a_measure_that_no_run_has_seen_goes_by_an_assumption_that_is_said(tmp_path):
    make_night(tmp_path)
    assert "no run has measured it" in say(eval="nightly")
    assert not Candidate.objects.exists()


def test_votes_of_this_site_are_what_votes_are_planned_by(tmp_path):
    version = make_suite(tmp_path, 12)
    arena = make_arena(version, ["ant", "bee"])
    rng = np.random.default_rng(0)
    for prompt in version.prompts.all():
        winners = rng.choice(["model_a", "model_b", "tie"], size=10, p=[0.4, 0.4, 0.2])
        rows = [("ant", "bee", str(winner)) for winner in winners]
        add_votes(arena, rows, kind="person", prompt=prompt)
    assert len(read_votes(None)) == 120
    known = learn_votes(None, threshold=-0.05)
    assert known.source == "120 votes on 12 prompts with two competitors each"
    assert known.components.vote == pytest.approx(0.2, rel=0.2)
    assert known.components.prompt < 0.02


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (Wish(unit="points", difference=60.0), "a difference of 60 cannot be"),
        (Wish(unit="text.cer"), "which difference is to be noticed"),
        (Wish(unit="no such", difference=1.0), "is no measure"),
        (Wish(difference=0.001), "takes more than"),
        (Wish(difference=5.0, power=0.001), "error < power"),
    ],
)
def test_what_cannot_be_planned_is_said(wish, said):
    with pytest.raises(CannotPlan, match=said):
        make_plan(None, wish)


def test_the_command_refuses_in_a_line():
    with pytest.raises(CommandError, match="there is no regression eval 'nightly'"):
        say(eval="nightly")
    with pytest.raises(CommandError, match="a difference of 60 cannot be"):
        say(difference=60.0)


def test_the_page_plans_and_draws_the_power_curve(staff_client):
    page = text(staff_client.get("/workbench/plan/?difference=5&price_vote=0.1"))
    most = make_plan(None, Wish(difference=5.0)).plan.most
    assert f"<b>{most}</b> prompts at most" in page
    curve = page[page.index('<svg class="power"') : page.index("</svg>")]
    assert curve.count("<circle") == 8
    assert "(as given)" in page
    assert 'value="0.1"' in page


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("power=2", "Power: ensure this value is less"),
        ("difference=60", "A difference of 60 cannot be"),
        ("eval=none", "There is no regression eval"),
    ],
)
def test_the_page_says_what_is_wrong(staff_client, query, said):
    answered = staff_client.get(f"/workbench/plan/?{query}")
    assert answered.status_code == 400
    assert said.lower() in text(answered).lower()


def test_only_prompts_that_the_criterion_can_measure_are_at_hand(tmp_path, monkeypatch):
    criterion = {"measure": "technical.aspect_error", "margin": 0.1}
    evaluation = make_night(tmp_path, prompts=4, criteria=[criterion])
    kind = type(make_check("technical"))
    monkeypatch.setattr(kind, "applies", lambda self, prompt: prompt.id in {"p0", "p2"})
    found = make_plan(evaluation, Wish(unit="technical.aspect_error", difference=0.1)).at
    assert found is not None
    assert found.prompts == 2
