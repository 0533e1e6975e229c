"""Boards of orders, and what votes without a winner leave alone."""

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from arenas.battles.sitting import sit_down
from arenas.battles.stock import find_stock
from arenas.battles.tokens import derive_token
from arenas.candidates.models import Candidate
from arenas.definitions.models import Arena
from arenas.ledger.seal import seal
from arenas.raters.models import Participation
from arenas.votes.count import recount, seal_and_fold
from arenas.votes.flag import raise_flag
from arenas.votes.models import Vote, VoteCount
from arenas.votes.undo import undo_last
from metrics.leaderboards.analyse import analyse_missing, find_missing, run_analysis
from metrics.leaderboards.build import build_snapshot, find_leaderboard, read_clustered
from metrics.leaderboards.models import Leaderboard, Snapshot
from metrics.leaderboards.refresh import refresh_arena
from metrics.pairing.plan import plan_pairs
from tests.factories import NOW, answer, hold, make_rater, make_world
from tests.pages import text
from tests.sets import FIVE, give, make_ranked, make_second_samples


@pytest.fixture
def ranked(db: None, tmp_path: Path) -> Arena:
    return make_ranked(tmp_path)


def order(arena: Arena, number: int, seed: int = 0) -> list[Vote]:
    """Orders by raters who put an earlier name higher, but for a slip now and then."""
    rng, made = random.Random(seed), []
    rater = make_rater()
    for n in range(number):
        if n % 5 == 4:
            rater = make_rater()
        ballot = hold(arena, rater, seed=seed + n)[0]
        names = [each.competitor.name for each in ballot.shown]
        worth = [FIVE.index(name) + rng.gauss(0, 1.5) for name in names]
        tiers = tuple(1 + sorted(worth).index(value) for value in worth)
        made.append(give(arena, rater, ballot, ranking=tiers))
    return made


def build(arena: Arena, **definition: Any) -> Snapshot:
    seal_and_fold(NOW)
    definition = {"method": "plackett_luce", **definition}
    return build_snapshot(find_leaderboard(arena, arena.questions.get(), **definition))


def read_rows(snapshot: Snapshot) -> list[tuple[str, int, int]]:
    rows = snapshot.ratings.select_related("competitor")
    return [(row.competitor.name, row.votes, row.wins + row.losses + row.ties) for row in rows]


def show(arena: Arena, client: Client, query: str = "") -> str:
    return re.sub(r"\s+", " ", text(client.get(f"/arenas/{arena.slug}/leaderboard/{query}")))


def test_a_ballot_is_one_vote_of_a_board_of_its_own(ranked: Arena) -> None:
    order(ranked, 30)
    snapshot = build(ranked)
    assert snapshot.votes == 30
    assert read_rows(snapshot)[0][0] == "ant"
    assert sum(votes for _, votes, _ in read_rows(snapshot)) == 4 * 30
    assert all(votes == record for _, votes, record in read_rows(snapshot))
    assert snapshot.ratings.exclude(rating_lower=None).count() == 5
    assert list(snapshot.settings["cluster"]) == ["prompt", "rater"]


def test_the_first_places_are_the_wins(ranked: Arena) -> None:
    rater = make_rater()
    ballot = hold(ranked, rater)[0]
    give(ranked, rater, ballot, ranking=(1, 2, 2, 3))
    ballot = hold(ranked, rater)[0]
    give(ranked, rater, ballot, ranking=(1, 1, 2, 2))
    rows = build(ranked).ratings.all()
    assert [sum(getattr(row, each) for row in rows) for each in ("wins", "ties", "losses")] == [
        1, 2, 5,
    ]  # fmt: skip


def test_orders_are_on_no_board_of_pairs(ranked: Arena) -> None:
    order(ranked, 10)
    assert build(ranked, method="bradley_terry").votes == 0
    assert not VoteCount.objects.exists()


def test_a_flag_on_any_picture_of_a_ballot_takes_it_off(ranked: Arena) -> None:
    votes = order(ranked, 12)
    ballot = votes[0].ballot
    assert ballot is not None
    shown = ballot.candidates[3]
    picture = Candidate.objects.get(pk=shown)
    touched = sum(shown in vote.ballot.candidates for vote in votes if vote.ballot)
    raise_flag(picture, rule="manual", reason="broken", by="alice", now=NOW)
    assert build(ranked).votes == 12 - touched
    assert build(ranked, flagged="include").votes == 12


def test_a_refresh_builds_it_and_a_flag_builds_it_anew(ranked: Arena) -> None:
    order(ranked, 4)
    seal(NOW)
    refresh_arena(ranked)
    boards = Leaderboard.objects.filter(method="plackett_luce", category="")
    assert [snapshot.votes for snapshot in boards.get().snapshots.all()] == [4]
    assert refresh_arena(ranked) == 0
    shown = Vote.objects.order_by("pk")[0].ballot
    assert shown is not None
    picture = Candidate.objects.get(pk=shown.candidates[2])
    raise_flag(picture, rule="manual", reason="broken", by="alice", now=NOW)
    seal(NOW)
    assert refresh_arena(ranked) > 0


def test_an_order_that_was_taken_back_is_news_and_no_vote(ranked: Arena) -> None:
    votes = order(ranked, 4)
    seal(NOW)
    refresh_arena(ranked)
    last = votes[-1]
    assert last.rater is not None
    assert last.ballot is not None
    participation = Participation.objects.select_related("rater").get(rater=last.rater)
    sitting = sit_down(find_stock(ranked.slug), participation, now=NOW)
    undo_last(sitting, derive_token(last.ballot.nonce))
    seal(NOW)
    assert refresh_arena(ranked) > 0
    board = Leaderboard.objects.get(method="plackett_luce", category="")
    assert [snapshot.votes for snapshot in board.snapshots.all()] == [3, 4]
    assert not Snapshot.objects.filter(leaderboard__method="bradley_terry").exists()


def test_orders_are_no_batch_of_pairs(ranked: Arena) -> None:
    order(ranked, 4)
    seal(NOW)
    refresh_arena(ranked)
    pairs = Snapshot.objects.filter(leaderboard__method="bradley_terry")
    assert not pairs.exists()


def test_orders_make_no_plan_of_pairs(ranked: Arena) -> None:
    order(ranked, 10)
    seal_and_fold(NOW)
    plan = plan_pairs(ranked, now=NOW)
    assert plan is None or plan.votes == 0


def test_the_page_has_a_switch_to_the_orders(ranked: Arena, client: Client) -> None:
    order(ranked, 30)
    seal(NOW)
    refresh_arena(ranked)
    assert "No votes to rate yet" in show(ranked, client, "?form=pairs")
    page = show(ranked, client, "?form=orders")
    assert page == show(ranked, client)
    assert "orders of 4" in page
    assert "Plackett–Luce" in page
    assert ">Ballots<" in page
    assert "30 on this board" in page
    assert "Which pairs are shown" not in page


def test_an_arena_of_pairs_has_no_switch(world: Arena, client: Client) -> None:
    assert "orders of" not in show(world, client, "?form=orders")


def test_a_frozen_board_of_orders_can_be_cited(ranked: Arena, client: Client) -> None:
    order(ranked, 30)
    snapshot = build(ranked)
    assert "Plackett–Luce" in show(ranked, client, f"?snapshot={snapshot.pk}")


def test_the_command_rates_orders(ranked: Arena, capsys: pytest.CaptureFixture[str]) -> None:
    order(ranked, 30)
    call_command("leaderboard", "small", method="plackett_luce", format_name="json")
    found = json.loads(capsys.readouterr().out)
    assert (found["method"], found["votes"]) == ("plackett_luce", 30)
    assert found["rows"][0]["model"] == "ant"


def test_the_api_has_the_orders(ranked: Arena, client: Client) -> None:
    order(ranked, 30)
    seal(NOW)
    refresh_arena(ranked)
    url = "/api/v1/arenas/small/leaderboard"
    assert json.loads(text(client.get(url)))["method"] == "plackett_luce"
    found = json.loads(text(client.get(f"{url}?form=orders")))
    assert (found["method"], found["votes"], len(found["rows"])) == ("plackett_luce", 30, 5)
    assert client.get(f"{url}?form=nonsense").status_code == 404


def test_pairs_and_orders_are_compared_and_pooled_only_by_the_test(
    ranked: Arena, client: Client
) -> None:
    order(ranked, 30)
    snapshot = build(ranked)
    found = run_analysis("same_scale", snapshot)
    assert (found["pairs"], found["orders"], found["verdict"]) == (0, 30, "too few votes")
    assert found["rows"] == []
    names = {name for shot, name in find_missing() if shot == snapshot}
    assert names == {"same_scale", "noise_floor", "reasons"}
    assert analyse_missing() == 3
    assert "not rated together" in show(ranked, client, "?form=orders")


@pytest.fixture
def doubled(db: None, tmp_path: Path) -> Arena:
    """An arena where half of the ballots show two samples of one competitor."""
    arena = make_world(tmp_path, voting_settings={"aa_share": 0.5})
    make_second_samples(arena)
    return arena


def vote_all(arena: Arena, winner: str = "model_a") -> int:
    """Answer whatever is shown, by raters until ten saw two samples; return how many were such."""
    alike = 0
    for n in range(40):
        rater = make_rater()
        ballot = hold(arena, rater, seed=n)[0]
        vote = answer(arena, rater, ballot, winner)
        alike += vote.competitor_a == vote.competitor_b
    assert alike >= 10
    return alike


def test_two_samples_of_one_competitor_are_on_no_board(doubled: Arena) -> None:
    alike = vote_all(doubled)
    snapshot = build(doubled, method="bradley_terry")
    assert snapshot.votes == 40 - alike
    assert sum(row.votes for row in snapshot.ratings.all()) == 2 * (40 - alike)


def test_two_samples_of_one_competitor_are_in_no_further_look_or_plan(doubled: Arena) -> None:
    alike = vote_all(doubled)
    snapshot = build(doubled, method="bradley_terry")
    counted = 40 - alike
    assert read_clustered(snapshot.leaderboard, snapshot.watermark).votes == counted
    assert sum(r["votes"] for r in run_analysis("agreement", snapshot)["raters"]) == counted
    assert run_analysis("random_arm", snapshot)["votes"] == counted
    assert run_analysis("history", snapshot)["points"][-1]["votes"] == counted
    assert run_analysis("stability", snapshot)["votes"] == counted
    plan = plan_pairs(doubled, now=NOW)
    assert plan is None or plan.votes == counted


def test_two_samples_of_one_competitor_are_no_batch(doubled: Arena) -> None:
    rater = make_rater()
    while (ballot := hold(doubled, rater)[0]).arm != "aa":
        Participation.objects.filter(rater=rater).delete()
        rater = make_rater()
    answer(doubled, rater, ballot)
    seal(NOW)
    assert refresh_arena(doubled) == 0


def test_counts_with_such_votes_equal_a_recount(doubled: Arena) -> None:
    vote_all(doubled)
    seal_and_fold(NOW)
    cells = ("competitor_a", "competitor_b", "winner", "count")
    before = sorted(VoteCount.objects.values_list(*cells))
    recount()
    assert sorted(VoteCount.objects.values_list(*cells)) == before


def test_the_noise_floor_is_what_is_decided_between_equals(doubled: Arena, client: Client) -> None:
    alike = vote_all(doubled)
    rater = make_rater()
    for n in range(6):
        ballot = hold(doubled, rater, seed=100 + n)[0]
        answer(doubled, rater, ballot, "tie")
        alike += ballot.arm == "aa"
    snapshot = build(doubled, method="bradley_terry")
    found = run_analysis("noise_floor", snapshot)
    assert found["votes"] == alike
    assert found["left"]["share"] == 1
    assert found["undecided"]["share"] == pytest.approx(1 - found["decided"]["share"])
    assert found["decided_between"]["votes"] == snapshot.votes
    refresh_arena(doubled)
    analyse_missing()
    assert "Two pictures by the same maker" in show(doubled, client)
