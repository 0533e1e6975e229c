from collections.abc import Sequence

import pytest

from arenas.battles.models import Ballot
from arenas.definitions.models import Arena
from arenas.ledger.seal import seal
from arenas.raters.models import Rater
from arenas.votes.count import CAP, LEAST_WEIGHT, fold_counts, recount
from arenas.votes.flag import lift_flag, raise_flag
from arenas.votes.models import Flag, Vote, VoteCount
from tests import factories
from tests.arenas.votes.counting import Cells, counted, find_subject, folded, revise
from tests.factories import NOW, add_votes, answer, cast_votes, hold, make_rater

WINNERS = ["model_a", "tie", "both_bad", "model_b", "model_a"]


def fold() -> Cells:
    seal(NOW)
    fold_counts()
    return folded()


def total(cells: Cells, *, flagged: bool = False) -> int:
    return sum(sums[0] for cell, sums in cells.items() if cell[-1] == flagged)


def winners(cells: Cells) -> Sequence[object]:
    return [cell[-2] for cell in cells]


def flag(subject) -> Flag:
    return raise_flag(subject, rule="manual", reason="looks odd", by="alice", now=NOW)


def lift(raised: Flag) -> Flag:
    return lift_flag(raised, reason="was fine", by="bob", now=NOW)


def weigh_ballot(arena: Arena, uniform: float | None, probability: float) -> tuple[int, int, int]:
    """What one vote adds, its pair having been drawn with these probabilities."""
    rater = make_rater()
    ballot = hold(arena, rater)[0]
    Ballot.objects.filter(pk=ballot.pk).update(uniform_probability=uniform, probability=probability)
    answer(arena, rater, ballot)
    (sums,) = fold().values()
    return sums


def test_folded_counts_equal_a_count_of_the_votes(world: Arena) -> None:
    for _ in range(3):
        cast_votes(world, make_rater(), WINNERS)
        fold()
    assert folded() == counted()
    assert total(folded()) == 15


def test_folding_again_counts_nothing_twice(world: Arena) -> None:
    cast_votes(world, make_rater(), WINNERS)
    fold()
    assert fold_counts() == fold_counts()
    assert total(folded()) == 5


def test_votes_without_a_number_are_not_counted(world: Arena) -> None:
    cast_votes(world, make_rater(), WINNERS)
    fold_counts()
    assert not folded()


def test_a_recount_changes_nothing(world: Arena) -> None:
    cast_votes(world, make_rater(), WINNERS)
    before = fold()
    recount()
    assert folded() == before


def test_a_revision_takes_the_place_of_its_vote(world: Arena) -> None:
    vote = cast_votes(world, make_rater(), ["model_a"])[0]
    fold()
    revise(vote, "model_b")
    assert winners(fold()) == ["model_b"]
    assert folded() == counted()


def test_a_vote_and_its_revision_in_one_fold_count_once(world: Arena) -> None:
    vote = cast_votes(world, make_rater(), ["model_a"])[0]
    revise(revise(vote, "tie"), "model_b")
    assert winners(fold()) == ["model_b"]


def test_votes_on_no_prompt_share_one_cell(db: None) -> None:
    arena = factories.make_arena(None)
    for _ in range(2):
        add_votes(arena, [("ant", "bee", "tie")] * 2)
        fold()
    assert VoteCount.objects.get().count == 4


@pytest.mark.parametrize("subject", ["vote", "rater", "candidate_a", "candidate_b", "battle"])
def test_a_flag_moves_votes_and_its_lift_moves_them_back(world: Arena, subject: str) -> None:
    vote = cast_votes(world, make_rater(), ["model_a"])[0]
    before = fold()
    raised = flag(find_subject(vote, subject))
    assert (total(fold()), total(folded(), flagged=True)) == (0, 1)
    lift(raised)
    assert fold() == before


def test_a_flag_without_a_number_moves_nothing(world: Arena) -> None:
    vote = cast_votes(world, make_rater(), ["model_a"])[0]
    before = fold()
    flag(vote)
    fold_counts()
    assert folded() == before


def test_a_flag_on_a_rater_holds_for_votes_to_come(world: Arena) -> None:
    rater = make_rater()
    flag(rater)
    fold()
    cast_votes(world, rater, WINNERS)
    assert (total(fold()), total(folded(), flagged=True)) == (0, 5)


def test_a_vote_with_two_flags_is_clear_when_both_are_lifted(world: Arena) -> None:
    vote = cast_votes(world, make_rater(), ["model_a"])[0]
    flags = [flag(vote), flag(vote.rater)]
    fold()
    lift(flags[0])
    assert total(fold(), flagged=True) == 1
    lift(flags[1])
    assert total(fold(), flagged=True) == 0


def test_a_flag_on_a_vote_is_not_one_on_its_revision(world: Arena) -> None:
    vote = cast_votes(world, make_rater(), ["model_a"])[0]
    flag(vote)
    revise(vote, "model_b")
    assert (total(fold()), total(folded(), flagged=True)) == (1, 0)


def test_a_vote_weighs_what_a_uniform_draw_would_have_given_it(world: Arena) -> None:
    assert weigh_ballot(world, 0.01, 0.025) == (1, 400, 160_000)


def test_a_vote_that_says_nothing_of_a_uniform_draw_weighs_one(world: Arena) -> None:
    assert weigh_ballot(world, None, 0.025) == (1, 1000, 1_000_000)


def test_an_imported_vote_weighs_one(db: None) -> None:
    add_votes(factories.make_arena(None), [("ant", "bee", "tie")])
    assert list(fold().values()) == [(1, 1000, 1_000_000)]


@pytest.mark.parametrize(
    ("uniform", "probability", "weight"), [(1.0, 1e-6, CAP), (1e-9, 1.0, LEAST_WEIGHT)]
)
def test_weights_are_kept_within_bounds(
    world: Arena, uniform: float, probability: float, weight: int
) -> None:
    assert weigh_ballot(world, uniform, probability) == (1, weight, weight**2)


def test_a_rater_without_votes_can_be_flagged(db: None) -> None:
    flag(Rater.objects.create())
    assert fold() == {}


def test_the_votes_of_a_flagged_rater_stay_in_the_table(world: Arena) -> None:
    rater = make_rater()
    votes = cast_votes(world, rater, WINNERS)
    flag(rater)
    fold()
    assert Vote.objects.filter(pk__in=[vote.pk for vote in votes]).count() == 5
