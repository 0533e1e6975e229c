"""Everything that is counted can be counted again from the exported ledger alone."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from arenas.definitions.models import Arena
from arenas.exports.tables import export_votes
from arenas.ledger.chain import BrokenLedger
from arenas.ledger.read import Entry, read_entries
from arenas.ledger.rebuild import rebuild_votes
from arenas.models import Vote
from metrics.rate import main as rate
from tests.arenas.ledger.rows import write_ledger
from tests.factories import ROOT, cast_votes, make_rater


@pytest.fixture
def ledger(world: Arena, tmp_path: Path) -> Path:
    write_ledger(world)
    return export(tmp_path / "ledger.jsonl")


def export(path: Path) -> Path:
    call_command("export_ledger", output=path, verbosity=0)
    return path


def read(path: Path) -> list[Entry]:
    return list(read_entries(path.read_bytes().splitlines(keepends=True)))


def test_an_exported_ledger_is_whole(ledger: Path) -> None:
    assert [entry.seq for entry in read(ledger)] == list(range(1, len(read(ledger)) + 1))


def test_rows_that_wait_for_their_number_are_not_exported(world: Arena, ledger: Path) -> None:
    before = ledger.read_bytes()
    cast_votes(world, make_rater(), ["tie"], seed=70)
    assert export(ledger).read_bytes() == before


def test_the_votes_of_the_export_come_out_of_the_ledger(world: Arena, ledger: Path) -> None:
    told = list(rebuild_votes(read(ledger), world.slug))
    exported = export_votes(world).to_dicts()
    assert len(told) == len(exported) == 8
    for ours, theirs in zip(told, exported, strict=True):
        same = ours.keys() & theirs.keys() - LISTS
        assert {name: ours[name] for name in same} == {name: theirs[name] for name in same}
        assert len(same) > 20


# The export writes these as text, for CSV's sake.
LISTS = {"ranking", "answers", "reasons", "spots", "models"}


def test_a_change_of_mind_is_three_rows_and_one_vote(world: Arena, ledger: Path) -> None:
    changed = [vote for vote in rebuild_votes(read(ledger), world.slug) if vote["revision"]]
    assert [(vote["revision"], vote["winner"]) for vote in changed] == [(2, "model_b")]
    assert Vote.objects.filter(retracted=True).count() == 1


def test_ratings_from_the_ledger_are_those_from_the_export_to_the_bit(
    world: Arena, ledger: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    votes, exported = tmp_path / "told.jsonl", tmp_path / "exported.jsonl"
    subprocess.run(
        [sys.executable, "-m", "arenas.ledger", ledger, "--arena", "small", "--votes", votes],
        cwd=ROOT, check=True, capture_output=True, env={"PATH": ""},
    )  # fmt: skip
    call_command("export_votes", "small", format_name="jsonl", output=exported, verbosity=0)
    capsys.readouterr()
    assert rows(votes, capsys) == rows(exported, capsys)


def rows(path: Path, capsys: pytest.CaptureFixture[str]) -> object:
    rate([str(path), "--format", "json"])
    return json.loads(capsys.readouterr().out)["rows"]


def test_a_ledger_that_was_cut_is_refused(ledger: Path) -> None:
    lines = ledger.read_bytes().splitlines(keepends=True)
    with pytest.raises(BrokenLedger, match="the file ends before"):
        list(read_entries(lines[:-1]))


def test_a_row_that_was_taken_out_is_named(ledger: Path) -> None:
    lines = ledger.read_bytes().splitlines(keepends=True)
    with pytest.raises(BrokenLedger, match="line 3 should be row 3"):
        list(read_entries(lines[:2] + lines[3:]))


def test_checking_a_broken_ledger_says_so_in_one_line(ledger: Path) -> None:
    ledger.write_bytes(ledger.read_bytes().replace(b'"tie"', b'"win"', 1))
    done = subprocess.run(
        [sys.executable, "-m", "arenas.ledger", ledger],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("error: line ")
    assert done.stderr.count("\n") == 1


def test_a_ledger_that_is_not_there_is_named_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "none.jsonl"
    done = subprocess.run(
        [sys.executable, "-m", "arenas.ledger", path],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == f"error: {path}: No such file or directory\n"
