"""Whatever happens, in whatever order: counts equal a count by hand at every watermark."""

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arenas.battles.models import Ballot
from arenas.definitions.models import Arena
from arenas.ledger.append import append
from arenas.ledger.seal import seal
from arenas.votes.count import fold_counts, recount
from arenas.votes.flag import lift_flag, raise_flag
from arenas.votes.models import Flag, Vote
from tests.arenas.votes.counting import counted, find_subject, folded, revise
from tests.factories import NOW, hold, make_rater

WINNERS = ["model_a", "model_b", "tie", "both_bad"]
SUBJECTS = ["vote", "rater", "candidate_a", "candidate_b", "battle"]
INDEX = st.integers(0, 5)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("vote"), INDEX, st.sampled_from(WINNERS)),
        st.tuples(st.just("flag"), INDEX, st.sampled_from(SUBJECTS)),
        st.tuples(st.just("lift"), INDEX, st.none()),
        st.tuples(st.just("fold"), st.none(), st.none()),
    ),
    min_size=4,
    max_size=20,
)
RATIOS = [None, (0.1, 0.1), (0.1, 0.3), (0.3, 0.07), (1.0, 0.001), (0.001, 0.9)]


def make_ballots(arena: Arena) -> list[Ballot]:
    """Three raters' open ballots, each drawn with other probabilities."""
    ballots = [ballot for _ in range(3) for ballot in hold(arena, make_rater())]
    for ballot, ratio in zip(ballots, RATIOS, strict=True):
        if ratio:
            ballot.uniform_probability, ballot.probability = ratio
            ballot.save()
    return ballots


def cast(ballot: Ballot, winner: str) -> None:
    """A vote on the ballot, or a change of mind where there is one."""
    last = ballot.votes.filter(revised_by=None).first()
    if last:
        revise(last, winner)
        return
    first, second = ballot.shown
    append(
        Vote(
            arena=ballot.arena,
            question=ballot.arena.questions.get(),
            ballot=ballot,
            rater=ballot.rater,
            rater_kind=ballot.rater.kind,
            prompt=ballot.battle.prompt,
            competitor_a=first.competitor,
            competitor_b=second.competitor,
            candidate_a=first,
            candidate_b=second,
            winner=winner,
            source=Vote.Source.SITE,
            created_at=NOW,
        )
    )


def flag(index: int, subject: str) -> None:
    votes = list(Vote.objects.order_by("pk"))
    if votes:
        vote = votes[index % len(votes)]
        raise_flag(find_subject(vote, subject), rule="manual", reason="", by="alice", now=NOW)


def lift(index: int) -> None:
    flags = list(Flag.objects.filter(lifts=None, lifted_by=None).order_by("pk"))
    if flags:
        lift_flag(flags[index % len(flags)], reason="", by="bob", now=NOW)


def test_counts_equal_a_count_by_hand_at_every_watermark(world: Arena) -> None:
    ballots = make_ballots(world)

    @settings(
        max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
    )
    @given(STEPS)
    def check(steps) -> None:
        with transaction.atomic():
            for name, index, detail in [*steps, ("fold", None, None)]:
                if name == "vote":
                    cast(ballots[index], detail)
                elif name == "flag":
                    flag(index, detail)
                elif name == "lift":
                    lift(index)
                else:
                    seal(NOW)
                    fold_counts()
                    assert folded() == counted()
            kept = folded()
            recount()
            assert folded() == kept
            transaction.set_rollback(True)

    check()
