import pytest

from arenas.images.models import Image
from arenas.suites.load import load_suite
from arenas.suites.models import Prompt, PromptReference, SuiteEntry, SuiteVersion
from tests.factories import ROOT, count_rows, png, suite_file

pytestmark = pytest.mark.django_db

KITE = {"id": "kite", "category": "plain", "text": "A kite."}
BOAT = {
    "id": "boat",
    "turns": ["A boat.", "Now at night."],
    "references": [{"id": "sea", "role": "source", "file": "sea.png"}],
    "expect": {"edits": ["night"], "aspect_ratio": "16:9", "n_images": 2},
    "tags": ["quick"],
}


@pytest.fixture(autouse=True)
def _pictures(tmp_path):
    (tmp_path / "sea.png").write_bytes(png("blue"))
    (tmp_path / "copy.png").write_bytes(png("blue"))
    (tmp_path / "lake.png").write_bytes(png("teal"))


def prompts_of(version):
    return list(version.prompts.order_by("entries__position"))


def test_a_suite_becomes_rows_in_its_own_order(tmp_path):
    loaded = load_suite(suite_file(tmp_path, [KITE, BOAT], licence="CC0-1.0"))
    kite, boat = prompts_of(loaded.version)
    assert loaded.is_new
    assert (loaded.version.number, loaded.version.licence) == (1, "CC0-1.0")
    assert (kite.key, kite.category, kite.turns) == ("kite", "plain", ["A kite."])
    assert (boat.turns, boat.expectation.edits) == (["A boat.", "Now at night."], ("night",))


def test_a_reference_is_stored_with_its_role(tmp_path):
    load_suite(suite_file(tmp_path, [BOAT]))
    reference = PromptReference.objects.get()
    assert (reference.prompt.key, reference.key, reference.role) == ("boat", "sea", "source")
    assert reference.image == Image.objects.get()


def test_a_sample_photograph_can_be_a_reference(tmp_path):
    sample = {"id": "face", "role": "subject", "file": "skimage:astronaut"}
    load_suite(suite_file(tmp_path, [{**KITE, "references": [sample]}]))
    assert (Image.objects.get().width, Image.objects.get().height) == (420, 420)


def test_unchanged_content_changes_nothing(tmp_path):
    first = load_suite(suite_file(tmp_path, [KITE, BOAT]))
    before = count_rows()
    second = load_suite(suite_file(tmp_path, [KITE, BOAT]))
    assert (second.version, second.is_new) == (first.version, False)
    assert count_rows() == before


def test_the_name_of_a_reference_file_is_no_content(tmp_path):
    first = load_suite(suite_file(tmp_path, [BOAT]))
    renamed = {**BOAT, "references": [{"id": "sea", "role": "source", "file": "copy.png"}]}
    assert load_suite(suite_file(tmp_path, [renamed])).version == first.version


def test_a_changed_prompt_makes_a_version_that_shares_the_others(tmp_path):
    first = load_suite(suite_file(tmp_path, [KITE, BOAT])).version
    second = load_suite(suite_file(tmp_path, [{**KITE, "text": "Two kites."}, BOAT])).version
    assert second.number == 2
    assert prompts_of(first)[1] == prompts_of(second)[1]
    assert prompts_of(first)[0] != prompts_of(second)[0]
    assert Prompt.objects.count() == 3


def test_another_picture_makes_another_prompt(tmp_path):
    first = load_suite(suite_file(tmp_path, [BOAT])).version
    changed = {**BOAT, "references": [{"id": "sea", "role": "source", "file": "lake.png"}]}
    second = load_suite(suite_file(tmp_path, [changed])).version
    assert prompts_of(first) != prompts_of(second)


def test_other_tags_are_a_new_version_of_the_same_prompts(tmp_path):
    first = load_suite(suite_file(tmp_path, [KITE])).version
    second = load_suite(suite_file(tmp_path, [{**KITE, "tags": ["sky"]}])).version
    assert first != second
    assert prompts_of(first) == prompts_of(second)
    assert SuiteEntry.objects.get(version=second).tags == ["sky"]


def test_another_order_is_a_new_version_of_the_same_prompts(tmp_path):
    first = load_suite(suite_file(tmp_path, [KITE, BOAT])).version
    second = load_suite(suite_file(tmp_path, [BOAT, KITE])).version
    assert prompts_of(second) == prompts_of(first)[::-1]


def test_an_earlier_content_is_its_earlier_version(tmp_path):
    first = load_suite(suite_file(tmp_path, [KITE])).version
    load_suite(suite_file(tmp_path, [BOAT]))
    assert load_suite(suite_file(tmp_path, [KITE])).version == first
    assert SuiteVersion.objects.count() == 2


@pytest.mark.parametrize("name", ["quickstart", "capabilities"])
def test_the_suites_of_the_project_load(name):
    loaded = load_suite(ROOT / "fixtures" / "suites" / f"{name}.yaml")
    assert loaded.version.entries.count() >= 6
