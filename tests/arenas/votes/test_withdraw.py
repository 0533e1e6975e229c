"""A withdrawal leaves no personal data, and every number as it was."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import CommandError, call_command
from django.db import connection

from arenas.battles.models import Ballot
from arenas.battles.tokens import derive_token
from arenas.definitions.models import Arena
from arenas.ledger.seal import seal, verify
from arenas.raters.admit import NotInvited, accept_invitation, create_invitation
from arenas.raters.models import Participation, Person, Rater, Withdrawal
from arenas.votes.cast import Answer, cast
from arenas.votes.count import recount, seal_and_fold
from arenas.votes.models import Comment, Flag, Vote
from arenas.votes.withdraw import withdraw
from metrics.leaderboards.build import build_snapshot, find_leaderboard
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)
SECRETS = ("participant-5f2a", "study-77", "session-88", "dora-the-user", "the left one squints")


@pytest.fixture
def commented(world: Arena) -> Arena:
    world.voting_settings = {"comments": True}
    world.save()
    return Arena.objects.get()


def make_person(arena: Arena, **fields: Any) -> Rater:
    """A rater of whom much is known, with a vote that says something in words."""
    rater = factories.make_rater()
    user = get_user_model().objects.create_user("dora-the-user")
    named = {"participant": "participant-5f2a", "study": "study-77", "session": "session-88"}
    Person.objects.create(rater=rater, user=user, platform="Prolific", **named)
    ballot = factories.hold(arena, rater)[0]
    words = "the left one squints"
    cast(arena, rater, Answer(derive_token(ballot.nonce), "model_a", comment=words), now=NOW)
    Ballot.objects.update(viewport={"width": 1280})
    return rater


def dump() -> str:
    """Every row of every table as text."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        rows: list[str] = []
        for table in tables:
            cursor.execute(f'SELECT row_to_json(t)::text FROM "{table}" t')
            rows += [row[0] for row in cursor.fetchall()]
    return "\n".join(rows)


def test_the_whole_database_holds_nothing_of_the_person(commented: Arena) -> None:
    rater = make_person(commented)
    before = dump()
    assert all(secret in before for secret in SECRETS)
    withdraw(rater, keep_votes=True, now=LATER)
    after = dump()
    assert [secret for secret in SECRETS if secret in after] == []
    assert not Ballot.objects.exclude(viewport=None).exists()


def test_the_ledger_still_verifies(commented: Arena) -> None:
    rater = make_person(commented)
    sealed = seal(NOW)
    withdraw(rater, keep_votes=False, now=LATER)
    assert seal(LATER) == 2  # the withdrawal and the flag
    assert verify() == sealed + 2


def test_the_votes_stay_under_the_random_key(commented: Arena) -> None:
    rater = make_person(commented)
    withdraw(rater, keep_votes=True, now=LATER)
    assert Vote.objects.get().rater == rater
    assert not Comment.objects.exists()


def test_a_board_built_again_is_the_same(world: Arena) -> None:
    raters = [factories.make_rater() for _ in range(3)]
    for number, rater in enumerate(raters):
        factories.cast_votes(world, rater, ["model_a", "model_b", "tie"] * 2, seed=10 * number)
    seal_and_fold(NOW)
    board = find_leaderboard(world, world.questions.get())
    first = build_snapshot(board)
    withdraw(raters[0], keep_votes=True, now=LATER)
    recount()
    second = build_snapshot(board)
    assert second.watermark == first.watermark
    assert list_ratings(second) == list_ratings(first)


def test_a_board_leaves_votes_out_where_that_was_asked_for(world: Arena) -> None:
    rater = factories.make_rater()
    factories.cast_votes(world, rater, ["model_a"] * 4)
    factories.cast_votes(world, factories.make_rater(), ["tie"] * 3, seed=20)
    withdraw(rater, keep_votes=False, now=LATER)
    seal_and_fold(LATER)
    snapshot = build_snapshot(find_leaderboard(world, world.questions.get()))
    assert snapshot.votes == 3
    assert (Flag.objects.get().rule, Withdrawal.objects.get().votes_kept) == ("withdrawn", False)


def list_ratings(snapshot: Any) -> list[tuple[Any, ...]]:
    fields = ("competitor__name", "rating", "rating_lower", "rating_upper", "votes")
    return list(snapshot.ratings.order_by("competitor__name").values_list(*fields))


def test_a_second_withdrawal_changes_nothing(commented: Arena) -> None:
    rater = make_person(commented)
    assert withdraw(rater, keep_votes=True, now=LATER)
    before = dump()
    assert not withdraw(rater, keep_votes=False, now=LATER + timedelta(days=1))
    assert dump() == before


def test_what_was_open_is_closed(world: Arena) -> None:
    rater = factories.make_rater()
    factories.hold(world, rater)
    withdraw(rater, keep_votes=True, now=NOW)
    assert not Ballot.objects.filter(expires_at__gt=NOW).exists()
    part = Participation.objects.get()
    assert (part.state, part.ended_at) == (Participation.State.WITHDRAWN, NOW)


def test_a_link_that_was_used_stays_used(db: None) -> None:
    arena = factories.make_arena(None, access="invitation")
    token = create_invitation(arena, max_uses=1)
    rater = accept_invitation(token, None, now=NOW).rater
    withdraw(rater, keep_votes=True, now=LATER)
    assert Participation.objects.get().invitation is None
    with pytest.raises(NotInvited, match="used up"):
        accept_invitation(token, None, now=LATER)


def test_staff_keep_their_account(world: Arena) -> None:
    rater = factories.make_rater()
    Person.objects.create(rater=rater, user=factories.make_staff())
    withdraw(rater, keep_votes=True, now=LATER)
    assert get_user_model().objects.filter(username="alice").exists()
    assert not Person.objects.exists()


def test_sessions_of_the_account_lead_nowhere(commented: Arena) -> None:
    rater = make_person(commented)
    session = SessionStore()
    session["_auth_user_id"] = str(rater.person.user_id)
    session.save()
    withdraw(rater, keep_votes=True, now=LATER)
    assert not get_user_model().objects.exists()


@pytest.mark.parametrize(
    "named",
    [["--participant=participant-5f2a"], ["--user=dora-the-user"]],
)
def test_the_command_withdraws_by_name(commented: Arena, named: list[str]) -> None:
    rater = make_person(commented)
    call_command("withdraw_rater", *named)
    rater.refresh_from_db()
    assert rater.withdrawn_at is not None


def test_the_command_withdraws_by_key_and_says_so_twice(
    world: Arena, capsys: pytest.CaptureFixture[str]
) -> None:
    rater = factories.make_rater()
    call_command("withdraw_rater", rater.key[:12], "--leave-out")
    call_command("withdraw_rater", rater.key)
    done, again = capsys.readouterr().out.splitlines()
    assert "erased" in done
    assert "before" in again


@pytest.mark.parametrize("named", [["unknown"], [""], ["--participant="], ["--user=nobody"]])
def test_the_command_needs_one_rater(db: None, named: list[str]) -> None:
    factories.make_rater()
    with pytest.raises(CommandError, match="no rater"):
        call_command("withdraw_rater", *named)


def test_a_beginning_that_two_keys_have_is_refused(db: None) -> None:
    Rater.objects.bulk_create([Rater(key="ab1"), Rater(key="ab2")])
    with pytest.raises(CommandError, match="more than one"):
        call_command("withdraw_rater", "ab")
