# mypy: disable-error-code="union-attr"
from decimal import Decimal
from io import StringIO
from typing import Any

import polars as pl
import pytest
from django.core.management import CommandError, call_command

from arenas.candidates.models import Candidate, Part
from arenas.definitions.enter import enter_competitors
from arenas.exports.preferences import export_preferences
from arenas.exports.tables import export_candidates, export_votes
from arenas.images.store import read_bytes
from arenas.ledger.seal import seal
from arenas.votes.models import Vote
from tests.factories import NOW, add_votes, cast_votes, make_rater

READ: dict[str, Any] = {"csv": pl.read_csv, "jsonl": pl.read_ndjson, "parquet": pl.read_parquet}
WINNERS = ["model_a", "model_b", "tie", "both_bad"]


@pytest.fixture
def voted(world):
    """The small world with one vote of each kind, sealed."""
    cast_votes(world, make_rater(), WINNERS)
    seal(NOW)
    return world


def test_votes_have_a_row_each_in_the_order_of_the_ledger(voted):
    table = export_votes(voted)
    assert table["winner"].to_list() == WINNERS
    assert table["seq"].is_sorted()
    assert table["seq"].null_count() == 0


def test_a_vote_says_who_met_on_what_and_who_judged(voted):
    vote, row = Vote.objects.first(), export_votes(voted).row(0, named=True)
    assert (row["model_a"], row["model_b"]) == (vote.competitor_a.name, vote.competitor_b.name)
    assert (row["prompt"], row["question"]) == (vote.prompt.key, "better")
    assert (row["rater"], row["rater_kind"]) == (vote.rater.key, "person")
    assert (row["source"], row["tstamp"]) == ("site", "2026-03-01T12:00:00+00:00")
    assert row["digest"] == bytes(vote.digest).hex()


def test_a_vote_says_how_probable_its_pair_was(voted):
    table = export_votes(voted)
    assert table["probability"].is_between(0, 1, closed="right").all()
    assert table["policy"].null_count() == 0


def test_unsealed_votes_come_last_and_have_no_number(voted):
    cast_votes(voted, make_rater(), ["tie"])
    table = export_votes(voted)
    assert (table["winner"][-1], table["seq"][-1]) == ("tie", None)


def test_an_imported_vote_has_no_ballot(world):
    add_votes(world, [("ant", "bee", "model_a")])
    row = export_votes(world).row(0, named=True)
    assert (row["source"], row["rater_kind"]) == ("import", "external")
    assert (row["prompt"], row["policy"], row["probability"]) == (None, None, None)


def test_an_arena_without_votes_exports_the_columns(world):
    assert export_votes(world).is_empty()
    assert {"model_a", "model_b", "winner", "prompt", "rater"} <= set(export_votes(world).columns)
    assert export_preferences(world).is_empty()


def test_candidates_have_a_row_each_with_the_paths_of_their_pictures(world):
    table = export_candidates(world)
    assert len(table) == 9
    assert table["model"].to_list() == ["ant", "bee", "cat"] * 3
    assert all(read_bytes(path) for path in table["paths"])


def test_a_candidate_without_pictures_says_why(world):
    Candidate.objects.filter(prompt__key="prompt-0", competitor__name="ant").update(
        status="refused_prompt", reason="Not this.", cost_usd="0.04"
    )
    row = export_candidates(world).row(0, named=True)
    assert (row["status"], row["reason"], row["cost_usd"]) == ("refused_prompt", "Not this.", 0.04)


def test_all_attempts_of_a_candidate_are_paid_for_those_of_unknown_cost_included(world):
    first = Candidate.objects.order_by("prompt__key", "competitor__name")[0]
    costs = [("0.04", "0.05"), (None, "0.05")]
    for number, (cost, estimate) in enumerate(costs, 1):
        first.attempts.create(
            number=number, started_at=NOW, cost_usd=cost, estimate_usd=Decimal(estimate)
        )
    assert export_candidates(world)["paid_usd"].to_list()[:2] == [pytest.approx(0.09), 0]


def test_thoughts_are_no_pictures_of_the_answer(world):
    first = Candidate.objects.order_by("prompt__key", "competitor__name")[0]
    image = Part.objects.exclude(candidate=first)[0].image
    Part.objects.create(candidate=first, position=1, image=image, thought=True)
    assert image.path not in export_candidates(world)["paths"][0]


def test_who_has_left_is_exported_still(voted):
    stay = [c for c in voted.competitors() if c.name != "ant"]
    enter_competitors(voted, stay, now=NOW, withdraw_others=True)
    table = export_candidates(voted)
    assert table["model"].filter(table["withdrawn"]).unique().to_list() == ["ant"]
    assert len(export_votes(voted)) == 4


def test_preferences_are_the_decided_votes_chosen_before_rejected(voted):
    table, votes = export_preferences(voted), Vote.objects.order_by("seq")
    left, right = votes[0], votes[1]
    assert table["chosen"].to_list() == [left.competitor_a.name, right.competitor_b.name]
    assert table["rejected"].to_list() == [left.competitor_b.name, right.competitor_a.name]


def test_preferences_lead_to_the_pictures_that_were_compared(voted):
    row, vote = export_preferences(voted).row(0, named=True), Vote.objects.order_by("seq")[0]
    assert row["chosen_paths"] == vote.candidate_a.parts.get().image.path
    assert row["rejected_paths"] == vote.candidate_b.parts.get().image.path
    assert row["prompt_text"] == vote.prompt.text


def test_votes_without_pictures_are_no_preferences(world):
    add_votes(world, [("ant", "bee", "model_a")], prompt=world.prompts()[0])
    assert export_preferences(world).is_empty()


def export(what, form, path):
    said, options = StringIO(), ["--format", form, "--output", str(path)]
    call_command(f"export_{what}", "small", *options, stdout=said)
    return said.getvalue()


@pytest.mark.parametrize("what", ["votes", "candidates", "preferences"])
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_every_export_is_written_in_every_format(voted, tmp_path, what, form):
    path = tmp_path / f"out.{form}"
    said = export(what, form, path)
    assert said == f"{len(READ[form](path))} rows written to {path}\n"


def test_an_export_of_votes_can_be_imported_elsewhere(voted, tmp_path):
    path = tmp_path / "votes.csv"
    export("votes", "csv", path)
    call_command("import_votes", "copy", str(path), create=True, stdout=StringIO())
    copied = Vote.objects.filter(arena__slug="copy").order_by("pk")
    assert [vote.winner for vote in copied] == WINNERS


def test_an_export_of_votes_does_not_count_twice_where_it_came_from(voted, tmp_path):
    path = tmp_path / "votes.csv"
    export("votes", "csv", path)
    with pytest.raises(CommandError, match="row 2: this vote is here already"):
        call_command("import_votes", "small", str(path))
    assert Vote.objects.count() == 4


def test_an_export_to_no_folder_is_refused_in_one_sentence(voted, tmp_path):
    with pytest.raises(CommandError, match="cannot be written"):
        export("votes", "csv", tmp_path / "nowhere" / "votes.csv")
