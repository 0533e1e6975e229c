"""Health, errors, and what every page carries."""

import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from django.utils.functional import SimpleLazyObject
from pytest_django.fixtures import DjangoAssertNumQueries

from arenas.definitions.models import Arena
from evalsite import urls, views
from tests.pages import VOTE, body, text

pytestmark = pytest.mark.django_db
PAGES = [
    "/",
    VOTE,
    "/arenas/small/leaderboard/",
    "/join/guessed/",
    "/none-such/",
    "/admin/login/",
    "/api/docs",
    "/healthz",
    "/workbench/",
    "/workbench/arenas/small/",
    "/arenas/small/",
    "/admin/",
]


def raise_error(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("the secret of the error")


def raise_suspicion(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation("tampered")


urlpatterns = [*urls.urlpatterns, path("error/", raise_error), path("suspicious/", raise_suspicion)]
handler400, handler403, handler404, handler500 = (
    urls.handler400,
    urls.handler403,
    urls.handler404,
    urls.handler500,
)


@pytest.mark.parametrize("url", PAGES)
def test_every_page_forbids_foreign_and_inline_scripts(
    world: Arena, staff_client: Client, url: str
) -> None:
    policy = staff_client.get(url).headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("url", PAGES)
def test_no_page_has_inline_scripts_or_styles(world: Arena, staff_client: Client, url: str) -> None:
    page = text(staff_client.get(url))
    scripts = [tag for tag in re.findall(r"<script[^>]*>", page) if "src=" not in tag]
    assert all('type="application/json"' in tag for tag in scripts)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)


@pytest.mark.parametrize("url", PAGES)
def test_every_page_tells_browsers_not_to_guess(
    world: Arena, staff_client: Client, url: str
) -> None:
    headers = staff_client.get(url).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_a_picture_can_run_nothing(world: Arena, staff_client: Client) -> None:
    url = re.findall(r"/images/[0-9a-f]{64}", text(staff_client.get(VOTE)))[0]
    response = staff_client.get(url)
    body(response)
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_liveness_needs_nothing_else(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        assert client.get("/healthz").content == b"ok\n"


def test_readiness_asks_the_database_and_the_broker(client: Client) -> None:
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"database": True, "broker": True})


def test_the_site_is_not_ready_without_its_broker(client: Client, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = client.get("/readyz")
    assert (response.status_code, response.json()["broker"]) == (503, False)


def test_crawlers_are_kept_from_ballots(client: Client) -> None:
    assert "Disallow: /arenas/*/vote/" in text(client.get("/robots.txt"))


def test_an_unknown_address_is_told_kindly(client: Client) -> None:
    response = client.get("/none-such/")
    assert response.status_code == 404
    assert "There is nothing here" in text(response)


def test_a_forbidden_page_says_for_whom_it_is(client: Client) -> None:
    client.force_login(get_user_model().objects.create_user("bob"))
    response = client.get("/workbench/")
    assert response.status_code == 403
    assert "This page is for staff." in text(response)


@pytest.mark.urls(__name__)
def test_a_suspicious_request_is_a_bad_one(client: Client) -> None:
    response = client.get("/suspicious/")
    assert response.status_code == 400
    assert "This request cannot be read" in text(response)
    assert "tampered" not in text(response)


def test_another_sites_name_is_a_bad_request(client: Client) -> None:
    response = client.get("/", headers={"Host": "evil.example"})
    assert response.status_code == 400


@pytest.mark.urls(__name__)
def test_an_error_is_told_without_its_inside(client: Client) -> None:
    client.raise_request_exception = False
    response = client.get("/error/")
    assert response.status_code == 500
    assert "Something went wrong" in text(response)
    assert "secret" not in text(response)
    assert "Content-Security-Policy" in response.headers


def test_the_error_page_does_not_ask_who_is_there() -> None:
    """The database may be what failed."""
    request = RequestFactory().get("/")
    request.user = SimpleLazyObject(lambda: pytest.fail("the user was looked up"))  # type: ignore[assignment]
    assert views.server_error(request).status_code == 500


@pytest.mark.parametrize("method", ["post", "put", "delete"])
@pytest.mark.parametrize("url", ["/", "/arenas/small/leaderboard/", "/healthz"])
def test_pages_that_only_show_take_nothing(
    world: Arena, client: Client, method: str, url: str
) -> None:
    assert getattr(client, method)(url).status_code == 405
