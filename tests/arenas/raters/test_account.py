"""Accounts that can only vote: one user is one rater."""

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from arenas.raters.account import find_or_make_rater
from arenas.raters.models import Rater
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_user_is_always_the_same_rater() -> None:
    user = factories.make_staff()
    assert find_or_make_rater(user) == find_or_make_rater(user)
    assert Rater.objects.count() == 1


def test_the_command_prints_where_to_log_in_and_how(capsys: pytest.CaptureFixture[str]) -> None:
    factories.make_arena(None)
    call_command("add_rater", "dora", "--arena=small")
    address, login = capsys.readouterr().out.splitlines()
    name, _, password = login.partition(" / ")
    assert address.endswith("/login/?next=%2Farenas%2Fsmall%2Fvote%2F")
    user = authenticate(username=name, password=password)
    assert isinstance(user, User)
    assert not user.is_staff


@pytest.mark.parametrize("name", ["", "a b", "x" * 151, "alice"])
def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    factories.make_staff("alice")
    with pytest.raises(CommandError):
        call_command("add_rater", name)
    assert get_user_model().objects.count() == 1
