from pathlib import Path
from typing import Any

import pytest

from arenas.battles.models import Ballot
from arenas.definitions.models import Arena
from arenas.votes.count import seal_and_fold
from arenas.votes.flag import raise_flag
from metrics.leaderboards import analyses
from metrics.leaderboards.analyse import (
    analyse_missing,
    analysis_names,
    newest_analyses,
    run_analysis,
)
from metrics.leaderboards.build import build_snapshot, find_leaderboard
from metrics.leaderboards.models import Snapshot
from metrics.leaderboards.refresh import refresh_arena
from tests import factories
from tests.factories import NOW, add_votes, cast_votes, make_rater

BEATS = [("ant", "bee", "model_a"), ("bee", "cat", "model_a"), ("cat", "ant", "model_b")]


def build(arena: Arena, **definition: Any) -> Snapshot:
    seal_and_fold(NOW)
    return build_snapshot(find_leaderboard(arena, arena.questions.get(), **definition))


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The only analyses of one test: one that counts votes, and whatever the test adds."""
    folder = tmp_path / "analyses"
    folder.mkdir()
    monkeypatch.setattr(analyses, "__path__", [str(folder)])
    write(folder, "count_for_a_test", "return {'votes': snapshot.votes}")
    return folder


def write(folder: Path, name: str, body: str) -> None:
    (folder / f"{name}.py").write_text(f"def analyse(snapshot):\n    {body}\n")


def names_of(snapshot: Snapshot) -> set[str]:
    return set(snapshot.analyses.values_list("name", flat=True))


def test_an_analysis_is_found_by_its_file(folder: Path) -> None:
    write(folder, "_part", "return {}")
    write(folder, "another_for_a_test", "return {}")
    assert analysis_names() == ["another_for_a_test", "count_for_a_test"]


def test_every_board_of_all_prompts_gets_every_analysis_once(world: Arena, folder: Path) -> None:
    write(folder, "another_for_a_test", "return {}")
    cast_votes(world, make_rater(), ["model_a"] * 5)
    seal_and_fold(NOW)
    boards = refresh_arena(world)
    assert (analyse_missing(), boards) == (2, 3)
    assert analyse_missing() == 0


def test_an_analysis_waits_for_news(db: None, folder: Path) -> None:
    arena = factories.make_arena(None)
    add_votes(arena, BEATS * 40)
    build(arena)
    assert analyse_missing() == 1
    add_votes(arena, BEATS[:2])
    build(arena)
    assert analyse_missing() == 0
    add_votes(arena, BEATS[:1])
    build(arena)
    assert analyse_missing() == 1


def test_votes_taken_off_by_a_flag_are_news(db: None, folder: Path) -> None:
    arena = factories.make_arena(None)
    votes = add_votes(arena, BEATS * 40)
    build(arena)
    assert analyse_missing() == 1
    raise_flag(votes[0], rule="manual", reason="a test", by="alice", now=NOW)
    assert build(arena).votes == 119
    assert (analyse_missing(), analyse_missing()) == (1, 0)


def test_what_is_found_out_later_is_not_of_an_older_snapshot(world: Arena, folder: Path) -> None:
    cast_votes(world, make_rater(), ["model_a"] * 5)
    old = build(world)
    analyse_missing()
    cast_votes(world, make_rater(), ["model_b"] * 5)
    new = build(world)
    analyse_missing()
    found = [newest_analyses(snapshot).get().data for snapshot in (old, new)]
    assert found == [{"votes": 5}, {"votes": 10}]


def test_a_snapshot_without_an_analysis_has_the_one_before(world: Arena, folder: Path) -> None:
    cast_votes(world, make_rater(), ["model_a"] * 5)
    build(world)
    analyse_missing()
    cast_votes(world, make_rater(), ["model_b"] * 5)
    assert newest_analyses(build(world)).get().data == {"votes": 5}


def test_only_what_is_shown_is_analysed(world: Arena, folder: Path) -> None:
    cast_votes(world, make_rater(), ["model_a"] * 5)
    old = build(world)
    cast_votes(world, make_rater(), ["model_b"] * 5)
    new = build(world)
    analyse_missing()
    assert (names_of(old), names_of(new)) == ({"gaps"}, {"gaps", "count_for_a_test"})


def test_a_board_without_votes_needs_no_analysis(world: Arena, folder: Path) -> None:
    build(world)
    assert analyse_missing() == 0


def test_a_failing_analysis_is_logged_and_holds_up_no_other(
    world: Arena, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(folder, "broken_for_a_test", "1 / 0")
    cast_votes(world, make_rater(), ["model_a"] * 5)
    snapshot = build(world)
    assert analyse_missing() == 1
    assert f"broken_for_a_test of snapshot {snapshot.pk} failed" in caplog.text
    assert names_of(snapshot) == {"gaps", "count_for_a_test"}


def test_an_analysis_is_stored_with_how_it_was_made(world: Arena, folder: Path) -> None:
    cast_votes(world, make_rater(), ["model_a"] * 5)
    snapshot = build(world)
    analyse_missing()
    stored = snapshot.analyses.get(name="count_for_a_test")
    assert stored.data == {"votes": 5}
    assert stored.code_version == snapshot.code_version
    assert stored.seconds > 0


def test_the_last_point_of_the_history_is_the_snapshot(db: None) -> None:
    arena = factories.make_arena(None)
    add_votes(arena, [*BEATS, ("bee", "ant", "model_a"), ("cat", "bee", "tie")] * 20)
    snapshot = build(arena)
    data = run_analysis("history", snapshot)
    last = dict(zip(data["competitors"], data["points"][-1]["ratings"], strict=True))
    assert data["points"][-1]["votes"] == snapshot.votes == 100
    for rating in snapshot.ratings.all():
        assert last[rating.competitor_id] == pytest.approx(rating.rating, abs=0.05)


def test_the_history_has_evenly_spaced_points(db: None) -> None:
    arena = factories.make_arena(None)
    add_votes(arena, BEATS * 32)
    points = run_analysis("history", build(arena))["points"]
    assert [point["votes"] for point in points] == list(range(4, 97, 4))
    assert points[0]["until"] == NOW.isoformat()


def test_who_was_not_voted_on_yet_has_no_rating_in_the_history(db: None) -> None:
    arena = factories.make_arena(None)
    add_votes(arena, [("ant", "bee", "tie")] * 24 + [("cat", "bee", "tie")] * 24)
    points = run_analysis("history", build(arena))["points"]
    ratings = [sum(rating is not None for rating in point["ratings"]) for point in points]
    assert ratings == [2] * 12 + [3] * 12


def test_few_votes_make_a_short_history(db: None) -> None:
    arena = factories.make_arena(None)
    add_votes(arena, BEATS)
    assert [p["votes"] for p in run_analysis("history", build(arena))["points"]] == [1, 2, 3]


def test_without_another_arm_the_random_arm_is_the_board_itself(world: Arena) -> None:
    cast_votes(world, make_rater(), ["model_a"] * 5)
    data = run_analysis("random_arm", build(world))
    assert data == {"votes": 5, "votes_of_other_arms": 0, "rows": []}


def test_the_random_arm_counts_its_ballots_alone_and_each_as_one(world: Arena) -> None:
    for number in range(4):
        cast_votes(world, make_rater(), ["model_a", "tie", "model_b"] * 2, seed=number)
    drawn = Ballot.objects.filter(votes__isnull=False).order_by("pk")
    chosen = list(drawn.values_list("pk", flat=True)[:8])
    Ballot.objects.update(policy="adjacent-1", arm="adaptive", uniform_probability=0.01)
    Ballot.objects.filter(pk__in=chosen).update(arm="random")
    data = run_analysis("random_arm", build(world))
    assert (data["votes"], data["votes_of_other_arms"]) == (8, 16)
    assert sum(row["votes"] for row in data["rows"]) == 16
