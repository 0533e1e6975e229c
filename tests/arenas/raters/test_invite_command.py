"""Invitation links: their quota, listing them, and revoking them."""

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from arenas.definitions.models import Arena
from arenas.raters.admit import NotInvited, accept_invitation, create_invitation
from arenas.raters.models import Invitation
from tests import factories
from tests.factories import NOW


@pytest.fixture
def closed(db: None) -> Arena:
    return factories.make_arena(None, access="invitation")


def test_a_link_may_bring_its_own_quota(closed: Arena, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("invite", closed.slug, "--quota=7")
    token = capsys.readouterr().out.strip().rstrip("/").rpartition("/")[2]
    assert accept_invitation(token, None, now=NOW).quota == 7


def test_the_list_tells_how_often_each_link_was_used(
    closed: Arena, capsys: pytest.CaptureFixture[str]
) -> None:
    accept_invitation(create_invitation(closed, label="lab", max_uses=5, quota=9), None, now=NOW)
    create_invitation(closed)
    call_command("invite", closed.slug, "--list")
    first, second = capsys.readouterr().out.splitlines()
    assert "lab: 1 of 5 used, 9 pairs each, for ever" in first
    assert "(no label): 0 of any number used, the arena's quota, for ever" in second


def test_a_revoked_link_admits_nobody_else(closed: Arena) -> None:
    token = create_invitation(closed, label="lab")
    first = accept_invitation(token, None, now=NOW)
    call_command("invite", closed.slug, "--revoke=lab")
    now = timezone.now()
    with pytest.raises(NotInvited, match="expired"):
        accept_invitation(token, None, now=now)
    assert accept_invitation(token, first.rater, now=now) == first


def test_a_link_can_be_revoked_by_its_id(closed: Arena) -> None:
    create_invitation(closed)
    link = Invitation.objects.get()
    call_command("invite", closed.slug, f"--revoke={link.pk}")
    link.refresh_from_db()
    assert link.expires_at is not None


@pytest.mark.parametrize("name", ["", "other", "999999999", "9" * 50])
def test_only_a_link_of_the_arena_can_be_revoked(closed: Arena, name: str) -> None:
    create_invitation(closed, label="lab")
    with pytest.raises(CommandError, match="--list"):
        call_command("invite", closed.slug, f"--revoke={name}")


def test_another_arenas_link_is_not_revoked(closed: Arena) -> None:
    create_invitation(factories.make_arena(None, slug="other"), label="lab")
    with pytest.raises(CommandError, match="no link"):
        call_command("invite", closed.slug, "--revoke=lab")
