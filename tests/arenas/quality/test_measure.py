"""The figures of raters, from votes whose story is known."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from arenas.battles.models import Ballot, Gold
from arenas.definitions.models import Arena, Question
from arenas.images.models import Image
from arenas.ledger.append import append
from arenas.quality.measure import Figures, measure_raters
from arenas.raters.models import Rater
from arenas.votes.models import Vote
from arenas.votes.undo import AGAIN
from tests import factories
from tests.factories import NOW, make_rater
from tests.showings import OPPOSITE, Showing, list_pairs, record, show_pairs

pytestmark = pytest.mark.django_db


def measure(arena: Arena, rater: Rater) -> Figures:
    return measure_raters(arena, [rater.pk])[rater.pk]


def pick(figures: Figures, *names: str) -> list[Any]:
    return [getattr(figures, name) for name in names]


def test_sides_are_counted_on_normal_ballots(world: Arena) -> None:
    rater = make_rater()
    record(world, rater, show_pairs(world, ["model_a"] * 3 + ["model_b"] * 2 + ["tie", "both_bad"]))
    figures = measure(world, rater)
    assert pick(figures, "votes", "left", "right", "undecided") == [7, 3, 2, 2]


def test_each_rater_has_figures_of_their_own(world: Arena) -> None:
    alice, bob = make_rater(), make_rater()
    record(world, alice, show_pairs(world, ["model_a"] * 3))
    record(world, bob, show_pairs(world, ["model_b"] * 2))
    found = measure_raters(world, [alice.pk, bob.pk])
    assert (found[alice.pk].left, found[bob.pk].left) == (3, 0)


def test_an_answer_takes_what_the_browser_says_but_no_more_than_passed(world: Arena) -> None:
    rater = make_rater()
    one, other = list_pairs(world)[0]
    times = [2000, 100, None, 9000]
    record(world, rater, [Showing(one, other, "tie", ms=ms) for ms in times], every=3)
    figures = measure(world, rater)  # 2, 0.1, 3 and 3 seconds
    assert pick(figures, "timed", "fast", "median_seconds") == [4, 1, 2.5]


def test_a_script_that_claims_to_have_looked_is_fast(world: Arena) -> None:
    rater = make_rater()
    record(world, rater, show_pairs(world, ["tie"] * 9), every=0.1)
    assert measure(world, rater).fast == 8


def make_golds(arena: Arena) -> dict[str, Gold]:
    (good, other), *_ = list_pairs(arena)
    spoilt: Image = factories.make_image("white")
    common: dict[str, Any] = {"arena": arena, "good": good, "prompt": good.prompt}
    return {
        "identical": Gold.objects.create(kind="identical", spoilt=spoilt, **common),
        "wrong_prompt": Gold.objects.create(kind="wrong_prompt", other=other, **common),
        "corrupted": Gold.objects.create(kind="corrupted", spoilt=spoilt, **common),
        "instructed": Gold.objects.create(kind="instructed", other=other, **common),
    }


def test_gold_is_judged_and_lapses_are_another_thing(world: Arena) -> None:
    golds, rater = make_golds(world), make_rater()
    good = golds["identical"].good
    said = [("identical", "tie"), ("corrupted", "model_b"), ("wrong_prompt", "both_bad")]
    said += [("instructed", "tie"), ("corrupted", "model_a")]
    showings = [Showing(good, good, how, kind="gold", gold=golds[kind]) for kind, how in said]
    record(world, rater, showings)
    figures = measure(world, rater)
    assert pick(figures, "votes", "golds", "golds_right", "lapses") == [5, 3, 2, 1]
    assert pick(figures, "left", "right", "undecided") == [0, 0, 0]


def test_practice_is_no_gold(world: Arena) -> None:
    gold, rater = make_golds(world)["corrupted"], make_rater()
    record(world, rater, [Showing(gold.good, gold.good, "tie", kind="practice", gold=gold)])
    assert measure(world, rater).golds == 0


def come_back(votes: list[Vote], kind: str, winners: list[str]) -> list[Showing]:
    """The votes' pairs again, as they were or swapped, with these answers."""
    again = []
    for vote, winner in zip(votes, winners, strict=True):
        assert vote.ballot
        sides = [vote.candidate_a, vote.candidate_b]
        left, right = sides if kind == "repeat" else sides[::-1]
        assert left
        assert right
        again.append(Showing(left, right, winner, kind=kind, repeats=vote.ballot))
    return again


def test_repeats_agree_where_the_same_picture_is_chosen(world: Arena) -> None:
    rater = make_rater()
    votes = record(world, rater, show_pairs(world, ["model_a"] * 4 + ["tie"]))
    record(
        world, rater, come_back(votes, "repeat", ["model_a", "model_b", "tie", "model_a", "tie"])
    )
    figures = measure(world, rater)
    assert pick(figures, "repeats", "repeats_agreeing", "mirrors") == [5, 3, 0]
    assert pick(figures, "decided", "contrary") == [3, 1]


def test_mirrors_agree_where_the_other_side_is_chosen(world: Arena) -> None:
    rater = make_rater()
    votes = record(world, rater, show_pairs(world, ["model_a"] * 3))
    record(world, rater, come_back(votes, "mirror", ["model_a", "model_b", "model_b"]))
    figures = measure(world, rater)
    assert pick(figures, "mirrors", "mirrors_agreeing", "repeats") == [3, 2, 0]
    assert pick(figures, "decided", "contrary") == [3, 1]


def test_agreement_is_with_more_than_half_of_the_others(world: Arena) -> None:
    dissenter = make_rater()
    showings = show_pairs(world, ["model_a"] * 6)
    record(world, dissenter, showings)
    against = [Showing(s.left, s.right, OPPOSITE[s.winner]) for s in showings[:4]]
    for _ in range(3):
        record(world, make_rater(), against)
    record(world, make_rater(), showings[4:5])
    figures = measure(world, dissenter)
    assert pick(figures, "compared", "agreeing") == [5, 1]


def test_where_others_are_divided_there_is_nothing_to_agree_with(world: Arena) -> None:
    rater = make_rater()
    (showing,) = show_pairs(world, ["model_a"])
    record(world, rater, [showing])
    for winner in ("model_a", "model_b"):
        record(world, make_rater(), [Showing(showing.left, showing.right, winner)])
    assert measure(world, rater).compared == 0


def test_agreement_knows_who_stood_where(world: Arena) -> None:
    alice, bob = make_rater(), make_rater()
    one, other = list_pairs(world)[0]
    record(world, alice, [Showing(one, other, "model_a")])
    record(world, bob, [Showing(other, one, "model_b")])
    assert measure(world, alice).agreeing == 1


def test_what_was_taken_back_counts_no_more(world: Arena) -> None:
    rater = make_rater()
    vote, _ = record(world, rater, show_pairs(world, ["model_a"] * 2))
    same = {name: getattr(vote, name) for name in AGAIN}
    append(Vote(**same, retracted=True, revises=vote, revision=1, created_at=NOW))
    assert measure(world, rater).votes == 1


def ask_again(vote: Vote, winner: str) -> None:
    """The answer to another question, later, on the same ballot."""
    second, _ = Question.objects.get_or_create(
        arena=vote.arena, key="face", text="Which face is better?", position=1
    )
    same = {name: getattr(vote, name) for name in AGAIN if name != "question"}
    at = vote.created_at + timedelta(seconds=0.1)
    append(Vote(**same, question=second, winner=winner, response_ms=100, created_at=at))


def test_only_the_first_answer_on_a_ballot_is_evidence(world: Arena) -> None:
    rater = make_rater()
    for vote in record(world, rater, show_pairs(world, ["model_a"] * 4)):
        ask_again(vote, "model_b")
    assert pick(measure(world, rater), "votes", "left", "right", "timed", "fast") == [8, 4, 0, 4, 0]


def test_skips_are_counted(world: Arena, tmp_path: Path) -> None:
    rater = make_rater()
    record(world, rater, show_pairs(world, ["tie"] * 3))
    Ballot.objects.filter(pk=Ballot.objects.all()[0].pk).update(skipped="unsure")
    assert measure(world, rater).skips == 1


def test_so_many_queries_for_any_number_of_raters(
    world: Arena, django_assert_num_queries: Any
) -> None:
    raters = [make_rater() for _ in range(4)]
    for rater in raters:
        record(world, rater, show_pairs(world, ["tie"] * 3))
    with django_assert_num_queries(3):
        measure_raters(world, [rater.pk for rater in raters])
