import pytest

from arenas.candidates.cost import estimate_all
from arenas.candidates.generate import make_request
from arenas.candidates.models import Candidate
from arenas.candidates.plan import select_candidates
from arenas.suites.load import load_suite
from arenas.suites.models import PromptReference
from arenas.suites.read_yaml import BadFile
from arenas.views.images import list_references
from metrics.results.contents import read_contents
from tests.factories import make_arena, make_candidates, png, suite_file

pytestmark = pytest.mark.django_db

SEA = {"id": "sea", "role": "source", "file": "sea.png"}
SKY = {"id": "sky", "role": "mask", "file": "sky.png"}


def load(folder, *references):
    (folder / "sea.png").write_bytes(png("blue"))
    (folder / "sky.png").write_bytes(png("white"))
    boat = {"id": "boat", "text": "Add a boat.", "references": list(references)}
    return load_suite(suite_file(folder, [boat])).version


def test_a_mask_is_stored_with_its_source(tmp_path):
    load(tmp_path, SEA, SKY)
    assert list(PromptReference.objects.values_list("role", flat=True)) == ["source", "mask"]


@pytest.mark.parametrize("references", [(SKY,), (SEA, SKY, {**SKY, "id": "other"})])
def test_a_mask_stands_alone_beside_a_source(tmp_path, references):
    with pytest.raises(BadFile, match="one, beside a source"):
        load(tmp_path, *references)


def test_neither_models_nor_raters_are_shown_a_mask_but_checks_are(tmp_path):
    arena = make_arena(load(tmp_path, SEA, SKY), ["ant"])
    [candidate] = make_candidates(arena)
    shown = list_references(candidate.prompt_id, arena.profile)
    assert [reference.role for reference in make_request(candidate).references] == ["source"]
    assert [reference.role for reference in shown] == ["source"]
    assert [role for _, role, _ in read_contents(candidate).references] == ["source", "mask"]


def test_a_mask_costs_nothing(tmp_path, monkeypatch):
    arena = make_arena(load(tmp_path, SEA, SKY), ["ant"])
    make_candidates(arena)
    counted = []
    monkeypatch.setattr(
        "arenas.candidates.cost.estimate_cost",
        lambda row, *, references: counted.append(references),
    )
    estimate_all(select_candidates(arena))
    assert counted == [1]
    assert Candidate.objects.count() == 1
