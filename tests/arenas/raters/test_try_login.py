"""The limit of wrong passwords: one for both logins and all processes."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from arenas.raters.models import LoginTry
from arenas.raters.try_login import MINUTES, MOST, count_try, forgive
from arenas.votes.prune import prune
from tests.factories import NOW, make_staff
from tests.pages import text

pytestmark = pytest.mark.django_db
SAID = "Too many wrong passwords"


def use_up(name: str) -> None:
    for _ in range(MOST["name"]):
        count_try(name, "192.0.2.1", now=timezone.now())


def log_in(where: str, name: str = "alice", **headers: str) -> str:
    form = {"username": name, "password": "secret", "next": "/healthz"}
    response = Client(headers=headers).post(where, form)
    return response.headers.get("Location", "") or text(response)


@pytest.mark.parametrize("where", ["/login/", "/admin/login/"])
def test_both_logins_have_one_limit(where: str) -> None:
    make_staff()
    assert log_in(where) == "/healthz"
    use_up("alice")
    assert SAID in log_in(where)


def test_the_admin_counts_who_is_no_staff() -> None:
    for _ in range(MOST["name"]):
        assert SAID not in log_in("/admin/login/", "nobody")
    assert SAID in log_in("/login/", "nobody")


def test_an_address_is_limited_whatever_the_names() -> None:
    for number in range(MOST["address"]):
        assert count_try(f"name-{number}", "192.0.2.1", now=NOW)
    assert not count_try("another", "192.0.2.1", now=NOW)
    assert count_try("another", "192.0.2.2", now=NOW)


def test_one_network_is_one_address() -> None:
    for number in range(MOST["address"]):
        count_try(f"name-{number}", f"2001:db8::{number:x}", now=NOW)
    assert not count_try("another", "2001:db8::ffff:1", now=NOW)


def test_some_minutes_later_the_count_begins_again() -> None:
    for _ in range(MOST["name"] + 1):
        count_try("alice", "", now=NOW)
    assert count_try("alice", "", now=NOW + timedelta(minutes=MINUTES))


def test_a_right_password_does_not_forgive_an_address_the_other_tries() -> None:
    for number in range(MOST["address"]):
        count_try(f"name-{number}", "192.0.2.1", now=NOW)
    forgive("name-0", "192.0.2.1")
    assert count_try("name-0", "192.0.2.1", now=NOW)
    assert not count_try("name-0", "192.0.2.1", now=NOW)


def test_behind_a_proxy_its_word_is_the_address(settings: Any) -> None:
    settings.HTTPS = True
    for number in range(MOST["address"]):
        count_try(f"name-{number}", "192.0.2.7", now=timezone.now())
    assert SAID in log_in("/login/", **{"X-Forwarded-For": "198.51.100.9, 192.0.2.7"})
    assert SAID not in log_in("/login/", **{"X-Forwarded-For": "192.0.2.7, 198.51.100.9"})


def test_neither_name_nor_address_is_kept_in_the_open_or_for_long() -> None:
    count_try("alice", "192.0.2.1", now=NOW)
    assert all(len(known.digest) == 64 for known in LoginTry.objects.all())
    prune(NOW + timedelta(minutes=MINUTES))
    assert not LoginTry.objects.exists()
