"""Every fault of an arena's file is said with file and line, and changes no table."""

import pytest

from arenas.definitions.load import load_arena
from arenas.suites.read_yaml import BadFile
from tests.factories import NOW, count_rows, make_competitors, make_suite

pytestmark = pytest.mark.django_db

ARENA = """\
slug: small
title: Small
suite: small
questions:
  - {id: better, text: "Which is better?"}
competitors:
  - {name: newcomer}
"""

# What is added to the file or put in the place of a line, and the line and words of the complaint.
ADDED = {
    "another setting": (
        "  - {name: ant, model: ant-2}",
        8,
        "'ant' exists with another setting; a setting is frozen",
    ),
    "other parameters": (
        "  - {name: ant, params: {steps: 8}}",
        8,
        "'ant' exists with another setting",
    ),
    "an unknown provider": (
        "  - {name: bee, provider: clay}",
        8,
        "competitor 'bee': unknown provider 'clay' (known: ",
    ),
    "a competitor named twice": ("  - {name: newcomer}", 8, "'newcomer' is given twice"),
    "a name in two lines": ('  - {name: "bee\\nant"}', 8, "should match pattern"),
    "live battles": ("mode: live", 1, "live arenas are not offered"),
    "shares above a half": ("raters: {gold_share: 0.4, repeat_share: 0.2}", 8, "more than a half"),
    "a tag that no prompt has": ("tags: [nosuch]", 8, "no prompt of small has one of these tags"),
    "a date as a parameter": ("  - {name: bee, params: {d: 2026-01-01}}", 8, "JSON value"),
    "an endless number": ("  - {name: bee, params: {d: .inf}}", 8, "finite number"),
    "a name longer than its column": (f"  - {{name: {'b' * 151}}}", 8, "at most 150 characters"),
    "an unknown check": ("checks: [beauty]", 8, "unknown check 'beauty' (known: "),
    "an unknown key": ("colour: red", 8, "colour: unknown key"),
    "an unknown key of pairing": (
        "pairing:\n  rule: adjacent\n  floor: 0.3",
        10,
        "pairing: unknown key 'floor' (known: rule, ",
    ),
    "a share of pairs that is text": (
        "pairing:\n  rule: adjacent\n  random_share: '.5'",
        10,
        "pairing.random_share: Input should be a valid number",
    ),
    "a share of pairs without a rule": (
        "pairing: {rule: uniform, random_share: 0.5}",
        8,
        "random_share has no effect with the rule uniform",
    ),
    "a key given twice": ("title: Smaller", 8, "'title' is given twice"),
    "too few outcomes": ("outcomes: [model_a, tie]", 8, "at least model_a and model_b"),
    "an outcome given twice": ("outcomes: [model_a, model_b, tie, tie]", 8, "'tie' is given twice"),
    "an unknown outcome": ("outcomes: [model_a, model_b, both]", 8, "outcomes.2: "),
    "files too small for the canvas": (
        "rendition: {width: 4096, height: 4096, kilobytes: 64}",
        8,
        "this canvas needs 128 kilobytes at least",
    ),
    "a number that no column holds": ("board: {batch: 3000000000}", 8, "board.batch: "),
}
REPLACED = {
    "an unknown check of a question": (
        "  - {id: better,",
        "  - id: seen\n    text: Seen?\n    checks: [beauty]\n  - {id: better,",
        7,
        "unknown check 'beauty' (known: ",
    ),
    "checks of a question about each picture": (
        "  - {id: better,",
        "  - {id: seen, text: Seen, form: each, checks: [identity],\n"
        "     options: [{id: a, text: A}, {id: b, text: B}]}\n"
        "  - {id: better,",
        5,
        "questions.0: ",
    ),
    "an unknown suite": ("suite: small", "suite: large", 3, "no suite 'large' is loaded"),
    "an unknown version": ("suite: small", "suite: small@9", 3, "no suite 'small@9' is loaded"),
    "a version that is no number": ("suite: small", "suite: small@²", 3, "no suite 'small@²'"),
    "a slug that no address holds": ("slug: small", "slug: Small arena", 1, "slug: "),
    "no questions": (
        'questions:\n  - {id: better, text: "Which is better?"}',
        "questions: []",
        4,
        "questions: ",
    ),
    "a question asked twice": (
        "  - {id: better",
        "  - {id: better, text: Once.}\n  - {id: better",
        6,
        "'better' is given twice",
    ),
}


def assert_refused(path, content, line, words):
    path.write_text(content, encoding="utf-8")
    before = count_rows()
    with pytest.raises(BadFile) as caught:
        load_arena(path, now=NOW)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert words in str(caught.value)
    assert count_rows() == before


@pytest.fixture(autouse=True)
def _known(db, tmp_path):
    make_suite(tmp_path)
    make_competitors("ant")


@pytest.mark.parametrize(("added", "line", "words"), ADDED.values(), ids=ADDED)
def test_what_must_not_be_there_is_named_and_changes_nothing(tmp_path, added, line, words):
    assert_refused(tmp_path / "arena.yaml", f"{ARENA}{added}\n", line, words)


@pytest.mark.parametrize(("old", "new", "line", "words"), REPLACED.values(), ids=REPLACED)
def test_what_cannot_be_is_named_and_changes_nothing(tmp_path, old, new, line, words):
    assert_refused(tmp_path / "arena.yaml", ARENA.replace(old, new), line, words)
