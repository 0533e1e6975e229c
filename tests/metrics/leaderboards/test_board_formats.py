import csv
import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.core.management import CommandError, call_command

from arenas.candidates.models import Candidate
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from metrics.leaderboards.models import Snapshot
from metrics.leaderboards.table import FORMATS
from tests import factories
from tests.factories import NOW, add_votes

NAMES = ("an&t_1", "be|e", "=cat")
VOTES = [("an&t_1", "be|e", "model_a"), ("be|e", "=cat", "model_a")] * 3


@pytest.fixture
def arena(db: None) -> Arena:
    """An arena whose competitors have names that each format must take care of."""
    arena = factories.make_arena(None, names=NAMES)
    add_votes(arena, [*VOTES, ("an&t_1", "be|e", "both_bad")])
    return arena


def run(arena: Arena, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    call_command("leaderboard", arena.slug, *options)
    return capsys.readouterr().out


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "parquet"])
def test_every_text_format_is_printed(
    arena: Arena, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    printed = run(arena, capsys, "--format", name)
    assert "=cat" in printed
    assert printed.endswith("\n")


def test_nothing_is_less_than_nothing(arena: Arena, capsys: pytest.CaptureFixture[str]) -> None:
    assert "-0" not in run(arena, capsys)


def test_the_plain_table_says_in_words_why_there_is_no_rank(
    arena: Arena, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = run(arena, capsys)
    assert "Small arena: Which is better? (external, person): 7 votes" in printed
    assert printed.count("too few votes") == 3


def test_json_says_how_the_numbers_came_about(
    arena: Arena, capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads(run(arena, capsys, "--format", "json"))
    snapshot = Snapshot.objects.get()
    assert (found["votes"], found["models"], found["watermark"]) == (7, 3, snapshot.watermark)
    assert (found["arena"], found["question"]) == ("small", "better")
    assert found["rater_kinds"] == ["external", "person"]
    assert [row["model"] for row in found["rows"]] == list(NAMES)
    assert found["rows"][0]["both_bad"] == 1


def test_csv_is_no_formula(arena: Arena, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(run(arena, capsys, "--format", "csv"))))
    assert [row["model"] for row in rows] == ["an&t_1", "be|e", "'=cat"]
    assert float(rows[2]["rating"]) < 1000


def test_parquet_keeps_numbers(arena: Arena, tmp_path: Path) -> None:
    path = tmp_path / "board.parquet"
    call_command("leaderboard", "small", "--format", "parquet", "--output", str(path))
    table = pl.read_parquet(path)
    assert table["model"].to_list() == list(NAMES)
    assert table.schema["rating"] == pl.Float64
    assert table["votes"].to_list() == [4, 7, 3]


def test_parquet_is_not_for_the_screen(arena: Arena) -> None:
    with pytest.raises(CommandError, match="--output"):
        call_command("leaderboard", "small", "--format", "parquet")


def test_markdown_and_latex_escape_names(arena: Arena, capsys: pytest.CaptureFixture[str]) -> None:
    assert "| be\\|e |" in run(arena, capsys, "--format", "md")
    assert "an\\&t\\_1" in run(arena, capsys, "--format", "latex")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_takes_an_empty_board(db: None, tmp_path: Path, name: str) -> None:
    factories.make_arena(None)
    path = tmp_path / f"board.{name}"
    call_command("leaderboard", "small", "--format", name, "--output", str(path))
    assert path.exists()


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_takes_a_competitor_without_votes(db: None, tmp_path: Path, name: str) -> None:
    add_votes(factories.make_arena(None), [("ant", "bee", "model_a")] * 3)
    path = tmp_path / f"board.{name}"
    call_command("leaderboard", "small", "--format", name, "--output", str(path))
    assert b"cat" in path.read_bytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--question", "none"], "asks no question 'none'"),
        (["--category", "none"], "no prompts of category 'none'"),
        (["--raters", "cats"], "unknown kind of rater 'cats'"),
        (["--format", "csv", "--output", "/none-such/board.csv"], "cannot be written"),
    ],
)
def test_a_wrong_option_is_told_by_name(arena: Arena, options: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("leaderboard", "small", *options)


def rows_of(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    call_command("leaderboard", "small", "--format", "json")
    return {row["model"]: row for row in json.loads(capsys.readouterr().out)["rows"]}


def test_a_withdrawn_competitor_keeps_its_row_and_is_marked(
    arena: Arena, capsys: pytest.CaptureFixture[str]
) -> None:
    arena.entries.filter(competitor__name="be|e").update(withdrawn_at=NOW)
    rows = rows_of(capsys)
    assert {name: row["withdrawn"] for name, row in rows.items()} == {
        "an&t_1": False,
        "be|e": True,
        "=cat": False,
    }
    assert rows["be|e"]["votes"] == 7


def test_a_retired_competitor_keeps_its_row_and_its_day_is_said(
    arena: Arena, capsys: pytest.CaptureFixture[str]
) -> None:
    Competitor.objects.filter(name="=cat").update(retired_on=NOW)
    rows = rows_of(capsys)
    assert {name: row["retired_on"] for name, row in rows.items()} == {
        "an&t_1": None,
        "be|e": None,
        "=cat": "2026-03-01",
    }


@pytest.mark.parametrize("name", ["table", "md", "latex"])
def test_people_read_who_was_withdrawn(
    arena: Arena, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    arena.entries.filter(competitor__name="=cat").update(withdrawn_at=NOW)
    printed = run(arena, capsys, "--format", name)
    assert "=cat (withdrawn)" in printed
    assert printed.count("withdrawn") == 1


@pytest.mark.parametrize("name", ["csv", "json"])
def test_programs_read_the_bare_name_of_who_was_withdrawn(
    arena: Arena, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    arena.entries.filter(competitor__name="=cat").update(withdrawn_at=NOW)
    assert "(withdrawn)" not in run(arena, capsys, "--format", name)


def test_refusals_and_failures_are_rates_of_their_own(
    world: Arena, capsys: pytest.CaptureFixture[str]
) -> None:
    add_votes(world, [("ant", "bee", "model_a"), ("bee", "cat", "model_a")])
    ants = Candidate.objects.filter(competitor__name="ant").order_by("pk")
    for candidate, status in zip(ants, ("no_image", "malformed"), strict=False):
        Candidate.objects.filter(pk=candidate.pk).update(status=status)
    bee = Candidate.objects.filter(competitor__name="bee").first()
    assert bee is not None
    Candidate.objects.filter(pk=bee.pk).update(status="planned")
    rates = {
        name: (row["refusal_rate"], row["failure_rate"]) for name, row in rows_of(capsys).items()
    }
    third = pytest.approx(1 / 3)
    assert rates == {"ant": (third, third), "bee": (0, 0), "cat": (0, 0)}
