"""Rulings from the site's own rows: votes of people, check results, judges."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.utils import timezone

from arenas.battles.models import Battle
from arenas.candidates.models import Candidate
from arenas.competitors.judges import Judge
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena, Question
from arenas.judging.models import Judgment
from arenas.ledger.append import append_all
from arenas.raters.models import Rater, RaterKind
from arenas.votes.count import seal_and_fold
from arenas.votes.flag import raise_flag
from arenas.votes.models import Import, Vote
from benchmarks.court import MODELS, Knows, World, draw_evidence
from metrics.checks.base import BaseCheck
from metrics.court.decide import NOBODY, find_trust, hold_due, name_families
from metrics.court.models import CourtRuling
from metrics.court.read import find_questions
from metrics.results.models import CheckResult
from metrics.stats.court import Evidence
from metrics.stats.court_rule import State
from tests.factories import NOW, make_arena, make_suite


@pytest.fixture(autouse=True)
def _alone(brightness: type[BaseCheck], monkeypatch: pytest.MonkeyPatch) -> None:
    """The only check there is, so that no other's models are loaded."""
    monkeypatch.setattr("metrics.court.subjects.check_names", lambda: ["brightness"])


NAMES = ("ant", "bee", "cat", "dog", "eel", "fox")
WORLD = World(inner=3.0, taste=0.2, prompts=30, raters=30)
SHARP = Knows(strength=1.0, merit=1.0, noise=0.1)
WINNER = {1.0: "model_a", 0.0: "model_b", 0.5: "tie"}


def make_site(folder: Path, votes: int, *, knows: Knows = SHARP, seed: int = 1) -> Arena:
    """An arena of six without pictures, the check's results on all of them, and people's votes."""
    arena = make_arena(make_suite(folder, WORLD.prompts), NAMES, checks=["brightness"])
    drawn = draw_evidence(seed, WORLD, knows, votes=votes)
    candidates = make_bare_candidates(arena)
    add_results(candidates, drawn)
    add_people(arena, candidates, drawn)
    return arena


def make_bare_candidates(arena: Arena) -> list[Candidate]:
    """In the order of the simulation's codes: competitor by competitor."""
    return Candidate.objects.bulk_create(
        Candidate(prompt=prompt, competitor=competitor, status="done", finished_at=NOW)
        for competitor in arena.competitors().order_by("name")
        for prompt in arena.prompts()
    )


def add_results(candidates: list[Candidate], drawn: Evidence, version: str = "1") -> None:
    known = dict(zip(drawn.candidate_a.tolist(), drawn.value_a.tolist(), strict=True))
    known |= dict(zip(drawn.candidate_b.tolist(), drawn.value_b.tolist(), strict=True))
    CheckResult.objects.bulk_create(
        CheckResult(candidate=candidates[code], check_name="brightness", version=version,
                    values={"mean": value, "images": 1}, seconds=0.5)
        for code, value in known.items()
    )  # fmt: skip


def add_people(
    arena: Arena, candidates: list[Candidate], drawn: Evidence, kind: str = RaterKind.EXTERNAL
) -> list[Vote]:
    """The drawn votes, on the arena's only question."""
    imported, _ = Import.objects.get_or_create(arena=arena, filename="votes.csv", rows=1)
    raters = Rater.objects.bulk_create(Rater(kind=kind) for _ in range(WORLD.raters))
    question = arena.questions.get()
    is_import = kind == RaterKind.EXTERNAL
    rows = zip(drawn.candidate_a, drawn.candidate_b, drawn.rater, drawn.points, strict=True)
    made = append_all(
        [
            Vote(arena=arena, question=question, rater=raters[rater], rater_kind=kind,
                 prompt=candidates[a].prompt, candidate_a=candidates[a],
                 candidate_b=candidates[b], competitor_a=candidates[a].competitor,
                 competitor_b=candidates[b].competitor, winner=WINNER[float(points)],
                 source="import" if is_import else "simulated",
                 imported=imported if is_import else None, created_at=NOW)
            for a, b, rater, points in rows
        ]
    )  # fmt: skip
    seal_and_fold(timezone.now())
    return made


def judge_all(arena: Arena, candidates: list[Candidate], *, first: bool = False) -> Rater:
    """A judge that answers each pair of a prompt in both orders, by the lower id or the side."""
    judge = Rater.objects.create(kind=RaterKind.JUDGE, name="vision-1")
    size = len(candidates) // MODELS
    pairs = [(p, p + size) for p in range(size)] + [(p + size, p) for p in range(size)]
    append_all(
        [
            Vote(arena=arena, question=arena.questions.get(), rater=judge, rater_kind="judge",
                 prompt=candidates[a].prompt, candidate_a=candidates[a],
                 candidate_b=candidates[b], competitor_a=candidates[a].competitor,
                 competitor_b=candidates[b].competitor, source="judge", created_at=NOW,
                 winner="model_a" if first or a < b else "model_b")
            for a, b in pairs
        ]
    )  # fmt: skip
    seal_and_fold(timezone.now())
    return judge


def overall(subject: str = "brightness") -> CourtRuling:
    return CourtRuling.objects.filter(subject=subject, category="").latest()


def test_a_check_that_follows_people_may_gate(db: None, tmp_path: Path) -> None:
    make_site(tmp_path, 350)
    hold_due()
    trust = find_trust("brightness")
    assert (trust.state, trust.may_gate) == (State.MAY_GATE, True)
    assert trust.ruling is not None
    assert trust.ruling.settings["rater_kinds"] == ["external", "person"]


def test_a_check_that_does_not_is_unproven_and_says_what_is_missing(
    db: None, tmp_path: Path
) -> None:
    make_site(tmp_path, 120, knows=Knows())
    hold_due()
    trust = find_trust("brightness")
    assert trust.state == State.UNPROVEN
    assert "50 % is needed" in trust.reasons[0]


def test_a_new_site_is_told_how_many_votes_it_takes(world: Arena) -> None:
    assert hold_due() == 0
    trust = find_trust("brightness", "fancy")
    assert (trust.state, trust.ruling) == (State.UNPROVEN, None)
    assert "needs about" in trust.reasons[1]


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


def test_a_new_version_has_nothing_to_show(
    db: None, tmp_path: Path, brightness: type[BaseCheck], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_site(tmp_path, 40)
    hold_due()
    monkeypatch.setattr(brightness, "version", "2")
    trust = find_trust("brightness")
    assert (trust.state, trust.ruling) == (State.UNPROVEN, None)
    assert trust.reasons[0].startswith("version 2 is new")


def test_a_new_family_of_models_ends_the_trust(db: None, tmp_path: Path) -> None:
    arena = make_site(tmp_path, 350)
    hold_due()
    assert find_trust("brightness").state == State.MAY_GATE
    newcomer = Competitor.objects.create(name="gnu", family="antelopes")
    arena.entries.create(competitor=newcomer, joined_at=NOW)
    Candidate.objects.create(
        prompt=arena.prompts()[0], competitor=newcomer, status="done", finished_at=NOW
    )
    trust = find_trust("brightness")
    assert trust.state == State.UNPROVEN
    assert trust.reasons[0].startswith("expired: a new family came after the evidence")


def test_a_family_is_named_when_a_board_shows_a_member() -> None:
    strangers = {"ibexes": {2}, "antelopes": {1, 3}, "yaks": {4}}
    present = replace(NOBODY, names={1: "gnu"})
    assert name_families(strangers, present) == "antelopes, 2 new families"


def test_a_family_that_was_there_does_not(db: None, tmp_path: Path) -> None:
    arena = make_site(tmp_path, 60)
    hold_due()
    state = find_trust("brightness").state
    sister = Competitor.objects.create(name="gnu")
    arena.entries.create(competitor=sister, joined_at=NOW)
    Candidate.objects.create(
        prompt=arena.prompts()[0], competitor=sister, status="done", finished_at=NOW
    )
    assert find_trust("brightness").state == state


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
    candidates = list(Candidate.objects.order_by("pk"))
    judge = Judge.objects.create(name="vision-1", provider="procedural")
    battle = Battle.objects.create(
        arena=arena, prompt=candidates[0].prompt, first=candidates[0],
        second=candidates[WORLD.prompts],
    )  # fmt: skip
    Judgment.objects.bulk_create(
        Judgment(judge=judge, battle=battle, order=order, prompt_version="1", status="done",
                 answers={"reason": "A", "overall": "A"}, cost_usd="0.02")
        for order in (0, 1)
    )  # fmt: skip
    rater = judge_all(arena, candidates)
    Rater.objects.filter(pk=rater.pk).update(name="vision-1 v1")
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


def test_a_check_that_only_describes_is_never_heard(
    db: None, tmp_path: Path, brightness: type[BaseCheck], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_site(tmp_path, 40)
    plain = [replace(measure, better=0) for measure in brightness.measures]
    monkeypatch.setattr(brightness, "measures", plain)
    assert hold_due() == 0
    assert find_trust("brightness").reasons[0].startswith("it only describes")


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
