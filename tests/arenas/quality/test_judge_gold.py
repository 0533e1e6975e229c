"""What an answered gold ballot says, and what follows at once."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client

from arenas.battles.expect import find_right
from arenas.battles.models import Ballot, Gold
from arenas.battles.tokens import derive_token
from arenas.definitions.models import Arena
from arenas.quality.gold import make_missing
from arenas.raters.models import Participation, Rater
from arenas.votes.cast import Answer, TooFast, cast
from arenas.votes.judge import judge
from arenas.votes.models import Vote
from tests import factories
from tests.factories import NOW, answer, hold, make_rater
from tests.pages import VOTE, open_ballot, post, text

pytestmark = pytest.mark.django_db
KINDS = Gold.Kind
State = Participation.State
WRONG = {"model_a": "model_b", "model_b": "model_a"}


@pytest.mark.parametrize(
    ("kind", "slots", "winner", "right"),
    [
        ("identical", [0, 1], "tie", True),
        ("identical", [1, 0], "both_bad", True),
        ("identical", [0, 1], "model_a", False),
        ("corrupted", [0, 1], "model_a", True),
        ("corrupted", [1, 0], "model_a", False),
        ("corrupted", [1, 0], "model_b", True),
        ("corrupted", [1, 0], "tie", False),
        ("corrupted", [0, 1], "both_bad", None),
        ("wrong_prompt", [0, 1], "model_b", False),
        ("wrong_prompt", [0, 1], "both_bad", None),
        ("wrong_prompt", [0, 1], "", None),
    ],
)
def test_an_answer_is_right_or_wrong_beyond_taste(
    kind: str, slots: list[int], winner: str, right: bool | None
) -> None:
    assert judge(Ballot(slots=slots), kind, winner) is right


def make_arena(folder: Path, **voting: Any) -> Arena:
    arena = factories.make_world(folder, 4, voting_settings={"aa_share": 0, **voting})
    make_missing(most=200, rng=np.random.default_rng(1))
    return arena


def answer_until(arena: Arena, rater: Rater, lapses: int) -> None:
    """Answer pair after pair, and every instruction wrongly, until so many were."""
    for n in range(60):
        ballot = hold(arena, rater, seed=n)[0]
        winner = "tie"
        if ballot.gold:
            (right,) = find_right(ballot, ballot.gold.kind)
            winner = WRONG[right]
            lapses -= 1
        answer(arena, rater, ballot, winner)
        if not lapses:
            return


def test_a_failed_instruction_is_a_lapse(tmp_path: Path) -> None:
    arena, rater = make_arena(tmp_path, attention_share=0.4), make_rater()
    answer_until(arena, rater, 1)
    part = Participation.objects.get(rater=rater)
    assert (part.lapses, part.state, part.ended_at) == (1, State.VOTING, None)


def test_the_last_lapse_allowed_ends_the_part_and_keeps_the_work(tmp_path: Path) -> None:
    arena, rater = make_arena(tmp_path, attention_share=0.4), make_rater()
    answer_until(arena, rater, 2)
    part = Participation.objects.get(rater=rater)
    assert (part.lapses, part.state, part.ended_at) == (2, State.INATTENTIVE, NOW)
    assert not rater.flags.exists()
    assert Vote.objects.count() == rater.ballots.exclude(answered_at=None).count()


def test_the_arena_says_how_many_lapses_there_may_be(tmp_path: Path) -> None:
    arena = make_arena(tmp_path, attention_share=0.4, quality={"attention_failures": 1})
    rater = make_rater()
    answer_until(arena, rater, 1)
    assert Participation.objects.get(rater=rater).state == State.INATTENTIVE


def test_followed_instructions_are_no_lapse(tmp_path: Path) -> None:
    arena, rater = make_arena(tmp_path, attention_share=0.4), make_rater()
    for n in range(15):
        ballot = hold(arena, rater, seed=n)[0]
        right = min(find_right(ballot, KINDS.INSTRUCTED)) if ballot.gold else "tie"
        answer(arena, rater, ballot, right)
    assert rater.ballots.filter(gold__kind="instructed", answered_at__isnull=False).exists()
    assert Participation.objects.get(rater=rater).lapses == 0


def test_other_gold_never_ends_a_part(tmp_path: Path) -> None:
    arena, rater = make_arena(tmp_path, gold_share=0.5), make_rater()
    for n in range(15):
        ballot = hold(arena, rater, seed=n)[0]
        wrong = {"tie", "model_a", "model_b"}
        if ballot.gold:
            wrong -= find_right(ballot, ballot.gold.kind)
        answer(arena, rater, ballot, min(wrong))
    part = Participation.objects.get(rater=rater)
    assert (part.lapses, part.state) == (0, State.VOTING)


def open_told(client: Client, arena: Arena) -> Ballot:
    """The ballot of the vote page, once it is an instruction."""
    for _ in range(40):
        open_ballot(client)
        ballot = Ballot.objects.filter(answered_at=None).order_by("pk")[0]
        if ballot.gold:
            return ballot
        post(client, derive_token(ballot.nonce), "tie")
    raise AssertionError("no instruction came")


def test_taking_a_lapse_back_and_answering_again_counts_once(
    tmp_path: Path, client: Client
) -> None:
    ballot = open_told(client, make_arena(tmp_path, attention_share=0.5))
    token = derive_token(ballot.nonce)
    (right,) = find_right(ballot, KINDS.INSTRUCTED)
    seen = []
    for winner in (WRONG[right], WRONG[right], right):
        post(client, token, winner)
        seen.append(Participation.objects.get().lapses)
        client.post(VOTE, {"undo": token})
    assert seen == [1, 1, 0]


def test_practice_says_what_was_right_and_why(tmp_path: Path, client: Client) -> None:
    make_arena(tmp_path, practice=4)
    for _ in range(4):
        token = start_practice(client)
        ballot = Ballot.objects.filter(answered_at=None).order_by("pk")[0]
        assert ballot.gold
        right = min(find_right(ballot, ballot.gold.kind))
        response = post(client, token, right)
        assert response.context["feedback"].startswith("That was right.")  # type: ignore[attr-defined]


def start_practice(client: Client) -> str:
    """The token of the practice pair on screen, past the start page."""
    client.post("/arenas/small/start/")
    return open_ballot(client)


def test_practice_answered_wrongly_is_explained(tmp_path: Path, client: Client) -> None:
    make_arena(tmp_path, practice=1)
    Gold.objects.exclude(kind="corrupted").delete()
    token = start_practice(client)
    ballot = Ballot.objects.filter(answered_at=None).order_by("pk")[0]
    (right,) = find_right(ballot, KINDS.CORRUPTED)
    response = post(client, token, WRONG[right])
    side = "Left" if right == "model_a" else "Right"
    assert response.context["feedback"] == (  # type: ignore[attr-defined]
        f"That was not right. “{side}” was better: the other picture is broken."
    )


def test_nothing_is_said_of_gold_that_is_no_practice(tmp_path: Path, client: Client) -> None:
    ballot = open_told(client, make_arena(tmp_path, attention_share=0.5))
    response = post(client, derive_token(ballot.nonce), "tie")
    assert response.context["feedback"] == ""  # type: ignore[attr-defined]


def test_who_votes_too_fast_is_asked_to_wait(tmp_path: Path) -> None:
    arena, rater = make_arena(tmp_path, quality={"votes_per_minute": 3}), make_rater()
    factories.cast_votes(arena, rater, ["tie"] * 3)
    ballot = hold(arena, rater)[0]
    with pytest.raises(TooFast, match="Wait a little"):
        answer(arena, rater, ballot)
    answer(arena, rater, ballot, now=NOW + timedelta(minutes=1))
    assert Vote.objects.count() == 4


def test_the_same_answer_again_is_not_too_fast(tmp_path: Path) -> None:
    arena, rater = make_arena(tmp_path, quality={"votes_per_minute": 1}), make_rater()
    ballot = hold(arena, rater)[0]
    first = answer(arena, rater, ballot)
    assert cast(arena, rater, Answer(derive_token(ballot.nonce), "model_a"), now=NOW) == first


def test_too_fast_is_status_429(tmp_path: Path, client: Client) -> None:
    make_arena(tmp_path, quality={"votes_per_minute": 1})
    post(client, open_ballot(client))
    response = post(client, open_ballot(client))
    assert response.status_code == 429
    assert "faster than anybody can look" in text(response)
