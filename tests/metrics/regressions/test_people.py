"""People decide: what is planned, which answers count, and when the arena closes."""

from pathlib import Path

import pytest
from django.test import Client

from arenas.battles.models import PlannedBattle
from arenas.candidates.models import Candidate
from arenas.raters.models import RaterKind
from arenas.votes.flag import raise_flag
from metrics.regressions.advance import advance
from metrics.regressions.people import (
    collect_people,
    count_votes,
    is_spent,
    is_time_to_look,
    plan_people,
    replace_lost,
)
from metrics.regressions.shape import CriterionShape
from tests.factories import NOW, hold, make_rater
from tests.metrics.regressions.asking import (
    BASELINE,
    CHALLENGER,
    HUMAN,
    ask,
    drop_held,
    find_arena,
    points,
    read,
    vote,
)
from tests.metrics.regressions.nights import settle

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("brightness")]
CRITERION = CriterionShape.model_validate(HUMAN)


def test_people_are_asked_in_an_open_arena_about_planned_battles(tmp_path: Path) -> None:
    run = ask(tmp_path, prompts=6)
    arena = find_arena(run)
    assert (run.state, run.asked, arena.stage) == ("voting", ["human"], "open")
    plans = PlannedBattle.objects.filter(arena=arena).select_related("battle")
    assert [(each.position, each.wanted, each.probability) for each in plans] == [
        (n, 1, 1.0) for n in range(6)
    ]
    for plan, asked in zip(plans, read(run).planned, strict=True):
        sides = {asked.baseline, asked.challenger}
        assert {each.pk for each in plan.battle.candidates} == sides
        makers = Candidate.objects.in_bulk(sides)
        assert makers[asked.baseline].competitor.name == BASELINE
        assert makers[asked.challenger].competitor.name == CHALLENGER


def test_the_baseline_is_shown_by_one_of_its_samples_at_random(tmp_path: Path) -> None:
    run = ask(tmp_path)
    shown = Candidate.objects.filter(pk__in=[each.baseline for each in read(run).prompts])
    assert set(shown.values_list("sample", flat=True)) == {0, 1, 2}


def test_planning_again_changes_nothing(tmp_path: Path) -> None:
    run = ask(tmp_path, prompts=6)
    before = run.people
    plan_people(run, now=NOW)
    assert run.people == before
    assert PlannedBattle.objects.count() == 6


def test_nothing_is_planned_beyond_the_budget_of_votes(tmp_path: Path) -> None:
    run = ask(tmp_path, votes=10, humans={"repeat_share": 0.2})
    inclusion = read(run)
    wanted = sum(PlannedBattle.objects.values_list("wanted", flat=True))
    assert 0 < wanted <= inclusion.votes == 8
    assert len(inclusion.prompts) == 20
    assert all(0.2 <= each.inclusion < 1 for each in inclusion.prompts)


def test_increments_are_the_challengers_points_in_planned_order(tmp_path: Path) -> None:
    run = ask(tmp_path, prompts=4)
    vote(run, 1, CHALLENGER)
    vote(run, 1, None)
    vote(run, 1, BASELINE)
    measured = collect_people(run, CRITERION)
    assert points(measured.increments) == [50, 0, -50]
    assert [each.prompt for each in measured.prompts] == [
        each.prompt for each in read(run).prompts[:3]
    ]


def test_only_prompts_before_the_first_that_wants_votes_count(tmp_path: Path) -> None:
    run = ask(tmp_path, prompts=4)
    hold(find_arena(run), alice := make_rater())  # the first two prompts, and no answer
    vote(run, 2, CHALLENGER)
    assert len(collect_people(run, CRITERION).increments) == 0
    drop_held(find_arena(run), alice)
    vote(run, 1, CHALLENGER)
    assert len(collect_people(run, CRITERION).increments) == 1


def test_a_prompt_that_was_not_drawn_is_complete_by_itself(tmp_path: Path) -> None:
    run = ask(tmp_path, votes=10)
    vote(run, 400, CHALLENGER)
    inclusion, measured = read(run), collect_people(run, CRITERION)
    drawn = [each.drawn for each in inclusion.planned]
    assert len(measured.increments) == len(drawn)
    assert not all(drawn)
    expected = [50 / each.inclusion if each.drawn else 0 for each in inclusion.planned]
    assert measured.increments.tolist() == pytest.approx(expected)
    assert measured.aim.bounds.high >= max(expected)


def test_a_flagged_raters_votes_do_not_count_and_are_asked_for_again(tmp_path: Path) -> None:
    run = ask(tmp_path, prompts=4, votes=6)
    mallory = make_rater()
    vote(run, 2, BASELINE, rater=mallory)
    vote(run, 2, CHALLENGER)
    raise_flag(mallory, rule="manual", reason="clicks", by="alice", now=NOW)
    assert len(collect_people(run, CRITERION).increments) == 0
    assert replace_lost(run) == 1  # the budget has one vote left
    assert replace_lost(run) == 0
    vote(run, 4, CHALLENGER)
    assert points(collect_people(run, CRITERION).increments) == [50]
    assert is_spent(run)


def test_a_flagged_picture_takes_its_prompt_out(tmp_path: Path) -> None:
    run = ask(tmp_path, prompts=3)
    vote(run, 3, CHALLENGER)
    picture = Candidate.objects.get(pk=read(run).prompts[0].challenger)
    raise_flag(picture, rule="manual", reason="wrong prompt", by="alice", now=NOW)
    measured = collect_people(run, CRITERION)
    assert (len(measured.increments), measured.missing) == (2, 1)
    assert replace_lost(run) == 0
    assert is_spent(run)


@pytest.mark.parametrize(("simulated", "counted"), [(False, 0), (True, 2)])
def test_simulated_raters_count_only_where_the_file_says_so(
    tmp_path: Path, simulated: bool, counted: int
) -> None:
    run = ask(tmp_path, prompts=3, humans={"simulated": simulated})
    robot = make_rater()
    robot.kind = RaterKind.SIMULATED
    robot.save()
    vote(run, 2, CHALLENGER, rater=robot)
    assert len(collect_people(run, CRITERION).increments) == counted


def test_it_is_time_to_look_after_so_many_answers_and_after_the_last(tmp_path: Path) -> None:
    run = ask(tmp_path, prompts=5, humans={"look": 3})
    vote(run, 2, None)
    assert not is_time_to_look(run)
    vote(run, 1, None)
    assert is_time_to_look(run)
    run = advance(run, now=NOW)
    assert (run.report["votes"]["used"], is_time_to_look(run)) == (3, False)
    vote(run, 2, None)
    assert is_time_to_look(run)


def test_two_votes_on_a_prompt_are_one_increment(tmp_path: Path) -> None:
    run = ask(tmp_path, prompts=2, humans={"votes_per_prompt": 2})
    vote(run, 2, CHALLENGER)
    assert len(collect_people(run, CRITERION).increments) == 0
    vote(run, 2, None)
    assert points(collect_people(run, CRITERION).increments) == [25, 25]
    assert (count_votes(run), is_spent(run)) == (4, True)


def test_without_a_clear_answer_the_votes_are_spent_and_people_are_still_needed(
    tmp_path: Path,
) -> None:
    run = ask(tmp_path, prompts=6)
    vote(run, 6, None)
    run = settle(run)
    assert (run.state, run.outcome, find_arena(run).stage) == ("decided", "needs_humans", "closed")


def test_a_criterion_in_a_category_is_about_its_prompts_alone(tmp_path: Path) -> None:
    fancy = {**HUMAN, "category": "fancy"}
    run = ask(tmp_path, prompts=3, criteria=[fancy])
    assert (run.asked, len(read(run).prompts)) == (["human in fancy"], 3)
    vote(run, 3, CHALLENGER)
    assert len(collect_people(run, CriterionShape.model_validate(fancy)).increments) == 3
    assert len(collect_people(run, CRITERION).increments) == 0


def test_what_raters_are_shown_names_neither_side_nor_the_eval(
    tmp_path: Path, client: Client
) -> None:
    run = ask(tmp_path, prompts=2)
    arena = find_arena(run)
    pages = [client.get("/"), client.get(f"/arenas/{arena.slug}/vote/")]
    for page in pages:
        said = page.content.decode().lower()
        assert page.status_code == 200
        assert "which picture is better?" in said
        assert not any(
            word in said for word in ("nightly", "regress", "baseline", "challenger", "house-v")
        )
