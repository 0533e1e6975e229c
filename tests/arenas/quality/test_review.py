"""Rules that speak against votes, and the flags that follow."""

import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from arenas.definitions.models import Arena
from arenas.definitions.voting import Rules
from arenas.ledger.seal import seal
from arenas.quality.measure import Figures
from arenas.quality.models import RaterReview
from arenas.quality.review import find_all, review_new
from arenas.quality.suspect import review_arena
from arenas.quality.tasks import review
from arenas.raters.models import Participation, Rater
from arenas.votes.flag import lift_flag
from arenas.votes.models import Flag
from tests import factories
from tests.factories import NOW, make_rater
from tests.showings import OPPOSITE, Showing, record, show_pairs

pytestmark = pytest.mark.django_db
ALL = ["gold", "pace", "side", "consistency", "anomaly", "share"]
HONEST = Figures(
    votes=200, timed=200, fast=3, median_seconds=4.0, golds=20, golds_right=18, repeats=10,
    repeats_agreeing=8, mirrors=10, mirrors_agreeing=7, decided=14, contrary=4, left=75, right=70,
    undecided=55, compared=150, agreeing=0,
)  # fmt: skip


def find(total: int = 1000, **changed: Any) -> dict[str, str]:
    rules = Rules(max_share=0.25)
    found = find_all(replace(HONEST, **changed), rules, total=total)
    return {name: finding.reason for name, finding in found.items()}


def test_nothing_speaks_against_an_honest_rater_who_agrees_with_nobody() -> None:
    assert find() == {}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (
            {"golds_right": 7},
            "13 of 20 gold ballots answered wrongly, where up to 20\u202f% may happen to anybody.",
        ),
        ({"fast": 100}, "100 of 200 votes took less than 0.35 s."),
        (
            {"left": 130, "right": 15},
            "130 of 145 decided votes are for the left side, although sides are drawn; "
            "up to 60\u202f% may be a habit.",
        ),
        (
            {"left": 15, "right": 130},
            "130 of 145 decided votes are for the right side, although sides are drawn; "
            "up to 60\u202f% may be a habit.",
        ),
        (
            {"decided": 20, "contrary": 20},
            "20 of 20 pairs that came back were decided the other way round; "
            "who guesses does so with half of them.",
        ),
    ],
)
def test_a_rule_gives_its_reason_with_the_figures(changed: dict[str, int], reason: str) -> None:
    assert list(find(**changed).values()) == [reason]


@pytest.mark.parametrize(
    "changed",
    [
        {"golds": 4, "golds_right": 0},  # too few
        {"golds_right": 14},  # 30 % wrong of 20 is no proof of more than 20 %
        {"timed": 9, "fast": 9},
        {"fast": 99},
        {"left": 19, "right": 0},
        {"left": 90, "right": 60},
        {"decided": 5, "contrary": 5},
        {"decided": 40, "contrary": 20},  # as who guesses
        {"votes": 250},
    ],
)
def test_what_may_happen_to_anybody_is_no_finding(changed: dict[str, int]) -> None:
    assert find(**changed) == {}


def test_more_than_the_allowed_share_is_a_finding() -> None:
    reason = "251 of the arena's 1000 votes are this rater's, more than 25\u202f%."
    assert find(votes=251) == {"share": reason}


def test_a_share_of_few_votes_says_nothing() -> None:
    assert find(total=99, votes=90) == {}


def make_arena(folder: Path, *rules: str, prompts: int = 6, **quality: Any) -> Arena:
    settings = {"quality": {"raise_flags": rules, **quality}}
    return factories.make_world(folder, prompts, voting_settings=settings)


def hurry(arena: Arena, rater: Rater, number: int = 12) -> None:
    """So many votes faster than anybody looks."""
    showings = show_pairs(arena, ["tie"] * number, seed=rater.votes.count())
    record(arena, rater, [replace(showing, ms=90) for showing in showings])
    seal(NOW)


def run(most: int = 2000) -> None:
    review_new(most=most, now=NOW)


def list_flags() -> list[tuple[str, str]]:
    return list(Flag.objects.filter(lifts=None).order_by("pk").values_list("rule", "by"))


def test_a_rule_that_the_arena_names_flags_the_rater(tmp_path: Path) -> None:
    arena, rater = make_arena(tmp_path, "pace"), make_rater()
    hurry(arena, rater)
    run()
    flag = Flag.objects.get()
    assert (flag.rater, flag.arena, flag.rule, flag.by) == (rater, arena, "pace", "quality")
    assert flag.reason == "12 of 12 votes took less than 0.35 s."


def test_other_rules_are_kept_as_findings(tmp_path: Path) -> None:
    arena = make_arena(tmp_path, "gold")
    hurry(arena, make_rater())
    run()
    assert not Flag.objects.exists()
    assert list(RaterReview.objects.get().findings) == ["pace"]


def test_a_flag_is_raised_once(tmp_path: Path) -> None:
    arena, rater = make_arena(tmp_path, "pace"), make_rater()
    for _ in range(3):
        hurry(arena, rater)
        run()
    assert list_flags() == [("pace", "quality")]


def test_a_lifted_flag_comes_back_only_with_twice_the_cases(tmp_path: Path) -> None:
    arena, rater = make_arena(tmp_path, "pace"), make_rater()
    raised = []
    hurry(arena, rater, 12)
    run()
    lift_flag(Flag.objects.get(), reason="a fast reader", by="alice", now=NOW)
    for number in (11, 1):
        hurry(arena, rater, number)
        run()
        raised.append(len(list_flags()))
    assert raised == [1, 2]


def test_flagged_votes_stay(tmp_path: Path) -> None:
    arena, rater = make_arena(tmp_path, "pace"), make_rater()
    hurry(arena, rater)
    run()
    assert rater.votes.count() == 12
    assert Participation.objects.get(rater=rater).state == "voting"


def test_reviewing_again_writes_nothing(tmp_path: Path) -> None:
    hurry(make_arena(tmp_path, "pace"), make_rater())
    run()
    before = list(RaterReview.objects.values()), factories.count_rows()
    review_new(most=2000, now=NOW + timedelta(days=1))
    assert (list(RaterReview.objects.values()), factories.count_rows()) == before


def test_one_run_looks_at_so_many_votes_and_the_next_goes_on(tmp_path: Path) -> None:
    arena = make_arena(tmp_path, "pace")
    for _ in range(3):
        hurry(arena, make_rater(), 10)
    reviewed = []
    for _ in range(3):
        run(most=10)
        reviewed.append(RaterReview.objects.count())
    assert reviewed == [1, 2, 3]


def test_a_review_is_of_all_votes_of_the_rater(tmp_path: Path) -> None:
    arena, rater = make_arena(tmp_path), make_rater()
    hurry(arena, rater, 10)
    run()
    hurry(arena, rater, 5)
    run(most=1)
    assert RaterReview.objects.get().figures["votes"] == 15


def test_votes_that_are_not_sealed_wait(tmp_path: Path) -> None:
    arena = make_arena(tmp_path)
    record(arena, make_rater(), show_pairs(arena, ["tie"]))
    run()
    assert not RaterReview.objects.exists()


def disagree(arena: Arena, dissenter: Rater, others: int = 6) -> None:
    """Some raters who mostly say the same of each picture, and one who always says the opposite."""
    rng = random.Random(4)
    taste = show_pairs(arena, rng.choices(["model_a", "model_b"], k=90), seed=1)
    for _ in range(others):
        said = [s if rng.random() < 0.9 else replace(s, winner="tie") for s in taste]
        record(arena, make_rater(), said)
    record(arena, dissenter, [Showing(s.left, s.right, OPPOSITE[s.winner], ms=s.ms) for s in taste])
    seal(NOW)


def test_who_always_disagrees_with_the_majority_is_never_flagged(tmp_path: Path) -> None:
    arena, dissenter = make_arena(tmp_path, *ALL, prompts=20), make_rater()
    disagree(arena, dissenter)
    review_arena(arena, now=NOW)
    figures = RaterReview.objects.get(rater=dissenter).figures
    assert figures["compared"] > 50
    assert figures["agreeing"] == 0
    assert RaterReview.objects.get(rater=dissenter).findings == {}
    assert list_flags() == []


def test_the_task_reviews_and_searches(tmp_path: Path) -> None:
    arena = make_arena(tmp_path, "pace", "anomaly")
    hurry(arena, make_rater())
    review()
    assert list_flags() == [("pace", "quality")]
