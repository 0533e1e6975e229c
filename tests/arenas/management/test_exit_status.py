"""What a script that calls `manage.py` sees: one line and exit status 2, and nothing changed."""

import subprocess
import sys

import pytest

from tests.factories import ROOT, count_rows, database_url, png, suite_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def manage(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", database_url())

    def run(*arguments):
        command = [sys.executable, "manage.py", *map(str, arguments)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    return run


def assert_refused(ended, words):
    assert (ended.returncode, ended.stdout) == (2, "")
    [line] = ended.stderr.splitlines()
    assert line.startswith("error: ")
    assert words in line


def test_a_bad_suite_beside_a_good_one(manage, tmp_path):
    good, bad = suite_file(tmp_path), tmp_path / "bad.yaml"
    bad.write_text("name: bad\nversion: 1\nprompts:\n  - {id: kite}\n")
    before = count_rows()
    assert_refused(manage("load_suite", good, bad), f"{bad}:4: prompts.0: ")
    assert count_rows() == before


def test_an_arena_over_a_suite_that_is_not_loaded(manage, tmp_path):
    path = tmp_path / "arena.yaml"
    path.write_text("slug: a\ntitle: A\nsuite: none\nquestions: [{id: better, text: Which}]\n")
    before = count_rows()
    assert_refused(manage("load_arena", path), f"{path}:3: no suite 'none' is loaded")
    assert count_rows() == before


def test_a_vote_file_with_an_unknown_winner(manage, tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("model_a,model_b,winner\nant,bee,model_a\nbee,ant,left\n")
    before = count_rows()
    assert_refused(
        manage("import_votes", "fresh", path, "--create"), "row 3: unknown winner 'left'"
    )
    assert count_rows() == before


def test_pictures_for_an_arena_that_does_not_exist(manage, tmp_path):
    (tmp_path / "prompt-0.png").write_bytes(png())
    assert_refused(manage("import_candidates", "small", tmp_path), "there is no arena 'small'")


def test_a_format_that_does_not_exist(manage):
    ended = manage("export_votes", "small", "--format", "xlsx", "--output", "votes.xlsx")
    assert_refused(ended, "invalid choice: 'xlsx'")
