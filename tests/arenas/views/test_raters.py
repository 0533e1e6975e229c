"""The raters' pages as staff see them, and as nobody else does."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from arenas.definitions.models import Arena
from arenas.ledger.seal import seal
from arenas.quality.review import review_new
from arenas.raters.models import Rater
from arenas.votes.models import Flag
from tests import factories
from tests.factories import NOW, make_rater
from tests.pages import text
from tests.sets import make_second_samples
from tests.showings import Showing, list_pairs, record, show_pairs

pytestmark = pytest.mark.django_db
RATERS = "/workbench/arenas/small/raters/"


def add_rater(arena: Arena, winners: list[str]) -> Rater:
    rater = make_rater()
    record(arena, rater, show_pairs(arena, winners))
    return rater


def review() -> None:
    seal(NOW)
    review_new(most=2000, now=NOW)


def list_keys(client: Client, sort: str) -> list[str]:
    """The raters' keys in the order of the page."""
    page = client.get(RATERS, {"sort": sort}).context["page"]
    return [row.rater.key for row in page]


@pytest.mark.parametrize("method", ["get", "post"])
def test_strangers_are_asked_to_log_in(world: Arena, client: Client, method: str) -> None:
    rater = make_rater()
    for url in (RATERS, f"{RATERS}{rater.key}/"):
        response = getattr(client, method)(url, {"reason": "a script"})
        assert response.status_code in (302, 405)
    assert not Flag.objects.exists()


def test_raters_who_log_in_are_refused(world: Arena, client: Client) -> None:
    user = factories.make_staff("bob")
    user.is_staff = False
    user.save()
    client.force_login(user)
    assert client.get(RATERS).status_code == 403


def test_before_the_first_vote_the_page_says_so(world: Arena, staff_client: Client) -> None:
    assert "Nobody yet" in text(staff_client.get(RATERS))


def test_the_table_has_the_figures_of_the_latest_review(world: Arena, staff_client: Client) -> None:
    rater = add_rater(world, ["model_a"] * 3 + ["model_b"])
    review()
    page = text(staff_client.get(RATERS))
    assert rater.key[:8] in page
    assert "75\N{NARROW NO-BREAK SPACE}%" in page


def test_the_table_is_sorted_as_asked_and_unknown_figures_come_last(
    world: Arena, staff_client: Client
) -> None:
    lefty, righty = add_rater(world, ["model_a"] * 3), add_rater(world, ["model_b"] * 2)
    undecided = add_rater(world, ["tie"] * 4)
    review()
    keys = [lefty.key, righty.key, undecided.key]
    assert list_keys(staff_client, "-left") == keys
    assert list_keys(staff_client, "left") == [keys[1], keys[0], keys[2]]
    assert list_keys(staff_client, "-votes") == [keys[2], keys[0], keys[1]]


@pytest.mark.parametrize("sort", ["password", "-", "", "-figures__votes"])
def test_an_unknown_order_is_that_by_votes(world: Arena, staff_client: Client, sort: str) -> None:
    few, many = add_rater(world, ["tie"]), add_rater(world, ["tie"] * 2)
    review()
    assert list_keys(staff_client, sort) == [many.key, few.key]


def test_the_noise_floor_counts_samples_of_one_competitor(
    tmp_path: Path, staff_client: Client
) -> None:
    arena = factories.make_world(tmp_path)
    make_second_samples(arena)
    pairs = [p for p in list_pairs(arena) if p[0].competitor == p[1].competitor][:4]
    winners = ["model_a", "model_a", "model_b", "tie"]
    shown = [Showing(*pair, how) for pair, how in zip(pairs, winners, strict=True)]
    record(arena, make_rater(), shown)
    noise = staff_client.get(RATERS).context["noise"]
    assert (noise.left.times, noise.left.cases, noise.ties.times, noise.ties.cases) == (2, 3, 1, 4)


def test_findings_stand_beside_the_rater(world: Arena, staff_client: Client) -> None:
    rater = make_rater()
    record(world, rater, show_pairs(world, ["tie"] * 9) * 2, every=0.1)
    review()
    assert "pace?" in text(staff_client.get(RATERS))
    assert "17 of 18 votes took less than 0.35 s." in text(
        staff_client.get(f"{RATERS}{rater.key}/")
    )


def test_a_rater_without_votes_has_a_page_too(world: Arena, staff_client: Client) -> None:
    page = text(staff_client.get(f"{RATERS}{make_rater().key}/"))
    assert "No rule has enough evidence against these votes." in page


def test_an_unknown_rater_is_not_found(world: Arena, staff_client: Client) -> None:
    assert staff_client.get(f"{RATERS}{'0' * 32}/").status_code == 404


def mark(client: Client, rater: Rater, **fields: Any) -> str:
    response = client.post(f"{RATERS}{rater.key}/", fields, follow=True)
    assert response.redirect_chain
    return text(response)


def test_staff_flag_a_rater_with_a_reason(world: Arena, staff_client: Client) -> None:
    rater = add_rater(world, ["tie"])
    page = mark(staff_client, rater, reason="answers in the rhythm of a clock")
    flag = Flag.objects.get()
    assert (flag.rater, flag.rule, flag.by) == (rater, "manual", "alice")
    assert "answers in the rhythm of a clock" in page


def test_staff_lift_a_flag_with_a_reason(world: Arena, staff_client: Client) -> None:
    rater = add_rater(world, ["tie"])
    mark(staff_client, rater, reason="a script")
    page = mark(staff_client, rater, flag=Flag.objects.get().pk, reason="it was a colleague")
    assert Flag.objects.exclude(lifts=None).get().reason == "it was a colleague"
    assert "Lifted by alice" in page


@pytest.mark.parametrize("reason", ["", "  ", "x" * 301])
def test_without_a_reason_nothing_is_written(
    world: Arena, staff_client: Client, reason: str
) -> None:
    page = mark(staff_client, make_rater(), reason=reason)
    assert "A reason is needed" in page
    assert not Flag.objects.exists()


def test_a_flag_is_lifted_once(world: Arena, staff_client: Client) -> None:
    rater = make_rater()
    mark(staff_client, rater, reason="a script")
    flag = Flag.objects.get().pk
    mark(staff_client, rater, flag=flag, reason="a mistake")
    assert "lifted already" in mark(staff_client, rater, flag=flag, reason="a mistake")


def test_no_other_raters_flag_is_lifted_here(world: Arena, staff_client: Client) -> None:
    alice, bob = make_rater(), make_rater()
    mark(staff_client, alice, reason="a script")
    mark(staff_client, bob, flag=Flag.objects.get().pk, reason="a mistake")
    assert Flag.objects.count() == 1


def test_a_form_from_elsewhere_is_refused(world: Arena) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(factories.make_staff())
    assert client.post(f"{RATERS}{make_rater().key}/", {"reason": "x"}).status_code == 403
    assert not Flag.objects.exists()


def test_the_arenas_page_leads_to_its_raters(world: Arena, staff_client: Client) -> None:
    assert RATERS in text(staff_client.get("/workbench/arenas/small/"))
