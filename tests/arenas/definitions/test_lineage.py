"""Where a competitor comes from, as its file says, and which suites say nothing about it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arenas.competitors.lineage import find_ancestors, list_suites_seen
from arenas.competitors.models import Competitor
from arenas.definitions.competitors import load_competitors
from arenas.definitions.lineage import may_be_gated_by
from arenas.exports.models import PreferenceExport
from arenas.suites.load import load_suite
from arenas.suites.models import SuiteVersion
from arenas.suites.read_yaml import BadFile
from tests.factories import NOW, make_arena, make_suite, png, suite_file, write_yaml

pytestmark = pytest.mark.django_db
Load = Callable[..., dict[str, int]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads a file of these competitors."""

    def write_and_load(*competitors: dict[str, Any]) -> dict[str, int]:
        return load_competitors(
            write_yaml(tmp_path / "competitors.yaml", {"competitors": list(competitors)})
        )

    return write_and_load


@pytest.fixture
def small(tmp_path: Path) -> SuiteVersion:
    return make_suite(tmp_path)


def make_other(folder: Path, *prompts: dict[str, Any]) -> SuiteVersion:
    """Another suite of these prompts."""
    rows = [{"category": "other", **prompt} for prompt in prompts]
    return load_suite(suite_file(folder, rows, name="other")).version


def find(name: str) -> Competitor:
    return Competitor.objects.get(name=name)


def test_a_file_says_where_a_checkpoint_comes_from(load: Load, small: SuiteVersion) -> None:
    child = {"name": "bee", "series": "house", "step": 2000, "parent": "ant"}
    load(child, {"name": "ant", "series": "house", "step": 1000, "trained_on": ["small"]})
    assert (find("bee").series, find("bee").step, find("bee").parent) == (
        "house",
        2000,
        find("ant"),
    )
    assert find("ant").trained_on == ["small"]


def test_lineage_may_change_and_what_a_file_is_silent_on_stays(
    load: Load, small: SuiteVersion
) -> None:
    ant = {"name": "ant", "provider": "procedural", "model": "a", "trained_on": ["small"]}
    assert load(ant) == {"new": 1}
    assert load(ant) == {"unchanged": 1}
    assert load({"name": "ant", "series": "house", "step": 3}) == {"changed": 1}
    assert find("ant").trained_on == ["small"]
    assert load({"name": "ant", "trained_on": []}) == {"changed": 1}
    assert find("ant").trained_on == []


def test_an_export_is_named_by_its_digest_or_number(load: Load, small: SuiteVersion) -> None:
    made = PreferenceExport.objects.create(
        arena=make_arena(small), suite_version=small, digest="ab" * 32, rows=1, prompts=1,
        made_at=NOW,
    )  # fmt: skip
    load({"name": "ant", "trained_on": [made.digest]}, {"name": "bee", "trained_on": [made.pk]})
    load({"name": "cat", "trained_on": [made.digest[:12]]})
    assert [find(name).trained_on for name in ("ant", "bee", "cat")] == [["small"]] * 3


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"parent": "nobody"}, "there is no competitor 'nobody'"),
        ({"parent": "ant"}, "nobody is their own"),
        ({"parent": "bee"}, "'bee' was itself made from 'ant'"),
        ({"trained_on": ["none"]}, "there is no suite 'none'"),
        ({"trained_on": ["abababab"]}, "there is no suite"),
        ({"trained_on": [7]}, "there is no suite 7"),
        ({"trained_on": [2**70]}, "there is no suite"),
        ({"step": 3}, "step: goes with a series"),
        ({"series": "a/b"}, "series"),
    ],
)
def test_lineage_that_cannot_be_is_refused_with_its_line(
    load: Load, stated: dict[str, Any], said: str
) -> None:
    load({"name": "ant"}, {"name": "bee", "parent": "ant"})
    with pytest.raises(BadFile, match=said) as caught:
        load({"name": "ant", **stated})
    assert "competitors.yaml:" in str(caught.value)
    assert find("ant").parent is None


def test_what_ancestors_have_seen_was_seen(load: Load, small: SuiteVersion) -> None:
    load(
        {"name": "ant", "trained_on": ["small"]},
        {"name": "bee", "parent": "ant"},
        {"name": "cat", "parent": "bee"},
    )
    assert find_ancestors(find("cat")) == [find("bee"), find("ant")]
    assert list_suites_seen(find("cat")) == {"small": find("ant")}
    assert may_be_gated_by(find("cat"), small) == (
        "ant was trained on an export of suite small, so that it says nothing about cat any more"
    )


def test_a_suite_that_nobody_learned_from_may_gate(
    load: Load, small: SuiteVersion, tmp_path: Path
) -> None:
    load({"name": "ant", "trained_on": ["small"]}, {"name": "bee"})
    assert may_be_gated_by(find("bee"), small) == ""
    assert may_be_gated_by(find("ant"), make_other(tmp_path, {"id": "x", "text": "New."})) == ""


def test_the_same_prompt_in_another_suite_may_not_gate(
    load: Load, small: SuiteVersion, tmp_path: Path
) -> None:
    load({"name": "ant", "trained_on": ["small"]})
    other = make_other(tmp_path, {"id": "fresh", "text": "New."}, {"id": "old", "text": "draw  1."})
    reason = may_be_gated_by(find("ant"), other)
    assert "trained on an export of suite small" in reason
    assert "prompt old is the same there" in reason


def test_the_same_words_about_another_picture_are_another_prompt(
    load: Load, small: SuiteVersion, tmp_path: Path
) -> None:
    load({"name": "ant", "trained_on": ["small"]})
    (tmp_path / "red.png").write_bytes(png("red"))
    reference = {"id": "red", "role": "source", "file": "red.png"}
    other = make_other(tmp_path, {"id": "x", "text": "Draw 1.", "references": [reference]})
    assert may_be_gated_by(find("ant"), other) == ""
