"""Who may see which page: every named address, for everybody there is."""

from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import get_resolver, reverse

from arenas.candidates.models import Candidate
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from arenas.images.models import Image, Rendition
from metrics.regressions.models import RegressionEval, Run
from metrics.regressions.start import start_run
from tests.factories import NOW, make_rater
from tests.pages import body

PUBLIC = {
    "home": 200, "join": 403, "vote": 200, "leaderboard": 200, "compare": 200,
    "compare_start": 302, "guide": 200, "image": 200, "blindness": 200, "start": 200,
    "login": 200, "mine": 200, "my_votes": 404, "checks": 200, "check": 200,
}  # fmt: skip
STAFF = {
    "arena", "prompt", "original", "workbench", "workbench_arena", "votes", "export", "runs", "run",
    "raters", "rater", "arena_check", "candidate", "judges", "series", "plan", "regressions",
    "regression_eval", "regression_run", "regression_report",
}  # fmt: skip
# Only posted to: by staff, and by anybody.
ACTIONS = {
    "cancel_run", "try_now", "regression_start", "regression_edit", "regression_bless",
    "regression_cancel",
}  # fmt: skip
EMPTY = {"regression_edit": 400}  # what staff get who post nothing; of the others the next page
CHOICES = {"set_language", "logout"}


def name_run(arena: Arena) -> dict[str, object]:
    """The first run of an eval over the arena's suite."""
    ant, bee = arena.competitors()[:2]
    definition = {
        "name": "nightly", "suite": "small", "baseline": ant.name, "challenger": bee.name,
        "criteria": [{"measure": "failure_rate", "margin": 10}],
    }  # fmt: skip
    found, _ = RegressionEval.objects.get_or_create(
        name="nightly",
        defaults={
            "definition": definition, "suite_version": arena.suite_version, "baseline": ant,
            "challenger": bee, "created_at": NOW,
        },
    )  # fmt: skip
    run = found.runs.first() or start_run(found, trigger="page", by="alice", now=NOW)
    Run.objects.filter(pk=run.pk).update(report={"note": "as it stands"})
    return {"name": found.name, "number": run.number}


def name_eval(arena: Arena) -> dict[str, object]:
    return {"name": name_run(arena)["name"]}


def name_series(arena: Arena) -> dict[str, object]:
    Competitor.objects.update(series="insects")
    return {"name": "insects"}


Arguments = Callable[[Arena], dict[str, object]]
ARGUMENTS: dict[str, Arguments] = {
    "home": lambda arena: {},
    "workbench": lambda arena: {},
    "login": lambda arena: {},
    "mine": lambda arena: {},
    "my_votes": lambda arena: {},
    "join": lambda arena: {"token": "guessed"},
    "image": lambda arena: {"sha256": Rendition.objects.first().sha256},
    "original": lambda arena: {"sha256": Image.objects.first().sha256},
    "prompt": lambda arena: {"slug": arena.slug, "pk": arena.prompts()[0].pk},
    "compare": lambda arena: {"slug": arena.slug, "pair": "ant/bee"},
    "export": lambda arena: {"slug": arena.slug, "what": "votes", "format_name": "csv"},
    "rater": lambda arena: {"slug": arena.slug, "key": make_rater().key},
    "checks": lambda arena: {},
    "check": lambda arena: {"name": "identity"},
    "arena_check": lambda arena: {"slug": arena.slug, "name": "technical"},
    "candidate": lambda arena: {"slug": arena.slug, "pk": Candidate.objects.first().pk},
    "series": name_series,
    "plan": lambda arena: {},
    "regressions": lambda arena: {},
    "regression_eval": name_eval,
    "regression_start": name_eval,
    "regression_edit": name_eval,
    "regression_bless": name_eval,
    "regression_run": name_run,
    "regression_cancel": name_run,
    "regression_report": lambda arena: {**name_run(arena), "form": "json"},
    "run": lambda arena: {"pk": arena.runs.get_or_create(started_at=NOW)[0].pk},
    "cancel_run": lambda arena: {"pk": arena.runs.get_or_create(started_at=NOW)[0].pk},
    "try_now": lambda arena: {"pk": arena.runs.get_or_create(started_at=NOW)[0].pk, "pause": 1},
}


def address(name: str, arena: Arena) -> str:
    arguments = ARGUMENTS.get(name, lambda arena: {"slug": arena.slug})
    return reverse(name, kwargs=arguments(arena))


@pytest.fixture
def member_client(db: None) -> Client:
    """Somebody who can log in, and is not staff."""
    client = Client()
    client.force_login(get_user_model().objects.create_user("bob"))
    return client


def test_every_page_is_known_to_be_public_or_for_staff() -> None:
    names = {name for name in get_resolver().reverse_dict if isinstance(name, str)}
    assert names == {*PUBLIC, *STAFF, *ACTIONS, *CHOICES}


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_public_pages_are_for_everybody(
    world: Arena, client: Client, member_client: Client, staff_client: Client, name: str
) -> None:
    for who in (client, member_client, staff_client):
        response = who.get(address(name, world))
        body(response)
        assert response.status_code == PUBLIC[name]


@pytest.mark.parametrize("name", sorted(STAFF))
def test_staff_pages_send_strangers_to_the_login(world: Arena, client: Client, name: str) -> None:
    url = address(name, world)
    response = client.get(url)
    assert response.status_code == 302
    assert response.headers["Location"] == f"/admin/login/?next={url}"


@pytest.mark.parametrize("name", sorted(STAFF))
def test_staff_pages_are_forbidden_to_others(
    world: Arena, member_client: Client, name: str
) -> None:
    assert member_client.get(address(name, world)).status_code == 403


@pytest.mark.parametrize("name", sorted(STAFF))
def test_staff_pages_open_for_staff(world: Arena, staff_client: Client, name: str) -> None:
    response = staff_client.get(address(name, world))
    assert response.status_code == 200
    assert body(response)


@pytest.mark.parametrize("name", sorted({*ACTIONS, "runs", "rater"}))
def test_only_staff_may_act(
    world: Arena, client: Client, member_client: Client, staff_client: Client, name: str
) -> None:
    url = address(name, world)
    assert client.post(url).headers["Location"] == f"/admin/login/?next={url}"
    assert member_client.post(url).status_code == 403
    assert staff_client.post(url).status_code == EMPTY.get(name, 302)


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_an_action_is_no_page(world: Arena, staff_client: Client, name: str) -> None:
    assert staff_client.get(address(name, world)).status_code == 405


def test_originals_are_not_kept_by_shared_caches(world: Arena, staff_client: Client) -> None:
    response = staff_client.get(address("original", world))
    body(response)
    assert response.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("name", ["arena", "vote", "leaderboard", "workbench_arena", "export"])
def test_an_unknown_arena_is_not_found(world: Arena, staff_client: Client, name: str) -> None:
    url = address(name, world).replace("/small/", "/none-such/")
    assert staff_client.get(url).status_code == 404


@pytest.mark.parametrize("url", ["/images/", "/originals/"])
def test_an_unknown_picture_is_not_found(staff_client: Client, url: str) -> None:
    assert staff_client.get(url + "0" * 64).status_code == 404


def test_a_prompt_of_another_arena_is_not_found(world: Arena, staff_client: Client) -> None:
    assert staff_client.get(f"/arenas/small/prompts/{2**70}/").status_code == 404


def test_the_admin_is_for_staff(member_client: Client, staff_client: Client) -> None:
    assert member_client.get("/admin/").status_code == 302
    assert staff_client.get("/admin/").status_code == 200
