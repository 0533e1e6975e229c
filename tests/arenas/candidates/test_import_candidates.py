# mypy: disable-error-code="union-attr"
import json
import stat
import zipfile

import pytest
from django.core.management import call_command

from arenas.candidates.import_ import BadImport, import_candidates
from arenas.candidates.models import Candidate, Part
from arenas.candidates.plan import plan_candidates
from arenas.competitors.models import Competitor
from arenas.definitions.models import Registration
from arenas.images.models import Rendition
from arenas.images.store import read_bytes
from tests.factories import NOW, count_rows, make_arena, make_suite, png

pytestmark = pytest.mark.django_db


@pytest.fixture
def arena(tmp_path):
    return make_arena(make_suite(tmp_path, 2), ["ant"])


@pytest.fixture
def folder(tmp_path):
    """Two pictures by owl, as another tool would leave them."""
    folder = tmp_path / "made"
    (folder / "owl").mkdir(parents=True)
    for n, color in enumerate(("red", "blue")):
        (folder / "owl" / f"prompt-{n}.png").write_bytes(png(color))
    return folder


def load(arena, path):
    """How many candidates were new, and how many known."""
    done = import_candidates(arena, path, now=NOW)
    return done.new, done.known


def write_zip(folder, entries, name="made.zip"):
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, data in entries:
            archive.writestr(entry, data)
    return folder / name


def write_manifest(folder, *rows, name="manifest.jsonl"):
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def row(**changed):
    return {"prompt": "prompt-0", "model": "owl", "path": "owl/prompt-0.png", **changed}


def assert_refused(arena, path, words):
    before = count_rows()
    with pytest.raises(BadImport) as caught:
        load(arena, path)
    assert words in str(caught.value)
    assert count_rows() == before


def test_a_folder_names_models_and_prompts(arena, folder):
    assert load(arena, folder) == (2, 0)
    found = Candidate.objects.values_list("competitor__name", "prompt__key", "status", "sample")
    assert sorted(found) == [("owl", "prompt-0", "done", 0), ("owl", "prompt-1", "done", 0)]


def test_the_pictures_are_kept_and_can_be_shown(arena, folder):
    load(arena, folder)
    part = Part.objects.get(candidate__prompt__key="prompt-1")
    assert read_bytes(part.image.path) == png("blue")
    assert Rendition.objects.count() == 2


def test_an_unknown_model_enters_the_arena_as_made_elsewhere(arena, folder):
    load(arena, folder)
    assert Competitor.objects.get(name="owl").is_external
    assert [competitor.name for competitor in arena.competitors()] == ["ant", "owl"]


def test_a_zip_archive_is_read_like_a_folder(arena, tmp_path):
    path = write_zip(tmp_path, [("owl/prompt-0.png", png()), ("owl/prompt-1.png", png("blue"))])
    assert load(arena, path) == (2, 0)


def test_the_command_says_who_newly_takes_part(arena, folder, capsys):
    call_command("import_candidates", "small", str(folder))
    call_command("import_candidates", "small", str(folder))
    assert capsys.readouterr().out.splitlines() == [
        "2 candidates imported, 0 were here already",
        "joined: owl",
        "0 candidates imported, 2 were here already",
    ]


def test_an_import_does_not_undo_a_withdrawal(arena, folder):
    load(arena, folder)
    arena.entries.filter(competitor__name="owl").update(withdrawn_at=NOW)
    assert_refused(arena, folder, "'owl' was withdrawn from arena 'small'")
    assert Registration.objects.filter(competitor__name="owl").count() == 1


def test_one_folder_around_everything_is_looked_into(arena, folder, tmp_path):
    images = [("images/owl/prompt-0.png", png()), ("images/owl/prompt-1.png", png("blue"))]
    assert load(arena, write_zip(tmp_path, images)) == (2, 0)
    (tmp_path / "around").mkdir()
    folder.rename(tmp_path / "around" / "images")
    assert load(arena, tmp_path / "around") == (0, 2)


def test_a_manifest_in_the_one_folder_around_everything_is_followed(arena, tmp_path):
    manifest = ("set/manifest.jsonl", json.dumps(row(path="a.png")))
    assert load(arena, write_zip(tmp_path, [manifest, ("set/a.png", png())])) == (1, 0)


def test_a_fault_inside_the_one_folder_is_named_with_the_folder(arena, tmp_path):
    path = write_zip(tmp_path, [("set/manifest.jsonl", "{"), ("set/a.png", png())])
    assert_refused(arena, path, "set/manifest.jsonl:1: not JSON")


@pytest.mark.parametrize("name", ["__MACOSX/owl/._prompt-0.png", ".git/a/b/c.png", "owl/.p.png"])
def test_what_desktops_leave_behind_is_ignored(arena, tmp_path, name):
    assert load(arena, write_zip(tmp_path, [("owl/prompt-0.png", png()), (name, b"x")])) == (1, 0)


def test_an_empty_manifest_is_refused(arena, folder):
    assert_refused(arena, write_manifest(folder, "", name="list.jsonl"), "no images in it")


def test_a_manifest_names_turns_and_parts_in_any_order(arena, folder):
    second, first = row(path="owl/prompt-1.png", turn=1), row(part=1)
    load(arena, write_manifest(folder, second, first))
    parts = Candidate.objects.get().parts.all()
    assert [(part.turn, part.position) for part in parts] == [(0, 1), (1, 0)]
    assert [read_bytes(part.image.path) for part in parts] == [png("red"), png("blue")]


def test_a_manifest_in_a_folder_or_archive_is_followed(arena, folder, tmp_path):
    write_manifest(folder, row(sample=3))
    assert load(arena, folder) == (1, 0)
    manifest = json.dumps(row(prompt="prompt-1", path="a.png"))
    assert load(arena, write_zip(tmp_path, [("manifest.jsonl", manifest), ("a.png", png())])) == (
        1,
        0,
    )


def test_a_manifest_may_begin_with_a_byte_order_mark_and_hold_a_line_separator(arena, folder):
    text = "\ufeff" + json.dumps(row(), ensure_ascii=False) + "\r\n\r\n"
    (folder / "list.jsonl").write_text(text, encoding="utf-8")
    assert load(arena, folder / "list.jsonl") == (1, 0)


def test_importing_twice_adds_nothing(arena, folder):
    load(arena, folder)
    before = count_rows()
    assert load(arena, folder) == (0, 2)
    assert count_rows() == before


def test_a_planned_candidate_is_filled(arena, folder):
    Competitor.objects.create(name="owl", provider="scripted", model="draws")
    arena = make_arena(arena.suite_version, ["owl"], slug="planned")
    plan_candidates(arena, today=NOW.date())
    assert load(arena, folder) == (2, 0)
    assert set(Candidate.objects.values_list("status", flat=True)) == {"done"}


def test_another_picture_for_a_filled_slot_is_refused(arena, folder):
    load(arena, folder)
    (folder / "owl" / "prompt-1.png").write_bytes(png("green"))
    assert_refused(arena, folder, "owl/prompt-1.png: owl has another candidate for prompt prompt-1")
    assert_refused(arena, folder, "another `sample` in a manifest, or another competitor's name")


@pytest.mark.parametrize(
    ("file", "data", "words"),
    [
        ("owl/prompt-9.png", png(), "owl/prompt-9.png: the arena asks no prompt 'prompt-9'"),
        ("owl/prompt-1.png", png()[:-30], "owl/prompt-1.png: the image is damaged"),
        ("owl/prompt-1.png", b"", "owl/prompt-1.png: the file is empty"),
        ("owl/prompt-1.jpg", png(), "a second image for prompt 'prompt-1', model 'owl'"),
        ("prompt-1.png", png(), "prompt-1.png: without a manifest, images lie at <model>/<prompt>"),
        (f"{'o' * 151}/prompt-1.png", png(), "cannot be a model's name"),
    ],
    ids=["unknown prompt", "truncated", "empty", "two", "no model", "long name"],
)
def test_a_fault_in_a_folder_names_the_file_and_changes_nothing(arena, folder, file, data, words):
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_bytes(data)
    assert_refused(arena, folder, words)


def test_a_link_out_of_the_folder_is_refused(arena, folder, tmp_path):
    (tmp_path / "secret.png").write_bytes(png())
    (folder / "owl" / "prompt-1.png").unlink()
    (folder / "owl" / "prompt-1.png").symlink_to(tmp_path / "secret.png")
    assert_refused(arena, folder, "owl/prompt-1.png: the path leads out of the folder")


def test_a_folder_without_pictures_is_refused(arena, tmp_path):
    (tmp_path / "empty").mkdir()
    assert_refused(arena, tmp_path / "empty", "no images in it")


def test_what_is_not_there_is_refused(arena, tmp_path):
    assert_refused(arena, tmp_path / "nothing.jsonl", "give a folder, a .zip archive or a .jsonl")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{nonsense", "manifest.jsonl:2: not JSON"),
        ("[" * 200_000, "manifest.jsonl:2: not JSON"),
        ('{"sample": ' + "1" * 5000 + "}", "manifest.jsonl:2: not JSON"),
        ("[1]", "manifest.jsonl:2: an object is expected"),
        ({"prompt": "prompt-1", "model": "owl"}, "manifest.jsonl:2: `path` is missing"),
        (row(model=7), "manifest.jsonl:2: `model` is missing"),
        (row(turn=-1), "manifest.jsonl:2: `turn` is not a number from 0 to 999"),
        (row(sample="1"), "manifest.jsonl:2: `sample` is not a number"),
        (row(sample=True), "manifest.jsonl:2: `sample` is not a number"),
        (row(seed=1, sample=1), "manifest.jsonl:2: unknown key 'seed'"),
        (row(prompt="prompt-9"), "manifest.jsonl:2: the arena asks no prompt 'prompt-9'"),
        (row(model=" ", sample=1), "manifest.jsonl:2: ' ' cannot be a model's name"),
        (row(model="a\nb", sample=1), "manifest.jsonl:2: 'a\\nb' cannot be a model's name"),
        (row(model="\0", sample=1), "manifest.jsonl:2: '\\x00' cannot be a model's name"),
        (row(model="\ud800", sample=1), "manifest.jsonl:2: '\\ud800' cannot be a model's name"),
        (row(path="owl/x.png", sample=1), "manifest.jsonl:2: owl/x.png: there is no such file"),
        (row(path="../a.png", sample=1), "manifest.jsonl:2: ../a.png: the path leads out"),
        (row(path="/etc/hosts", sample=1), "manifest.jsonl:2: /etc/hosts: the path leads out"),
        (row(path="a\0b", sample=1), "manifest.jsonl:2: "),
        (row(), "manifest.jsonl:2: a second image for prompt 'prompt-0', model 'owl'"),
    ],
)
def test_a_fault_in_a_manifest_names_the_line_and_changes_nothing(arena, folder, line, words):
    (folder.parent / "a.png").write_bytes(png())
    assert_refused(arena, write_manifest(folder, row(), line), words)


def link_entry():
    entry = zipfile.ZipInfo("owl/prompt-1.png")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


@pytest.mark.parametrize(
    ("entry", "data", "words"),
    [
        ("../../evil.png", png(), "'../../evil.png': the path leads out of the archive"),
        ("/evil.png", png(), "'/evil.png': the path leads out of the archive"),
        ("..\\evil.png", png(), "the path leads out of the archive"),
        (link_entry(), b"/etc/passwd", "'owl/prompt-1.png': links are not taken"),
        ("owl/prompt-1.png", png()[:-30], "owl/prompt-1.png: the image is damaged"),
        ("owl/prompt-9.png", png(), "owl/prompt-9.png: the arena asks no prompt"),
        ("manifest.jsonl", "{", "manifest.jsonl:1: not JSON"),
        (
            "manifest.jsonl",
            json.dumps(row(path="x.png")),
            "manifest.jsonl:1: x.png: there is no such file in the archive",
        ),
    ],
    ids=["slip", "absolute", "backslash", "link", "truncated", "prompt", "json", "missing"],
)
def test_a_fault_in_an_archive_names_the_entry_and_changes_nothing(
    arena, tmp_path, entry, data, words
):
    path = write_zip(tmp_path, [("owl/prompt-0.png", png()), (entry, data)])
    assert_refused(arena, path, words)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_entry_that_is_in_the_archive_twice_is_refused(arena, tmp_path):
    path = write_zip(tmp_path, [("owl/prompt-0.png", png()), ("owl/prompt-0.png", png("blue"))])
    assert_refused(arena, path, "'owl/prompt-0.png' is in the archive twice")


@pytest.mark.parametrize("offset", [40, 60, 90])
def test_a_damaged_archive_is_refused(arena, tmp_path, offset):
    path = write_zip(tmp_path, [("owl/prompt-0.png", png(size=(64, 64)))])
    data = bytearray(path.read_bytes())
    data[offset : offset + 20] = bytes(20)
    path.write_bytes(data)
    assert_refused(arena, path, "")


def test_a_file_that_is_no_archive_is_refused(arena, tmp_path):
    (tmp_path / "made.zip").write_bytes(png())
    assert_refused(arena, tmp_path / "made.zip", "not a zip archive")


def test_an_entry_that_unpacks_to_more_than_allowed_is_refused(arena, tmp_path, monkeypatch):
    monkeypatch.setattr("arenas.candidates.import_.MAX_BYTES", 1000)
    path = write_zip(tmp_path, [("owl/prompt-0.png", bytes(1_000_000))])
    assert_refused(arena, path, "owl/prompt-0.png: the file is larger than 1,000 bytes")
