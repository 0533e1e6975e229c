import re
from datetime import date

import numpy as np
import pytest
from django.test import Client

from arenas.candidates.models import Candidate
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from arenas.votes.count import seal_and_fold
from arenas.votes.models import Vote
from metrics.leaderboards.compare import Answered, PairShare, count_losses
from metrics.leaderboards.refresh import refresh_arena
from metrics.stats.shares import estimate_share
from tests.factories import NOW, add_votes
from tests.pages import text

BEATS = [("ant", "bee", "model_a"), ("bee", "cat", "model_a"), ("cat", "ant", "model_b")]
UPSETS = [(b, a, won) for a, b, won in BEATS]


def show(arena: Arena, client: Client, address: str) -> str:
    seal_and_fold(NOW)
    refresh_arena(arena, force=True)
    return re.sub(r"\s+", " ", text(client.get(f"/arenas/{arena.slug}/{address}")))


def test_a_clear_difference_is_said_in_words(world: Arena, client: Client) -> None:
    add_votes(world, BEATS * 80 + UPSETS * 20)
    page = show(world, client, "compare/ant/cat/")
    assert re.search(r"ant is <b>better</b>: \d+ points above cat", page)


def test_the_other_way_round_the_signs_turn(world: Arena, client: Client) -> None:
    add_votes(world, BEATS * 80 + UPSETS * 20)
    assert "cat is <b>worse</b>" in show(world, client, "compare/cat/ant/")


def test_what_votes_cannot_tell_apart_is_said_to_be_so(world: Arena, client: Client) -> None:
    add_votes(world, (BEATS + UPSETS) * 10)
    assert "ant is <b>not told apart</b> from bee" in show(world, client, "compare/ant/bee/")


def test_their_own_meetings_are_counted(world: Arena, client: Client) -> None:
    add_votes(world, [*BEATS * 3, ("bee", "ant", "model_a"), ("ant", "bee", "both_bad")])
    page = show(world, client, "compare/ant/bee/")
    assert "5 times: 3 won, 1 lost, 1 undecided by ant" in page


def test_competitors_that_no_votes_connect_are_not_compared(world: Arena, client: Client) -> None:
    add_votes(world, [("ant", "bee", "model_a")] * 20)
    assert "No votes connect the two" in show(world, client, "compare/ant/cat/")


def test_list_prices_say_where_and_when_they_were_read(world: Arena, client: Client) -> None:
    Competitor.objects.filter(name="ant").update(
        price={"image": 0.067, "source": "https://prices.example/list", "as_of": "2026-11-23"},
        retiring_on=date(2027, 3, 15),
    )
    Competitor.objects.filter(name="bee").update(
        price={"input_text": 0.3, "output_image": 30, "source": "a <list>"}
    )
    page = show(world, client, "compare/ant/bee/")
    assert (
        '$0.067 an image <span class="soft small">(<a href="https://prices.example/list">' in page
    )
    assert "prices.example</a>, 23 Nov 2026)" in page
    assert "per million tokens: $0.30 text read, $30.00 images" in page
    assert "(a &lt;list&gt;)" in page
    assert "retiring 15 Mar 2027" in page


def test_flagless_figures_come_as_data_too(world: Arena, client: Client) -> None:
    add_votes(world, BEATS * 10)
    seal_and_fold(NOW)
    refresh_arena(world, force=True)
    data = client.get("/arenas/small/compare/ant/bee/?format=json").json()
    assert (data["first"], data["second"]) == ("ant", "bee")
    assert data["rows"][0]["meetings"]["won"] == 10
    assert [row["category"] for row in data["rows"]] == ["", "fancy", "plain"]


def test_a_refusal_is_shown_left_out_and_as_a_loss(world: Arena, client: Client) -> None:
    refused = Candidate.objects.filter(competitor__name="bee").first()
    Candidate.objects.filter(pk=refused.pk).update(status=Candidate.Status.REFUSED_OUTPUT)
    add_votes(world, [("ant", "bee", "model_a"), ("ant", "bee", "model_b")] * 10)
    seal_and_fold(NOW)
    refresh_arena(world, force=True)
    row = client.get("/arenas/small/compare/ant/bee/?format=json").json()["rows"][0]
    assert row["answered"] == {"both": 2, "only_first": 1, "only_second": 0, "neither": 0}
    assert row["meetings"]["share"]["share"] == 0.5
    assert row["as_losses"]["share"] == pytest.approx((2 * 0.5 + 1) / 3)


def test_unanswered_prompts_move_the_bounds_with_the_share() -> None:
    share = PairShare(0.6, 0.5, 0.8, 50)
    counted = count_losses(share, Answered(both=50, only_first=0, only_second=40, neither=10))
    assert counted.share == pytest.approx(0.35)
    # Half of the share's own reach, and the spread of 0.6, 0 and 0.5 over 100 prompts.
    spread = 1.96 * (0.5 * 0.25**2 + 0.4 * 0.35**2 + 0.1 * 0.15**2) ** 0.5 / 99**0.5
    assert counted.lower == pytest.approx(0.35 - (0.05**2 + spread**2) ** 0.5, abs=1e-4)
    assert counted.upper == pytest.approx(0.35 + (0.10**2 + spread**2) ** 0.5, abs=1e-4)


def test_a_share_of_all_prompts_covers_that_of_endless_ones() -> None:
    rng = np.random.default_rng(2)
    truth, hits = 0.7 * 0.6 + 0.1, 0
    for _ in range(600):
        both, first, second = rng.multinomial(60, [0.7, 0.1, 0.2])
        won = rng.binomial(3 * both, 0.6)
        value, weight = np.array([1.0, 0.0]), np.array([won, 3.0 * both - won])
        found = estimate_share(value, weight, np.array([-1, -1]))
        share = PairShare(found.share, found.lower, found.upper, 3 * int(both))
        counted = count_losses(share, Answered(int(both), int(first), int(second), 0))
        assert counted.lower is not None
        assert counted.upper is not None
        hits += counted.lower <= truth <= counted.upper
    assert 0.92 <= hits / 600 <= 0.985


def test_a_single_vote_shows_only_with_its_batch(world: Arena, client: Client) -> None:
    world.board_batch = 10
    world.save()
    add_votes(world, BEATS * 4)
    seal_and_fold(NOW)
    refresh_arena(world)
    address = "/arenas/small/compare/ant/bee/?format=json"
    before = client.get(address).json()
    add_votes(world, [("ant", "bee", "model_a")])
    seal_and_fold(NOW)
    refresh_arena(world)
    assert client.get(address).json() == before


def test_one_lucky_vote_makes_nobody_the_best(world: Arena, client: Client) -> None:
    add_votes(
        world,
        [("ant", "bee", "model_a"), ("bee", "ant", "model_b"), ("bee", "ant", "model_a")] * 10,
    )
    add_votes(world, [("cat", "ant", "model_a")])
    seal_and_fold(NOW)
    refresh_arena(world, force=True)
    job = client.get("/arenas/small/guide/?format=json").json()["jobs"][0]
    assert job["options"][0]["model"] == "ant"


def test_names_may_hold_slashes(world: Arena, client: Client) -> None:
    world.entries.get(competitor__name="bee").competitor.__class__.objects.filter(
        name="bee"
    ).update(name="lab/bee")
    assert client.get("/arenas/small/compare/ant/lab/bee/").status_code == 200


@pytest.mark.parametrize("pair", ["ant/dog", "ant/ant", "ant", "ant/", "%00/ant"])
def test_unknown_pairs_are_not_found(world: Arena, client: Client, pair: str) -> None:
    assert client.get(f"/arenas/small/compare/{pair}/").status_code == 404


def test_the_form_leads_to_the_pair(world: Arena, client: Client) -> None:
    answer = client.get("/arenas/small/compare/?first=bee&second=cat")
    assert answer["Location"] == "/arenas/small/compare/bee/cat/"


def test_without_names_the_two_best_are_compared(world: Arena, client: Client) -> None:
    add_votes(world, BEATS * 10)
    seal_and_fold(NOW)
    refresh_arena(world, force=True)
    assert client.get("/arenas/small/compare/")["Location"] == "/arenas/small/compare/ant/bee/"


def test_the_guide_names_the_best_and_whom_votes_cannot_tell_from_it(
    world: Arena, client: Client
) -> None:
    add_votes(world, BEATS * 80 + UPSETS * 20)
    page = show(world, client, "guide/")
    assert re.search(r'ant</th> .*<span class="tag good">best rated</span>', page)
    assert "2 known to be worse" in page


def test_the_guide_keeps_to_a_price(world: Arena, client: Client) -> None:
    add_votes(world, BEATS * 80 + UPSETS * 20)
    for name, usd in (("ant", "0.5"), ("bee", "0.1"), ("cat", "0.1")):
        Candidate.objects.filter(competitor__name=name).update(cost_usd=usd, seconds=2)
    page = show(world, client, "guide/?usd=0.2")
    assert re.search(r'bee</th> .*<span class="tag good">best rated</span>', page)
    assert "1 beyond the limits" in page


@pytest.mark.parametrize("limit", ["abc", "-1", "nan", "inf", ""])
def test_a_limit_that_is_none_is_passed_over(world: Arena, client: Client, limit: str) -> None:
    add_votes(world, BEATS)
    assert "None is within" not in show(world, client, f"guide/?usd={limit}")


def test_the_votes_behind_a_number_are_for_staff(world: Arena, client: Client) -> None:
    assert client.get("/workbench/arenas/small/votes/").status_code == 302


def test_staff_see_the_votes_of_a_pair(world: Arena, staff_client: Client) -> None:
    add_votes(world, BEATS)
    seal_and_fold(NOW)
    page = text(staff_client.get("/workbench/arenas/small/votes/?first=ant&second=bee"))
    assert "1 vote with first <b>ant</b>, second <b>bee</b>" in page


@pytest.mark.parametrize(("chosen", "shown"), [([0, 2], "2 votes"), ([1], "1 vote")])
def test_staff_find_votes_by_number(
    world: Arena, staff_client: Client, chosen: list[int], shown: str
) -> None:
    add_votes(world, BEATS)
    seal_and_fold(NOW)
    numbers = list(Vote.objects.order_by("seq").values_list("seq", flat=True))
    asked = ",".join(str(numbers[n]) for n in chosen)
    page = text(staff_client.get(f"/workbench/arenas/small/votes/?seq={asked}"))
    assert f"{shown} with seq <b>{asked}</b>" in page


@pytest.mark.parametrize("seq", ["x", "0", "9" * 30, "²"])
def test_numbers_that_are_none_find_nothing(world: Arena, staff_client: Client, seq: str) -> None:
    add_votes(world, BEATS)
    seal_and_fold(NOW)
    assert "None fits" in text(staff_client.get(f"/workbench/arenas/small/votes/?seq={seq}"))


def test_the_guide_comes_as_data_too(world: Arena, client: Client) -> None:
    add_votes(world, BEATS * 80 + UPSETS * 20)
    seal_and_fold(NOW)
    refresh_arena(world, force=True)
    job = client.get("/arenas/small/guide/?format=json").json()["jobs"][0]
    assert (job["worse"], [option["model"] for option in job["options"]]) == (2, ["ant"])


def test_staff_find_the_votes_behind_each_capability(world: Arena, staff_client: Client) -> None:
    add_votes(world, BEATS * 4, prompt=world.prompts().filter(category="fancy").first())
    page = show(world, staff_client, "compare/ant/bee/")
    link = "/workbench/arenas/small/votes/?first=ant&second=bee&category=fancy"
    assert link.replace("&", "&amp;") in page
    assert "4 votes with" in text(staff_client.get(link))
