from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from arenas.definitions.models import Arena
from arenas.ledger.append import append
from arenas.ledger.seal import seal
from arenas.votes.count import fold_counts, recount
from arenas.votes.models import Vote, VoteCount
from tests import factories
from tests.factories import NOW, add_votes, cast_votes, make_rater

CELL = ("question", "prompt", "rater_kind", "competitor_a", "competitor_b", "winner")
WINNERS = ["model_a", "tie", "both_bad", "model_b", "model_a"]


def folded() -> Counter[tuple[object, ...]]:
    """The maintained counts; a cell that is empty again says as much as none."""
    counts = {tuple(row[:-1]): row[-1] for row in VoteCount.objects.values_list(*CELL, "count")}
    return Counter({cell: count for cell, count in counts.items() if count})


def counted() -> Counter[tuple[object, ...]]:
    """The sealed votes that stand, counted one by one."""
    votes = Vote.objects.filter(seq__isnull=False).exclude(revised_by__seq__isnull=False)
    return Counter(votes.values_list(*CELL))


def revise(vote: Vote, winner: str) -> Vote:
    """The rater's change of mind, as another row."""
    number = vote.revision + 1
    revision = Vote.objects.get(pk=vote.pk)
    revision.pk, revision.revision, revision.revises = None, number, vote
    revision.winner, revision.seq = winner, None
    return append(revision)


def test_folded_counts_equal_a_count_of_the_votes(world: Arena) -> None:
    for _ in range(3):
        cast_votes(world, make_rater(), WINNERS)
        seal(NOW)
        fold_counts()
    assert folded() == counted()
    assert counted().total() == 15


def test_folding_again_counts_nothing_twice(world: Arena) -> None:
    cast_votes(world, make_rater(), WINNERS)
    seal(NOW)
    assert fold_counts() == fold_counts()
    assert folded().total() == 5


def test_votes_without_a_number_are_not_counted(world: Arena) -> None:
    cast_votes(world, make_rater(), WINNERS)
    fold_counts()
    assert not folded()


def test_a_recount_changes_nothing(world: Arena) -> None:
    cast_votes(world, make_rater(), WINNERS)
    seal(NOW)
    fold_counts()
    before = folded()
    recount()
    assert folded() == before


def test_a_revision_takes_the_place_of_its_vote(world: Arena) -> None:
    vote = cast_votes(world, make_rater(), ["model_a"])[0]
    seal(NOW)
    fold_counts()
    revise(vote, "model_b")
    seal(NOW)
    fold_counts()
    assert [cell[-1] for cell in folded()] == ["model_b"]
    assert folded() == counted()


def test_a_vote_and_its_revision_in_one_fold_count_once(world: Arena) -> None:
    vote = cast_votes(world, make_rater(), ["model_a"])[0]
    revise(revise(vote, "tie"), "model_b")
    seal(NOW)
    fold_counts()
    assert [cell[-1] for cell in folded()] == ["model_b"]


def test_votes_on_no_prompt_share_one_cell(db: None) -> None:
    arena = factories.make_arena(None)
    for _ in range(2):
        add_votes(arena, [("ant", "bee", "tie")] * 2)
        seal(NOW)
        fold_counts()
    assert VoteCount.objects.get().count == 4


@pytest.mark.django_db(transaction=True)
def test_counts_are_right_while_four_write_and_fold() -> None:
    arena = factories.make_arena(None)

    def work(number: int) -> None:
        try:
            for winner in WINNERS:
                add_votes(arena, [("ant", "bee", winner), ("cat", "ant", winner)])
                seal(NOW)
                fold_counts()
        finally:
            connection.close()

    add_votes(arena, [("ant", "bee", "tie")])
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    seal(NOW)
    fold_counts()
    before = folded()
    assert before.total() == 41
    assert before == counted()
    recount()
    assert folded() == before
