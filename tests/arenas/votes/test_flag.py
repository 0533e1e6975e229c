import pytest

from arenas.definitions.models import Arena
from arenas.exports.tables import export_votes
from arenas.ledger.seal import seal, verify
from arenas.raters.models import Rater
from arenas.votes.flag import FlagRefused, lift_flag, raise_flag, read_marks
from arenas.votes.models import Flag, Vote
from tests.factories import NOW, cast_votes, make_rater


@pytest.fixture
def vote(world: Arena) -> Vote:
    return cast_votes(world, make_rater(), ["model_a"])[0]


def flag(subject, rule="manual") -> Flag:
    return raise_flag(subject, rule=rule, reason="looks odd", by="alice", now=NOW)


def lift(raised: Flag) -> Flag:
    return lift_flag(raised, reason="was fine", by="bob", now=NOW)


def subjects(vote: Vote) -> list[object]:
    return [vote, vote.rater, vote.candidate_a, vote.candidate_b, vote.ballot.battle]


def test_each_subject_of_a_vote_can_be_flagged(vote: Vote) -> None:
    for index, subject in enumerate(subjects(vote)):
        flag(subject, rule=f"rule-{index}")
    assert read_marks().on(vote) == ["rule-0", "rule-1", "rule-2", "rule-3", "rule-4"]


def test_a_flag_on_another_rater_does_not_touch_a_vote(vote: Vote) -> None:
    flag(make_rater())
    assert read_marks().on(vote) == []


def test_a_lifted_flag_speaks_no_more(vote: Vote) -> None:
    raised = flag(vote)
    lift(raised)
    assert read_marks().on(vote) == []


def test_lifting_one_flag_leaves_the_other(vote: Vote) -> None:
    lift(flag(vote, rule="pace"))
    flag(vote.rater, rule="gold")
    assert read_marks().on(vote) == ["gold"]


def test_the_flag_and_its_lift_both_stay(vote: Vote) -> None:
    raised = flag(vote)
    lifted = lift(raised)
    assert (lifted.lifts, lifted.vote, lifted.rule) == (raised, vote, "manual")
    assert (raised.by, lifted.by) == ("alice", "bob")
    assert Flag.objects.count() == 2


def test_a_flag_is_lifted_once(vote: Vote) -> None:
    raised = flag(vote)
    lift(raised)
    with pytest.raises(FlagRefused, match="lifted already"):
        lift(raised)
    assert Flag.objects.count() == 2


def test_what_lifts_a_flag_cannot_be_lifted(vote: Vote) -> None:
    lifted = lift(flag(vote))
    with pytest.raises(FlagRefused, match="raise the flag again"):
        lift(lifted)


def test_a_flag_can_be_raised_again(vote: Vote) -> None:
    lift(flag(vote))
    flag(vote)
    assert read_marks().on(vote) == ["manual"]


def test_an_arena_cannot_be_flagged(world: Arena) -> None:
    with pytest.raises(FlagRefused, match="only a vote, rater, candidate or battle"):
        flag(world)


def test_who_does_not_exist_cannot_be_flagged(db: None) -> None:
    with pytest.raises(FlagRefused, match="this rater does not exist"):
        flag(Rater(pk=1))


def test_flags_are_part_of_the_chain(vote: Vote) -> None:
    for subject in subjects(vote):
        lift(flag(subject))
    seal(NOW)
    assert Flag.objects.filter(seq__isnull=False).count() == 10
    assert verify() == 14


def test_an_export_names_the_rules_against_each_vote(world: Arena) -> None:
    first, _ = cast_votes(world, make_rater(), ["model_a", "tie"])
    flag(first, rule="pace")
    flag(first.ballot.battle, rule="gold")
    assert export_votes(world)["flags"].to_list() == ["gold pace", ""]
