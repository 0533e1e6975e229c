"""What came to nothing is removed, and nothing that anybody's vote, flag or end names."""

from datetime import timedelta
from typing import Any

import pytest

from arenas.battles.models import Ballot
from arenas.definitions.models import Arena
from arenas.raters.admit import begin
from arenas.raters.models import Participation, Person, Rater
from arenas.votes.flag import raise_flag
from arenas.votes.models import Vote
from arenas.votes.prune import prune
from arenas.votes.tasks import prune as prune_task
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1, hours=1, seconds=1)


def make_old(**fields: Any) -> Rater:
    """A person who came ten days ago."""
    rater = Rater.objects.create(**fields)
    Rater.objects.update(created_at=NOW - timedelta(days=10))
    return rater


def add_part(arena: Arena, rater: Rater, state: str = "voting", days: int = 10) -> Participation:
    part = begin(arena, rater)
    Participation.objects.filter(pk=part.pk).update(
        state=state, created_at=NOW - timedelta(days=days)
    )
    return part


def test_ballots_that_nobody_answered_go_after_a_day(world: Arena) -> None:
    factories.hold(world, factories.make_rater())
    assert prune(LATER - timedelta(seconds=2))[0] == 0
    assert prune(LATER)[0] == 2
    assert not Ballot.objects.exists()


def test_the_task_does_it_by_the_clock(world: Arena) -> None:
    factories.hold(world, factories.make_rater())
    prune_task()
    assert not Ballot.objects.exists()


def test_ballots_that_were_answered_or_passed_over_stay(world: Arena) -> None:
    rater = factories.make_rater()
    factories.cast_votes(world, rater, ["tie"])
    Ballot.objects.filter(answered_at=None).update(skipped="unsure", answered_at=NOW)
    assert prune(LATER)[0] == 0


def test_a_ballot_whose_answer_was_taken_back_stays(world: Arena) -> None:
    factories.cast_votes(world, factories.make_rater(), ["tie"])
    answered = Ballot.objects.exclude(answered_at=None).get()
    Ballot.objects.update(answered_at=None)
    prune(LATER)
    assert Ballot.objects.get() == answered
    assert Vote.objects.count() == 1


def test_a_ballot_that_another_one_repeats_stays(world: Arena) -> None:
    first, second = factories.hold(world, factories.make_rater())
    Ballot.objects.filter(pk=second.pk).update(repeats=first, answered_at=NOW)
    assert prune(LATER)[0] == 0


def test_people_who_left_nothing_go_after_a_week(world: Arena) -> None:
    part = add_part(world, make_old())
    Person.objects.create(rater=part.rater, platform="Prolific", participant="5f2a")
    assert prune(NOW)[1] == 1
    assert not Person.objects.exists()


def test_people_stay_for_a_week(world: Arena) -> None:
    Rater.objects.create()
    Rater.objects.update(created_at=NOW - timedelta(days=6))
    assert prune(NOW)[1] == 0


def test_people_who_have_come_to_another_arena_since_stay(world: Arena) -> None:
    add_part(world, make_old(), days=2)
    assert prune(NOW)[1] == 0


@pytest.mark.parametrize("state", ["screened_out", "inattentive", "withdrawn"])
def test_whose_part_was_ended_stay(world: Arena, state: str) -> None:
    add_part(world, make_old(), state)
    assert prune(NOW)[1] == 0


def test_people_who_voted_or_are_flagged_stay(world: Arena) -> None:
    factories.cast_votes(world, make_old(), ["tie"])
    raise_flag(make_old(), rule="manual", reason="a test", by="alice", now=NOW)
    assert prune(LATER)[1] == 0


@pytest.mark.parametrize("kind", ["external", "simulated", "judge"])
def test_raters_who_are_no_persons_stay(db: None, kind: str) -> None:
    make_old(kind=kind)
    assert prune(NOW)[1] == 0


def test_who_withdrew_stays_withdrawn(db: None) -> None:
    make_old(withdrawn_at=NOW)
    assert prune(NOW)[1] == 0
