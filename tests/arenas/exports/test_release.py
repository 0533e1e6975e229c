"""Preference pairs as files: both parts of a split, the card, and what the site remembers."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from arenas.candidates.models import Candidate
from arenas.definitions.models import Arena
from arenas.exports.models import PreferenceExport
from arenas.ledger.seal import seal
from arenas.suites.load import load_suite
from arenas.suites.models import SuiteVersion
from arenas.votes.models import Vote
from tests import factories
from tests.factories import NOW, add_votes, suite_file
from tests.pages import body


@pytest.fixture
def trained(db: None, tmp_path: Path) -> Arena:
    """Eight prompts by two competitors, the first two about the same words, all voted on once."""
    texts = ["Draw a cat.", "draw  A cat.", *(f"Draw {n}." for n in range(6))]
    prompts = [{"id": f"p{n}", "category": "plain", "text": text} for n, text in enumerate(texts)]
    version = load_suite(suite_file(tmp_path, prompts, licence="CC-BY-4.0")).version
    arena = factories.make_arena(version, ("ant", "bee"))
    for prompt in arena.prompts():
        ant, bee = (
            Candidate.objects.create(prompt=prompt, competitor=each, status=Candidate.Status.DONE)
            for each in arena.competitors()
        )
        [vote] = add_votes(arena, [("ant", "bee", "model_a")], prompt=prompt)
        Vote.objects.filter(pk=vote.pk).update(candidate_a=ant, candidate_b=bee)
    seal(NOW)
    return arena


def export(folder: Path, *options: str, form: str = "jsonl") -> Path:
    """Exports into the folder and returns the file that was asked for."""
    path = folder / f"out.{form}"
    arguments = ["small", "--format", form, "--output", str(path), *options]
    call_command("export_preferences", *arguments, stdout=StringIO(), stderr=StringIO())
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_split_writes_two_files_that_share_no_words(trained: Arena, tmp_path: Path) -> None:
    export(tmp_path, "--split", "0.5", "--seed", "2")
    train, test = (read(tmp_path / f"out.{part}.jsonl") for part in ("train", "test"))
    assert sorted(row["prompt"] for row in train + test) == [f"p{n}" for n in range(8)]
    assert len(train) * len(test) > 0
    twins = [{"p0", "p1"} & {row["prompt"] for row in part} for part in (train, test)]
    assert set() in twins
    assert not (tmp_path / "out.jsonl").exists()


def test_an_export_says_what_it_is_on_its_card(trained: Arena, tmp_path: Path) -> None:
    export(tmp_path, "--split", "0.5", "--min-agreement", "0.7", form="parquet")
    card, made = (tmp_path / "out.card.md").read_text(), PreferenceExport.objects.get()
    for said in (
        "# Preference pairs of Small arena",
        "licence of the suite: CC-BY-4.0",
        f"SHA-256 of the rows: `{made.digest}`",
        f"votes up to number {made.settings['watermark']} of the ledger",
        "votes counted: 8 by external",
        "agreement of at least 0.7",
        "0.5 of them for testing",
        "`out.test.parquet`",
    ):
        assert said in card


def test_the_site_remembers_what_left(trained: Arena, tmp_path: Path) -> None:
    export(tmp_path)
    made = PreferenceExport.objects.get()
    assert (made.suite_version, made.rows, made.prompts) == (trained.suite_version, 8, 8)
    assert (made.made_by, made.settings["wanted"]["raters"]) == (
        "command line",
        ["person", "external"],
    )
    assert made.settings["watermark"] == Vote.objects.latest("seq").seq


def test_the_digest_is_of_the_rows_alone(trained: Arena, tmp_path: Path) -> None:
    for form, options in (
        ("jsonl", ()),
        ("csv", ("--split", "0.3")),
        ("parquet", ("--seed", "1", "--split", "0.3")),
    ):
        export(tmp_path, *options, form=form)
    assert PreferenceExport.objects.values("digest").distinct().count() == 1
    export(tmp_path, "--votes")
    assert PreferenceExport.objects.values("digest").distinct().count() == 2


def test_what_a_failed_export_leaves_is_nothing(
    trained: Arena, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    folder = tmp_path / "out"
    folder.mkdir()
    monkeypatch.setattr("arenas.exports.release.write_text", fail)
    with pytest.raises(CommandError, match="cannot be written"):
        export(folder, "--split", "0.5")
    assert not list(folder.iterdir())
    assert not PreferenceExport.objects.exists()


def test_formulas_in_prompts_do_no_harm_in_spreadsheets(trained: Arena, tmp_path: Path) -> None:
    trained.questions.update(text="=1+1")
    rows = pl.read_csv(export(tmp_path, form="csv"))
    assert set(rows["question_text"]) == {"'=1+1"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--seed", "1"), "--seed goes with --split"),
        (("--split", "1"), "between 0 and 1"),
        (("--split", "some"), "from 0 to 1"),
        (("--min-votes", "0"), "from 1 up"),
        (("--raters", "person,cat"), "kinds of raters are"),
        (("--question", "nicer"), r"no question about pairs 'nicer' \(known: better\)"),
        (("--category", "none"), r"no category 'none' \(known: plain\)"),
    ],
)
def test_wishes_that_cannot_be_are_refused(
    trained: Arena, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        export(tmp_path, *options)


def test_an_empty_export_names_the_raters_that_were_not_asked_for(
    trained: Arena, tmp_path: Path
) -> None:
    Vote.objects.update(rater_kind="simulated")
    said = StringIO()
    arguments = ["small", "--format", "csv", "--output", str(tmp_path / "out.csv")]
    call_command("export_preferences", *arguments, stdout=StringIO(), stderr=said)
    assert "8 by simulated" in said.getvalue()


def test_a_download_is_remembered_too(trained: Arena, staff_client: Client) -> None:
    rows = body(staff_client.get("/workbench/arenas/small/preferences.jsonl")).splitlines()
    made = PreferenceExport.objects.get()
    assert (made.rows, made.made_by, made.suite_version) == (
        len(rows), "alice", SuiteVersion.objects.get(),
    )  # fmt: skip
    page = body(staff_client.get("/workbench/arenas/small/")).decode()
    assert made.digest[:12] in page
