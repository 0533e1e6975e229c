"""Every fault of a suite's file is said with file, line and prompt, and changes no table."""

import pytest

from arenas.suites.load import load_suite
from arenas.suites.read_yaml import BadFile
from tests.factories import count_rows, huge_png, png

pytestmark = pytest.mark.django_db

HEAD = """\
name: small
version: "1"
prompts:
  - id: good
    text: A good prompt.
    references: [{id: good, role: style, file: good.png}]
"""

# What is added to the good prompt, and the line and words of the complaint.
FAULTS = {
    "an id given twice": (
        "  - {id: good, text: Again.}",
        7,
        "prompt id 'good' is already on line 4",
    ),
    "an unknown key": ("  - id: kite\n    text: A kite.\n    txet: A kite.", 9, "prompt 'kite'"),
    "neither text nor turns": ("  - id: kite", 7, "either `text` or `turns` (prompt 'kite')"),
    "both text and turns": (
        "  - {id: kite, text: A., turns: [B.]}",
        7,
        "either `text` or `turns` (prompt 'kite')",
    ),
    "an empty text": ('  - id: kite\n    text: " "', 8, "prompt 'kite'"),
    "a text that is no text": ("  - id: kite\n    text: yes", 8, "valid string (prompt 'kite')"),
    "a role that is none": (
        "  - id: kite\n    text: A.\n    references:\n      - {id: a, role: mood, file: good.png}",
        10,
        "prompt 'kite'",
    ),
    "a reference named twice": (
        "  - id: kite\n    text: A.\n    references:\n"
        "      - {id: a, role: style, file: good.png}\n"
        "      - {id: a, role: style, file: good.png}",
        7,
        "two references have the same id (prompt 'kite')",
    ),
    "a subject that is no reference": (
        "  - id: kite\n    text: A.\n    expect: {subject: fox}",
        7,
        "'fox' is no reference of it (prompt 'kite')",
    ),
    "an aspect ratio that is none": (
        "  - id: kite\n    text: A.\n    expect: {aspect_ratio: wide}",
        9,
        "prompt 'kite'",
    ),
    "a category longer than its column": (
        f"  - id: kite\n    category: {'c' * 101}\n    text: A.",
        8,
        "prompt 'kite'",
    ),
    "a key given twice": ("  - id: kite\n    text: A.\n    text: B.", 9, "'text' is given twice"),
    "a date in the thirteenth month": ("  - id: kite\n    text: 2026-13-01", 8, "is no value"),
    "an unknown tag": ("  - id: kite\n    text: !run rm", 8, "not YAML"),
    "a zero byte": ('  - id: kite\n    text: "A\\0B"', 8, "a character that no text may hold"),
    "a zero byte in a key": (
        '  - id: kite\n    text: A.\n    expect: {"A\\0B": 1}',
        9,
        "a character that no text may hold",
    ),
    "no YAML": ("  - id: [kite", 8, "not YAML"),
    "a missing file": ("missing.png", 10, "there is no such file"),
    "a truncated picture": ("truncated.png", 10, "the image is damaged"),
    "a picture of 200 megapixels": ("huge.png", 10, "megapixels"),
    "a drawing": ("drawing.svg", 10, "not a PNG, JPEG or WebP image"),
    "an unknown sample": ("skimage:eagle", 10, "unknown sample 'eagle' (known: astronaut,"),
}


@pytest.fixture(autouse=True)
def _pictures(tmp_path):
    (tmp_path / "good.png").write_bytes(png())
    (tmp_path / "truncated.png").write_bytes(png()[:-30])
    (tmp_path / "huge.png").write_bytes(huge_png())
    (tmp_path / "drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")


def with_picture(file: str) -> str:
    reference = f"{{id: a, role: style, file: '{file}'}}"
    return f"  - id: kite\n    text: A.\n    references:\n      - {reference}"


@pytest.mark.parametrize(("added", "line", "words"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_by_line_and_changes_nothing(tmp_path, added, line, words):
    is_picture = not added.startswith("  - ")
    path = tmp_path / "suite.yaml"
    path.write_text(HEAD + (with_picture(added) if is_picture else added) + "\n")
    before = count_rows()
    with pytest.raises(BadFile) as caught:
        load_suite(path)
    message = str(caught.value)
    assert message.startswith(f"{path}:{line}: ")
    assert words in message
    assert "prompt 'kite'" in message or not is_picture
    assert count_rows() == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ":1: a mapping of keys to values is expected"),
        (b"- a\n- b\n", ":1: a mapping of keys to values is expected"),
        (b"name: small\nversion: 1\nprompts: []\n", ":3: prompts: "),
        (b"name: small\nprompts: [{id: a, text: A.}]\n", ":1: version: Field required"),
        (b"name: \xff\n", "cannot be read"),
        (b"name: \x07\n", "not YAML"),
        (b"name: " + b"[" * 3000 + b"\n", "nested too deeply"),
        (b"name: &a [*a]\n", "nested too deeply"),
    ],
    ids=["empty", "list", "no prompts", "no version", "latin-1", "bell", "deep", "in itself"],
)
def test_a_file_of_another_shape_is_refused(tmp_path, content, words):
    path = tmp_path / "suite.yaml"
    path.write_bytes(content)
    with pytest.raises(BadFile) as caught:
        load_suite(path)
    assert str(caught.value).startswith(str(path))
    assert words in str(caught.value)


def test_a_small_file_that_unfolds_to_millions_of_values_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("arenas.suites.read_yaml.MAX_VALUES", 1000)
    levels = ["a0: &a0 [x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 4)}]" for n in range(1, 30)]
    path = tmp_path / "suite.yaml"
    path.write_text("\n".join(levels))
    with pytest.raises(BadFile, match="more than 1,000 values"):
        load_suite(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadFile, match=r"nothing\.yaml: cannot be read"):
        load_suite(tmp_path / "nothing.yaml")
