from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from arenas.definitions.models import Arena
from arenas.raters.admit import NotInvited, accept_invitation, create_invitation, may_vote
from arenas.raters.models import Invitation, Participation, Rater
from tests import factories
from tests.factories import NOW, make_rater


@pytest.fixture
def closed(db: None) -> Arena:
    """An arena that asks for an invitation."""
    return factories.make_arena(None, access="invitation")


def test_an_invitation_admits_a_new_rater(closed: Arena) -> None:
    admission = accept_invitation(create_invitation(closed), None, now=NOW)
    assert may_vote(closed, admission.rater)


def test_an_invitation_admits_a_rater_who_is_known_already(closed: Arena) -> None:
    rater = make_rater()
    assert accept_invitation(create_invitation(closed), rater, now=NOW).rater == rater
    assert Rater.objects.count() == 1


def test_an_unknown_link_is_refused(closed: Arena) -> None:
    with pytest.raises(NotInvited, match="not known"):
        accept_invitation("guessed", None, now=NOW)


def test_an_expired_link_is_refused(closed: Arena) -> None:
    token = create_invitation(closed, expires_at=NOW)
    with pytest.raises(NotInvited, match="expired"):
        accept_invitation(token, None, now=NOW)
    assert not Rater.objects.exists()


def test_a_link_works_until_it_expires(closed: Arena) -> None:
    token = create_invitation(closed, expires_at=NOW)
    admission = accept_invitation(token, None, now=NOW - timedelta(seconds=1))
    assert admission.arena == closed


def test_a_used_up_link_is_refused(closed: Arena) -> None:
    token = create_invitation(closed, max_uses=1)
    accept_invitation(token, None, now=NOW)
    with pytest.raises(NotInvited, match="used up"):
        accept_invitation(token, None, now=NOW)


def test_the_same_rater_uses_a_link_once_however_often_it_is_opened(closed: Arena) -> None:
    token = create_invitation(closed, max_uses=1)
    first = accept_invitation(token, None, now=NOW)
    assert accept_invitation(token, first.rater, now=NOW) == first
    assert Participation.objects.count() == 1


def test_who_was_admitted_stays_so_after_the_link_expired(closed: Arena) -> None:
    token = create_invitation(closed, expires_at=NOW)
    first = accept_invitation(token, None, now=NOW - timedelta(days=1))
    assert accept_invitation(token, first.rater, now=NOW) == first


def test_only_the_hash_of_an_invitation_is_stored(closed: Arena) -> None:
    token = create_invitation(closed)
    assert token not in str(Invitation.objects.values().get())


def test_an_open_arena_admits_everybody(db: None) -> None:
    assert may_vote(factories.make_arena(None), None)


def test_a_closed_arena_admits_nobody_uninvited(closed: Arena) -> None:
    assert not may_vote(closed, None)
    assert not may_vote(closed, make_rater())


def test_an_invitation_to_one_arena_opens_no_other(closed: Arena) -> None:
    other = factories.make_arena(None, slug="other", access="invitation")
    admission = accept_invitation(create_invitation(other), None, now=NOW)
    assert not may_vote(closed, admission.rater)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--uses", "0", "'0' is not a whole number from 1 to 1,000,000"),
        ("--uses", "1000001", "from 1 to 1,000,000"),
        ("--uses", "1" * 5000, "from 1 to 1,000,000"),
        ("--uses", "-1", "from 1 to 1,000,000"),
        ("--days", "1.5", "'1.5' is not a whole number from 1 to 3,650"),
        ("--days", "3651", "from 1 to 3,650"),
        ("--label", "x" * 101, "at most 100 printable characters"),
    ],
)
def test_a_link_that_cannot_be_is_refused(
    closed: Arena, option: str, value: str, message: str
) -> None:
    with pytest.raises(CommandError, match=f"argument {option}: .*{message}"):
        call_command("invite", closed.slug, f"{option}={value}")
    assert not Invitation.objects.exists()


def test_a_link_may_be_as_long_lived_as_the_limits(closed: Arena) -> None:
    options = ["--uses=1000000", "--days=3650", f"--label={'x' * 100}"]
    call_command("invite", closed.slug, *options)
    assert Invitation.objects.get().max_uses == 1_000_000
