"""Rulings from the site's own rows: votes of people, check results, judges."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.utils import timezone

from arenas.candidates.models import Candidate
from arenas.definitions.models import Arena, Question
from arenas.raters.models import RaterKind
from arenas.votes.count import seal_and_fold
from arenas.votes.flag import raise_flag
from benchmarks.court import Knows, draw_evidence
from metrics.court.decide import hold_due
from metrics.court.models import CourtRuling
from metrics.court.read import find_questions
from tests.factories import NOW, make_arena, make_suite
from tests.metrics.court.site import (
    NAMES,
    SHARP,
    WORLD,
    add_people,
    add_results,
    ask_judge,
    judge_all,
    make_bare_candidates,
    make_site,
    overall,
)


def test_each_category_has_a_ruling_of_its_own(db: None, tmp_path: Path) -> None:
    make_site(tmp_path, 120)
    hold_due()
    rulings = CourtRuling.objects.order_by("category")
    assert [each.category for each in rulings] == ["", "fancy", "plain"]
    whole, *parts = (each.figures["votes"] for each in rulings)
    assert sum(parts) == whole


def test_simulated_votes_are_no_evidence(db: None, tmp_path: Path) -> None:
    arena = make_arena(make_suite(tmp_path, WORLD.prompts), NAMES, checks=["brightness"])
    drawn = draw_evidence(1, WORLD, SHARP, votes=40)
    candidates = make_bare_candidates(arena)
    add_results(candidates, drawn)
    add_people(arena, candidates, drawn, RaterKind.SIMULATED)
    assert hold_due() == 0


def test_flagged_votes_are_no_evidence(db: None, tmp_path: Path) -> None:
    arena = make_site(tmp_path, 60)
    hold_due()
    before = overall().figures["votes"]
    vote = arena.votes.filter(winner="model_a")[0]
    raise_flag(vote, rule="anomaly", reason="", by="alice", now=NOW)
    seal_and_fold(timezone.now())
    hold_due()
    assert overall().figures["votes"] == before - 1


def test_the_court_sits_again_after_a_batch_and_keeps_its_history(db: None, tmp_path: Path) -> None:
    arena = make_site(tmp_path, 100)
    assert hold_due() == 3
    assert hold_due() == 0
    candidates = list(Candidate.objects.order_by("pk"))
    add_people(arena, candidates, draw_evidence(2, WORLD, SHARP, votes=40))
    assert hold_due() == 3
    assert CourtRuling.objects.filter(category="").count() == 2


def test_a_ruling_is_written_once(db: None, tmp_path: Path) -> None:
    make_site(tmp_path, 40)
    hold_due()
    with pytest.raises(DatabaseError, match="written once"):
        CourtRuling.objects.update(state="may gate")


def test_a_question_that_names_the_check_is_what_it_is_held_against(world: Arena) -> None:
    named = Question.objects.create(
        arena=world, key="light", text="Which is lighter?", checks=["brightness"], position=1
    )
    assert find_questions("brightness") == [named]


def test_otherwise_it_is_the_last_question_without_a_category(world: Arena) -> None:
    last = Question.objects.create(arena=world, key="last", text="Which, at last?", position=1)
    Question.objects.create(
        arena=world, key="fancy", text="Which is fancier?", category="fancy", position=2
    )
    assert find_questions("brightness") == [last]


def test_answers_about_each_picture_are_no_question_of_the_court(world: Arena) -> None:
    world.questions.update(form="each", options=[{"id": "a", "text": "A"}])
    assert find_questions("brightness") == []


def test_a_judge_is_heard_like_a_check_and_its_sides_are_counted(db: None, tmp_path: Path) -> None:
    arena = make_site(tmp_path, 250)
    judge_all(arena, list(Candidate.objects.order_by("pk")))
    hold_due()
    ruling = overall("judge:vision-1")
    people = arena.votes.filter(
        competitor_a__name__in=["ant", "bee"], competitor_b__name__in=["ant", "bee"],
        rater_kind="external",
    ).exclude(winner="tie")  # fmt: skip
    right = [(v.winner == "model_a") == (v.competitor_a.name == "ant") for v in people]
    accuracy = ruling.figures["weighed"]["accuracy"]
    assert accuracy["votes"] == len(right)
    assert accuracy["value"] == pytest.approx(np.mean(right))
    assert ruling.figures["position"]["first"]["share"] == 0.5
    assert ruling.figures["position"]["same"]["share"] == 1


def test_a_judge_that_likes_a_side_is_undecided_and_biased(db: None, tmp_path: Path) -> None:
    arena = make_site(tmp_path, 200)
    judge_all(arena, list(Candidate.objects.order_by("pk")), first=True)
    hold_due()
    figures = overall("judge:vision-1").figures
    assert figures["weighed"]["accuracy"]["value"] == 0.5
    assert figures["position"]["first"]["share"] == 1
    assert figures["position"]["same"]["share"] == 0


def test_what_a_judge_was_asked_says_which_side_it_likes(db: None, tmp_path: Path) -> None:
    """Its votes have both orders in one; here it said A to both, which is a tie and a habit."""
    arena = make_site(tmp_path, 20)
    ask_judge(arena)
    hold_due()
    figures = overall("judge:vision-1 v1").figures
    assert figures["position"]["first"]["share"] == 1
    assert figures["position"]["same"]["share"] == 0
    assert figures["cost"]["usd"] == pytest.approx(0.01)


def test_disagreements_name_prompts_on_which_people_contradict(db: None, tmp_path: Path) -> None:
    arena = make_site(tmp_path, 200, knows=Knows())
    hold_due()
    examples = overall().figures["disagreements"]
    prompts = [each["prompt"] for each in examples]
    assert prompts
    assert set(prompts) <= set(arena.prompts().values_list("pk", flat=True))
    assert len(set(prompts)) == len(prompts)
    assert all(2 * each["against"] > each["votes"] for each in examples)


def test_the_command_prints_what_it_ruled(db: None, tmp_path: Path) -> None:
    make_site(tmp_path, 60)
    out = io.StringIO()
    call_command("court", check="brightness", format_name="json", stdout=out)
    rows = json.loads(out.getvalue())
    assert [row["category"] for row in rows] == ["", "fancy", "plain"]
    assert rows[0]["figures"]["weighed"]["accuracy"]["value"] > 0.5
    table = io.StringIO()
    call_command("court", check="brightness", stdout=table)
    assert "unproven" in table.getvalue()


def test_the_command_refuses_an_unknown_check(db: None) -> None:
    with pytest.raises(CommandError, match="unknown check"):
        call_command("court", check="nonesuch")
