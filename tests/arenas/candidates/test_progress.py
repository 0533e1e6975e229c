"""How far candidates are, what they cost, and what went wrong, alike ones together."""

from datetime import timedelta
from decimal import Decimal

import pytest

from arenas.candidates.models import Attempt, Candidate, GenerationRun, ServicePause
from arenas.candidates.progress import (
    describe_state,
    group_errors,
    is_moving,
    measure_pace,
    measure_progress,
    measure_run,
    measure_runs,
    select_moving,
)
from arenas.candidates.resume import find_pauses, resume
from arenas.competitors.models import Competitor
from tests.factories import NOW, make_arena, make_suite

pytestmark = pytest.mark.django_db


@pytest.fixture
def arena(tmp_path):
    return make_arena(make_suite(tmp_path, prompts=4), ["ant", "bee"])


@pytest.fixture
def run(arena):
    return GenerationRun.objects.create(arena=arena, budget_usd=5, started_at=NOW)


@pytest.fixture
def add(arena, run):
    """Adds candidates of a competitor with these statuses, one for each prompt."""

    def make(name, *statuses, reason="", **fields):
        competitor = Competitor.objects.get(name=name)
        return [
            Candidate.objects.create(
                prompt=prompt,
                competitor=competitor,
                status=status,
                run=run,
                reason=reason,
                **fields,
            )
            for prompt, status in zip(arena.prompts(), statuses, strict=False)
        ]

    return make


def attempt(candidate, usd=None, estimate=0, number=1, **fields):
    return Attempt.objects.create(
        candidate=candidate,
        number=number,
        run=candidate.run,
        cost_usd=usd,
        estimate_usd=Decimal(str(estimate)),
        **{"started_at": NOW, "ended_at": NOW, "outcome": "done", **fields},
    )


def test_every_status_is_counted_under_its_name(add, arena):
    add("ant", "planned", "received", "done", "failed")
    add("bee", "refused_prompt", "no_image", "malformed")
    progress, by_competitor = measure_progress(arena)
    counts = {name: n for name, n, *_ in progress.segments}
    assert counts == {
        "done": 1, "received": 1, "running": 0, "planned": 1, "refused": 2, "failed": 2,
    }  # fmt: skip
    assert (progress.total, progress.open, progress.ended, progress.percent) == (7, 2, 5, 71)
    assert [(each.name, its.failed) for each, its in by_competitor] == [("ant", 1), ("bee", 1)]


def test_the_bars_pieces_fill_it_from_left_to_right(add, arena):
    add("ant", "done", "done", "planned", "failed")
    pieces = [(left, width) for _, n, left, width in measure_progress(arena)[0].segments if n]
    assert pieces == [(0, 50), (50, 25), (75, 25)]


def test_all_tries_are_paid_for_and_an_estimate_stands_where_the_cost_is_unknown(add, arena):
    first, second = add("ant", "done", "planned")
    attempt(first, usd=Decimal("0.04"))
    attempt(first, usd=Decimal("0.03"), number=2)
    attempt(second, estimate=0.5, outcome="", ended_at=None)
    progress, _ = measure_progress(arena)
    assert (progress.cost_usd, progress.estimated_usd) == (Decimal("0.57"), Decimal("0.5"))


def test_a_cost_by_the_price_list_counts_as_estimated(add, arena):
    [candidate] = add("ant", "done", cost_estimated=True)
    attempt(candidate, usd=Decimal("0.04"))
    assert measure_progress(arena)[0].estimated_usd == Decimal("0.04")


def test_a_run_counts_what_it_paid_for_though_another_has_its_candidates_now(add, arena, run):
    [candidate] = add("ant", "planned")
    attempt(candidate, usd=Decimal("0.04"), outcome="failed")
    later = GenerationRun.objects.create(arena=arena, started_at=NOW)
    Candidate.objects.update(run=later)
    progress, by_competitor = measure_run(run)
    assert (progress.total, progress.cost_usd) == (0, Decimal("0.04"))
    assert [each.name for each, _ in by_competitor] == ["ant"]
    assert [(each.pk, its.total) for each, its in measure_runs([later, run])] == [
        (later.pk, 1),
        (run.pk, 0),
    ]


STATES = {
    "under way": ("active", "planned", "active", True),
    "through": ("active", "done", "finished", False),
    "spent with planned ones left": ("spent", "planned", "budget spent", False),
    "cancelled with an answer to open": ("cancelled", "received", "cancelled", True),
}


@pytest.mark.parametrize(("state", "status", "words", "moves"), STATES.values(), ids=STATES)
def test_a_run_says_in_words_how_it_is(add, arena, run, state, status, words, moves):
    ended = None if state == "active" else NOW
    GenerationRun.objects.update(state=state, ended_at=ended)
    run.refresh_from_db()
    add("ant", status)
    progress, _ = measure_run(run)
    assert (describe_state(run, progress), is_moving(run, progress)) == (words, moves)
    assert select_moving(Candidate.objects.all()).exists() == moves


def test_pace_is_the_median_of_answers_and_the_calls_of_the_last_minute(add, run):
    rows = add("ant", "done", "done", "done")
    for candidate, seconds in zip(rows, (2.0, 4.0, 90.0), strict=True):
        Candidate.objects.filter(pk=candidate.pk).update(seconds=seconds)
    attempt(rows[0], started_at=NOW - timedelta(minutes=5))
    attempt(rows[1], started_at=NOW - timedelta(seconds=5))
    pace = measure_pace(run, now=NOW)
    assert (pace.seconds, pace.calls) == (4.0, 1)


def test_pace_before_any_answer_is_unknown(run):
    assert measure_pace(run, now=NOW).seconds is None


def test_ends_that_differ_in_their_particulars_alone_are_one_trouble(add):
    for n, candidate in enumerate(add("ant", "failed", "failed") + add("bee", "failed")):
        candidate.reason = f"503 overloaded (request req-{n}af{n}), try again in {n + 1.5}s"
        candidate.save()
    [trouble] = group_errors(Candidate.objects.all())
    assert (trouble.kind, trouble.count, trouble.competitors) == ("failed", 3, ["ant", "bee"])
    assert trouble.reason == "503 overloaded (request req-0af0), try again in 1.5s"
    assert trouble.example.competitor.name == "ant"


def test_another_code_or_another_status_is_another_trouble(add):
    add("ant", "failed", reason="500 broken")
    add("bee", "failed", "refused_output", reason="503 broken")
    assert len(group_errors(Candidate.objects.all())) == 3


def test_what_happened_most_comes_first(add):
    add("ant", "failed", reason="once")
    add("bee", "failed", "failed", reason="twice")
    assert [each.reason for each in group_errors(Candidate.objects.all())] == ["twice", "once"]


def test_errors_that_passed_are_told_apart_from_ends(add):
    done, planned = add("ant", "done", "planned")
    [failed] = add("bee", "failed", reason="500 broken")
    for candidate in (done, planned, failed):
        attempt(candidate, outcome="failed", cause="busy", reason="429 slow down")
    attempt(done, number=2)
    ended, passing = group_errors(Candidate.objects.all())
    assert (ended.kind, ended.count, ended.passing) == ("failed", 1, False)
    assert (passing.kind, passing.count, passing.passing) == ("busy", 2, True)
    assert (passing.reason, passing.competitors) == ("429 slow down", ["ant"])


def test_a_try_under_way_is_no_error(add):
    [candidate] = add("ant", "planned")
    attempt(candidate, outcome="", ended_at=None)
    assert group_errors(Candidate.objects.all()) == []


@pytest.fixture
def services(db):
    """Two models of a provider, and one of another."""
    for name, provider, model in (("one", "p", "m/1"), ("two", "p", "m/2"), ("three", "q", "m/1")):
        Competitor.objects.create(name=name, provider=provider, model=model)


def pause(scope):
    return ServicePause.objects.create(
        scope=scope, cause="key", reason="no", since=NOW, until=NOW + timedelta(hours=1)
    )


@pytest.mark.parametrize(
    ("scope", "names"),
    [("p/account", ["one", "two"]), ("p/account/m/1", ["one"]), ("q/", ["three"]), ("r/", [])],
)
def test_a_pause_concerns_its_model_or_the_whole_account(services, scope, names):
    closed = pause(scope)
    concerned = [each.name for each in Competitor.objects.order_by("pk") if find_pauses([each])]
    assert concerned == names
    assert find_pauses(Competitor.objects.none()) == []
    assert find_pauses(Competitor.objects.all()) == ([closed] if names else [])


def test_resuming_forgets_the_pause_and_the_waiting_of_those_whom_it_concerns(services, arena):
    prompt = arena.prompts()[0]
    for name in ("one", "two"):
        competitor = Competitor.objects.get(name=name)
        Candidate.objects.create(
            prompt=prompt, competitor=competitor, not_before=NOW + timedelta(hours=1)
        )
    resume(pause("p/account/m/1"))
    assert not ServicePause.objects.exists()
    waiting = Candidate.objects.filter(not_before__isnull=False)
    assert [candidate.competitor.name for candidate in waiting] == ["two"]
