import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import evalica
import numpy as np
import polars as pl
import pytest

from metrics.rate import main

ROOT = Path(__file__).parents[2]
GENAI_ARENA = ROOT / "../shared/data/votes/genai_arena_clean_battle_20240220.json"
WINNERS = {"model_a": evalica.Winner.X, "model_b": evalica.Winner.Y}

VOTES = [
    {"model_a": a, "model_b": b, "winner": winner, "prompt": f"p{n % 25}", "rater": f"r{n % 7}"}
    for n, (a, b, winner) in enumerate(
        [("x", "y", "model_a"), ("y", "x", "model_a"), ("x", "y", "model_a")] * 20
        + [("y", "z", "model_a"), ("y", "z", "tie"), ("z", "y", "both_bad")] * 20
        + [("z", "x", "tie (bothbad)"), ("z", "x", "model_b")] * 10
    )
]


@pytest.fixture
def write(tmp_path):
    def write_file(votes=VOTES, suffix=".csv"):
        path = tmp_path / f"votes{suffix}"
        if isinstance(votes, str):
            path.write_text(votes, encoding="utf-8")
            return path
        frame = pl.DataFrame(votes)
        if suffix == ".csv":
            frame.write_csv(path)
        elif suffix == ".jsonl":
            frame.write_ndjson(path)
        elif suffix == ".parquet":
            frame.write_parquet(path)
        else:
            frame.write_json(path)
        return path

    return write_file


def run(capsys, *arguments):
    status = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert status == 0, err
    return out


def report(capsys, *arguments):
    return json.loads(run(capsys, *arguments, "--format", "json"))


def failure(capsys, *arguments):
    """The one line of an error that ends with status 2."""
    with pytest.raises(SystemExit) as stop:
        sys.exit(main([str(argument) for argument in arguments]))
    out, err = capsys.readouterr()
    assert stop.value.code == 2
    assert out == ""
    assert err.count("\n") == 1
    return err


def test_the_command_imports_no_django(write):
    code = (
        "import sys, metrics.rate; metrics.rate.main(sys.argv[1:]); print('django' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(write())], capture_output=True, text=True, cwd=ROOT
    )
    assert done.stdout.splitlines()[-1] == "False", done.stderr


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".json", ".parquet"])
def test_every_kind_of_file_gives_the_same_ratings(capsys, write, suffix):
    given = report(capsys, write(suffix=suffix))
    expected = report(capsys, write())
    assert given["rows"] == expected["rows"]


def test_a_report_says_what_it_rests_on_and_lists_the_best_first(capsys, write):
    found = report(capsys, write())
    assert found["method"] == "bradley_terry"
    assert found["ci"] == "sandwich"
    assert (found["votes"], found["models"]) == (len(VOTES), 3)
    assert set(found["seconds"]) == {"read", "fit", "ci"}
    assert found["settings"]["cluster"] == ["prompt", "rater"]
    assert [row["model"] for row in found["rows"]] == ["x", "y", "z"]


def test_a_record_adds_up_to_the_votes_with_both_bad_as_a_tie(capsys, write):
    for row in report(capsys, write())["rows"]:
        assert row["wins"] + row["losses"] + row["ties"] == row["votes"]
    for row in report(capsys, write(), "--both-bad", "drop")["rows"]:
        assert row["wins"] + row["losses"] + row["ties"] + row["both_bad"] == row["votes"]


def test_clusters_are_chosen_by_name_or_not_at_all(capsys, write):
    by_prompt = report(capsys, write(), "--cluster", "prompt")
    plain = report(capsys, write(), "--cluster", "none")
    assert by_prompt["settings"]["cluster"] == ["prompt"]
    assert plain["settings"]["cluster"] == []
    assert by_prompt["rows"][0]["rating_lower"] != plain["rows"][0]["rating_lower"]
    assert by_prompt["rows"][0]["rating"] == plain["rows"][0]["rating"]


def test_prompts_that_stand_for_themselves_are_no_cluster(capsys, write):
    found = report(capsys, write(), "--prompts", "fixed")
    assert found["settings"]["cluster"] == ["rater"]
    assert "on these very prompts" in found["settings"]["estimand"]


def test_a_bootstrap_states_its_rounds_and_seed_and_is_repeated_by_them(capsys, write):
    arguments = [write(), "--ci", "bootstrap", "--rounds", "30", "--seed", "5"]
    once, again = report(capsys, *arguments), report(capsys, *arguments)
    assert once["settings"]["rounds"] == 30
    assert once["settings"]["seed"] == 5
    assert once["rows"] == again["rows"]


@pytest.mark.parametrize(("method", "ci"), [("davidson", "sandwich"), ("elo", "none")])
def test_other_methods_rate_the_same_file(capsys, write, method, ci):
    found = report(capsys, write(), "--method", method)
    assert found["ci"] == ci
    assert found["rows"][0]["model"] == "x"
    assert np.mean([row["rating"] for row in found["rows"]]) == pytest.approx(1000)


def test_csv_has_a_line_for_each_model(capsys, write):
    rows = list(csv.DictReader(io.StringIO(run(capsys, write(), "--format", "csv"))))
    assert [row["model"] for row in rows] == ["x", "y", "z"]
    assert float(rows[0]["rating_lower"]) < float(rows[0]["rating"])


def test_a_table_is_for_reading_and_says_why_a_rank_is_missing(capsys, write):
    table = run(capsys, write(VOTES[:3]))
    assert "3 votes, 2 models; bradley_terry" in table
    assert "fewer than 10 votes" in table


def test_disconnected_sets_are_rated_and_ranked_each_by_itself(capsys, write):
    renamed = {"x": "v", "y": "w"}
    apart = [
        vote | {"model_a": renamed[vote["model_a"]], "model_b": renamed[vote["model_b"]]}
        for vote in VOTES[:60]
    ]
    found = report(capsys, write(VOTES + apart))
    main_set = [row for row in found["rows"] if row["component"] == 0]
    other = [row for row in found["rows"] if row["component"] == 1]
    assert {row["model"] for row in other} == {"v", "w"}
    for rows in (main_set, other):
        assert np.mean([row["rating"] for row in rows]) == pytest.approx(1000)
        assert rows[0]["rank"] == 1


@pytest.mark.parametrize(
    ("votes", "message"),
    [
        ("", "no votes in"),
        ("model_a,model_b,winner\n", "no votes in"),
        ("model_a,model_b\nx,y\n", "no column 'winner'"),
        ("model_a,model_b,winner\nx,y,tie\nx,y,draw\n", "row 3: unknown winner 'draw'"),
        ("model_a,model_b,winner\nx,x,tie\n", "row 2: 'x' against itself"),
        ("model_a,model_b,winner\nx,,tie\n", "row 2: model_b is empty"),
        ("model_a,model_b,winner\nx,y,tie,more\n", "row 2: 4 cells in 3 columns"),
        ('model_a,model_b,winner,note\nx,y,tie,"a\nb"\n\nx,x,tie,\n', "row 5: 'x' against itself"),
        ("model_a;model_b;winner\nx;y;tie\n", "no column 'model_a'"),
        ('model_a,model_b,winner\n"x\ny",z,tie\n\n"x\n",y,tie,\n', "row 5: 4 cells in 3 columns"),
        ("model_a,model_b,winner\nx,y,tie\nx,y,nan\n", "row 3: winner is empty"),
        ("\ufeffmodel_a,model_b,winner\r\nx,y,\r\n", "row 2: winner is empty"),
    ],
)
def test_a_wrong_csv_file_is_one_clear_line(capsys, write, votes, message):
    assert message in failure(capsys, write(votes))


@pytest.mark.parametrize(
    ("suffix", "votes", "message"),
    [
        (".jsonl", "\n", "no votes in"),
        (
            ".jsonl",
            '{"model_a":"x","model_b":"y","winner":"tie"}\n\n{"model_a":',
            "row 3: not JSON",
        ),
        (".jsonl", "[" * 200_000, "row 1: not JSON"),
        (".jsonl", '\n{"model_a":"x","model_b":"y","winner":"?"}', "row 2: unknown winner '?'"),
        (".jsonl", '{"model_a":"x","model_b":NaN,"winner":"tie"}', "row 1: not JSON: NaN"),
        (".jsonl", f'{{"model_a":{10**40},"model_b":"y","winner":"tie"}}', "more than 64 bits"),
        (".jsonl", '\n"x beat y"', "row 2: not a JSON object"),
        (".jsonl", '{"model_a":["x"],"model_b":"y","winner":"tie"}', "'model_a' holds List"),
        (".jsonl", '\ufeff{"model_a":"x"}', "begins with a byte order mark"),
        (".json", '[{"model_a":"x","model_b":"y","winner":["tie"]}]', "'winner' holds List"),
        (".json", "[]", "no votes in"),
        (".parquet", "not parquet", "cannot read"),
        (".txt", "x beat y", "not one of .csv, .jsonl, .json, .parquet"),
    ],
)
def test_a_wrong_file_of_another_kind_is_one_clear_line(capsys, write, suffix, votes, message):
    assert message in failure(capsys, write(votes, suffix))


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".json"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_file_in_utf_16_is_told_so(capsys, tmp_path, suffix, encoding):
    path = tmp_path / f"votes{suffix}"
    path.write_text("\ufeffmodel_a,model_b,winner\nx,y,tie\n", encoding=encoding)
    assert "is not UTF-8 but UTF-16" in failure(capsys, path)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"model_a": [1.0, float("nan")]}, "row 2: model_a is empty"),
        ({"model_a": ["x", None]}, "row 2: model_a is empty"),
        ({"model_a": [["x"], ["x"]]}, "'model_a' holds List"),
        ({"model_a": [b"x", b"x"]}, "'model_a' holds Binary"),
        ({"model_b": ["y", "nan"]}, "row 2: model_b is empty"),
        ({"winner": ["tie", "NaN"]}, "row 2: winner is empty"),
        ({"winner": ["tie", 1]}, "row 2: unknown winner '1'"),
    ],
)
def test_a_wrong_cell_of_parquet_is_one_clear_line(capsys, write, wrong, message):
    votes = {"model_a": ["x", "x"], "model_b": ["y", "y"], "winner": ["tie", "tie"]} | wrong
    frame = {name: pl.Series(values, strict=False) for name, values in votes.items()}
    assert message in failure(capsys, write(frame, ".parquet"))


@pytest.mark.parametrize("kept", [-1, 20, 400])
def test_a_broken_parquet_file_is_one_clear_line(capsys, write, kept):
    path = write(suffix=".parquet")
    path.write_bytes(path.read_bytes()[:kept])
    assert "cannot read" in failure(capsys, path)


def test_one_vote_gives_a_board_without_ranks(capsys, write):
    found = report(capsys, write("model_a,model_b,winner\nx,y,model_a\n"))
    assert [(row["model"], row["rank"]) for row in found["rows"]] == [("x", None), ("y", None)]
    assert {row["no_rank"] for row in found["rows"]} == {"fewer than 10 votes"}


def test_a_file_that_is_not_there_is_one_clear_line(capsys, tmp_path):
    assert "no file" in failure(capsys, tmp_path / "votes.csv")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--method", "magic"], "invalid choice: 'magic'"),
        (["--method", "elo", "--ci", "sandwich"], "no sandwich interval"),
        (["--cluster", "judge"], "no column 'judge'"),
        (["--cluster", "prompt", "rater", "winner"], "two are the most"),
        (["--where", "prompt"], "not COLUMN=VALUE"),
        (["--where", "prompt=nowhere"], "where prompt=nowhere"),
        (["--ci", "bootstrap", "--rounds", "1"], "2 rounds or more"),
        (["--ci", "bootstrap", "--rounds", "100001"], "--rounds: 100,000 rounds at most"),
    ],
)
def test_a_wrong_option_is_one_clear_line(capsys, write, options, message):
    assert message in failure(capsys, write(), *options)


def test_published_battles_are_rated_as_two_boards_like_evalica_does(capsys):
    if not GENAI_ARENA.exists():
        pytest.skip(f"the battles that GenAI-Arena published are not at {GENAI_ARENA}")
    found = report(capsys, GENAI_ARENA, "--where", "anony=true")
    assert found["votes"] == 1515
    votes = pl.read_json(GENAI_ARENA).filter("anony")
    boards = [[row for row in found["rows"] if row["component"] == board] for board in (0, 1)]
    assert [len(board) for board in boards] == [6, 7]
    for board in boards:
        names = [row["model"] for row in board]
        ours = votes.filter(pl.col("model_a").is_in(names))
        scores = evalica.bradley_terry(
            ours["model_a"].to_list(),
            ours["model_b"].to_list(),
            [WINNERS.get(winner, evalica.Winner.Draw) for winner in ours["winner"]],
            tolerance=1e-12,
            limit=10_000,
        ).scores
        logits = np.log(scores[names].to_numpy())
        theirs = 1000 + 400 / np.log(10) * (logits - logits.mean())
        assert np.abs(theirs - [row["rating"] for row in board]).max() < 0.05


def test_a_battle_of_a_model_with_itself_in_published_battles_is_named(capsys):
    if not GENAI_ARENA.exists():
        pytest.skip(f"the battles that GenAI-Arena published are not at {GENAI_ARENA}")
    assert "row 1820: 'imagenhub_SDXLTurbo_generation' against itself" in failure(
        capsys, GENAI_ARENA
    )
