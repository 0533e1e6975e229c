"""A flag on a rater in one arena touches the votes there, and no others."""

import pytest

from arenas.definitions.models import Arena
from arenas.ledger.append import digest_row
from arenas.ledger.seal import seal, verify
from arenas.raters.models import Rater
from arenas.votes.count import fold_counts, recount
from arenas.votes.flag import FlagRefused, lift_flag, raise_flag, read_marks
from arenas.votes.models import Flag, Vote, VoteCount
from tests import factories
from tests.factories import NOW, answer, hold, make_rater

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(world: Arena) -> Arena:
    return factories.make_arena(world.suite_version, slug="other", title="Another arena")


@pytest.fixture
def rater(world: Arena, other: Arena) -> Rater:
    """Somebody with a vote in each of the two arenas."""
    rater = make_rater()
    for number, arena in enumerate((world, other)):
        answer(arena, rater, hold(arena, rater, seed=number)[0])
    return rater


def flag(rater: Rater, arena: Arena | None) -> Flag:
    return raise_flag(rater, rule="gold", reason="no look", by="quality", now=NOW, arena=arena)


def count_flagged() -> set[str]:
    seal(NOW)
    fold_counts()
    flagged = VoteCount.objects.filter(flagged=True, count__gt=0)
    return set(flagged.values_list("arena__slug", flat=True))


def test_boards_of_other_arenas_go_on_counting(world: Arena, rater: Rater) -> None:
    count_flagged()
    raised = flag(rater, world)
    assert count_flagged() == {"small"}
    lift_flag(raised, reason="a mistake", by="alice", now=NOW)
    assert count_flagged() == set()


def test_a_recount_says_the_same(world: Arena, rater: Rater) -> None:
    flag(rater, world)
    count_flagged()
    recount()
    assert count_flagged() == {"small"}


def test_a_flag_without_an_arena_is_on_all(rater: Rater) -> None:
    flag(rater, None)
    assert count_flagged() == {"small", "other"}


def test_exports_name_the_rule_there_alone(world: Arena, rater: Rater) -> None:
    flag(rater, world)
    marks = read_marks()
    said = {vote.arena.slug: marks.on(vote) for vote in Vote.objects.all()}
    assert said == {"small": ["gold"], "other": []}


def test_only_a_rater_is_flagged_in_one_arena(world: Arena, rater: Rater) -> None:
    vote = Vote.objects.filter(arena=world).get()
    with pytest.raises(FlagRefused, match="only a rater"):
        raise_flag(vote, rule="manual", reason="odd", by="alice", now=NOW, arena=world)


def test_a_flag_from_before_there_were_such_still_verifies(rater: Rater) -> None:
    old = flag(rater, None)
    old.form = 1
    Flag.objects.filter(pk=old.pk).update(form=1, digest=digest_row(old))
    seal(NOW)
    assert verify() > 0


def test_the_arena_of_a_flag_is_part_of_the_chain(world: Arena, rater: Rater) -> None:
    raised = flag(rater, world)
    assert raised.describe()["arena"] == "small"
    before = digest_row(raised)
    raised.arena = None
    assert digest_row(raised) != before
