"""Beginning, being screened out, declining; and the way back to a platform."""

import hashlib
from typing import Any

import pytest

from arenas.raters.admit import begin
from arenas.raters.consent import decline, start
from arenas.raters.finish import end, find_way_back
from arenas.raters.models import Participation
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
State = Participation.State

SCREEN = {
    "id": "sight",
    "text": "Do you see colours?",
    "options": [{"id": "all", "text": "All"}, {"id": "some", "text": "Some"}],
    "accepted": ["all"],
}
CODES = {"completion_code": "D1", "screen_out_code": "S2", "attention_code": "A3"}


def make_part(**settings: Any) -> Participation:
    arena = factories.make_arena(None, voting_settings={"screening": [SCREEN], **settings})
    return begin(arena, factories.make_rater())


def test_who_is_suitable_may_vote() -> None:
    part = make_part()
    start(part, consent="", answers={"sight": "all"}, now=NOW)
    part.refresh_from_db()
    assert (part.state, part.consented_at, part.ended_at) == (State.VOTING, None, None)


def test_consent_is_kept_with_the_hash_of_its_text() -> None:
    part = make_part()
    start(part, consent="I agree.", answers={"sight": "all"}, now=NOW)
    part.refresh_from_db()
    assert part.consented_at == NOW
    assert part.consent == hashlib.sha256(b"I agree.").hexdigest()


@pytest.mark.parametrize("answers", [{"sight": "some"}, {"sight": "none-such"}, {}])
def test_an_answer_that_is_not_accepted_ends_the_part(answers: dict[str, str]) -> None:
    part = make_part()
    start(part, consent="", answers=answers, now=NOW)
    part.refresh_from_db()
    assert (part.state, part.ended_at) == (State.SCREENED_OUT, NOW)


@pytest.mark.parametrize("state", [State.SCREENED_OUT, State.INATTENTIVE, State.WITHDRAWN])
def test_a_part_that_ended_cannot_begin_again(state: State) -> None:
    part = make_part()
    end(part, state, now=NOW)
    start(part, consent="", answers={"sight": "all"}, now=NOW)
    assert part.state == state


def test_who_declines_takes_no_part() -> None:
    part = make_part()
    decline(part, now=NOW)
    assert part.state == State.DECLINED


def test_who_votes_already_cannot_decline() -> None:
    part = make_part()
    start(part, consent="", answers={"sight": "all"}, now=NOW)
    decline(part, now=NOW)
    assert part.state == State.VOTING


@pytest.mark.parametrize(
    ("state", "code"),
    [(State.VOTING, "D1"), (State.SCREENED_OUT, "S2"), (State.INATTENTIVE, "A3")],
)
def test_each_end_has_its_code(state: State, code: str) -> None:
    part = make_part(platform={**CODES, "return_url": "https://crowd.example/end?cc={code}"})
    back = find_way_back(part.arena, state)
    assert back is not None
    assert (back.code, back.url) == (code, f"https://crowd.example/end?cc={code}")


def test_who_withdrew_is_sent_nowhere() -> None:
    assert find_way_back(make_part(platform=CODES).arena, State.WITHDRAWN) is None


def test_without_a_platform_there_is_no_way_back() -> None:
    assert find_way_back(make_part().arena, State.VOTING) is None
