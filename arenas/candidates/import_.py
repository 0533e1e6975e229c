"""Candidates made elsewhere: a folder, a zip or a JSON lines manifest, all of it or nothing."""

import json
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from django.db import transaction

from arenas.candidates.models import Candidate, Part
from arenas.candidates.store import render_for_arenas
from arenas.competitors.models import Competitor
from arenas.definitions.enter import HasLeft, enter_competitors
from arenas.definitions.models import Arena
from arenas.images.decode import MAX_BYTES, BadImage
from arenas.images.models import Image
from arenas.images.render import TooSmallProfile
from arenas.images.store import store_image
from arenas.suites.models import Prompt

MANIFEST = "manifest.jsonl"
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}
MAX_FILES = 100_000
NAME_LENGTH = 150


class BadImport(ValueError):
    """What is to be imported cannot be; the message names the line or the file."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: new candidates, those that were here already, who newly takes part."""

    new: int
    known: int
    joined: list[Competitor]


@dataclass(frozen=True, slots=True)
class Line:
    """One picture: for which prompt, by which model, at which place of the answer."""

    place: str
    prompt: str
    model: str
    path: str
    sample: int = 0
    turn: int = 0
    part: int = 0


class Folder:
    """Files below a folder on disk."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def names(self) -> list[str]:
        return sorted(
            str(file.relative_to(self.root)) for file in self.root.rglob("*") if file.is_file()
        )

    def read(self, name: str) -> bytes:
        file = (self.root / name).resolve()
        if not file.is_relative_to(self.root):
            raise BadImage("the path leads out of the folder")
        if not file.is_file():
            raise BadImage("there is no such file")
        if file.stat().st_size > MAX_BYTES:
            raise BadImage(f"the file is larger than {MAX_BYTES:,} bytes")
        return file.read_bytes()


class Zip:
    """Files in an archive, read one by one; nothing is ever unpacked onto the disk."""

    def __init__(self, path: Path) -> None:
        try:
            self.archive = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise BadImport(f"{path}: not a zip archive ({error})") from error
        self.entries: dict[str, zipfile.ZipInfo] = {}
        for entry in self.archive.infolist():
            check_entry(entry, self.entries)
            if not entry.is_dir():
                self.entries[entry.filename] = entry

    def names(self) -> list[str]:
        return sorted(self.entries)

    def read(self, name: str) -> bytes:
        if name not in self.entries:
            raise BadImage("there is no such file in the archive")
        if self.entries[name].file_size > MAX_BYTES:
            raise BadImage(f"the file is larger than {MAX_BYTES:,} bytes")
        try:
            with self.archive.open(name) as file:
                return file.read(MAX_BYTES + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
            raise BadImage(f"the archive is damaged there ({error})") from error


def check_entry(entry: zipfile.ZipInfo, seen: dict[str, zipfile.ZipInfo]) -> None:
    path = PurePosixPath(entry.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in entry.filename:
        raise BadImport(f"{entry.filename!r}: the path leads out of the archive")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise BadImport(f"{entry.filename!r}: links are not taken")
    if entry.filename in seen:
        raise BadImport(f"{entry.filename!r} is in the archive twice")
    if len(seen) >= MAX_FILES:
        raise BadImport(f"the archive holds more than {MAX_FILES:,} files")


Files = Folder | Zip


def import_candidates(arena: Arena, path: Path, *, now: datetime) -> Imported:
    """Import all pictures. Raises BadImport with the line or file; then nothing changed."""
    files, lines = open_source(path)
    prompts = {prompt.key: prompt for prompt in arena.prompts()}
    slots = group_by_slot(lines, prompts)
    with transaction.atomic():
        competitors = find_competitors(sorted({slot[1] for slot in slots}))
        try:
            joined = enter_competitors(arena, list(competitors.values()), now=now)
        except HasLeft as error:
            raise BadImport(str(error)) from error
        images = {line.path: store_line(files, line) for line in lines}
        created = 0
        for (prompt_key, model, sample), parts in slots.items():
            created += create_candidate(
                prompts[prompt_key], competitors[model], sample, parts, images, now
            )
    return Imported(created, len(slots) - created, joined)


def open_source(path: Path) -> tuple[Files, list[Line]]:
    """The files and the lines that describe them: by a manifest, or by folder names."""
    files: Files
    if path.suffix == ".jsonl" and path.is_file():
        files = Folder(path.parent)
        lines = list(read_manifest(path.name, path.read_bytes()))
    elif path.is_dir() or path.suffix == ".zip":
        files = Folder(path) if path.is_dir() else Zip(path)
        lines = describe_files(files)
    else:
        raise BadImport(f"{path}: give a folder, a .zip archive or a .jsonl manifest that exists")
    if not lines:
        raise BadImport(f"{path}: no images in it")
    return files, lines


def describe_files(files: Files) -> list[Line]:
    names = [name for name in files.names() if not is_hidden(name)]
    top = find_top(names)
    manifest = top + MANIFEST
    if manifest not in names:
        return list(read_names(names, top))
    try:
        return list(read_manifest(manifest, files.read(manifest), top))
    except BadImage as error:
        raise BadImport(f"{manifest}: {error}") from error


def is_hidden(name: str) -> bool:
    """What desktops leave in folders and archives without being asked."""
    return any(part.startswith(".") or part == "__MACOSX" for part in PurePosixPath(name).parts)


def find_top(names: list[str]) -> str:
    """The one folder around everything, with its slash, or nothing: whole folders get zipped."""
    paths = [PurePosixPath(name) for name in names]
    used = [path for path in paths if path.suffix.lower() in SUFFIXES or path.name == MANIFEST]
    tops = {path.parts[0] for path in used}
    if len(tops) != 1:
        return ""
    top = f"{tops.pop()}/"
    is_around = top + MANIFEST in names or all(len(path.parts) > 2 for path in used)
    return top if is_around else ""


def read_manifest(name: str, data: bytes, top: str = "") -> Iterator[Line]:
    """One JSON object per line: `prompt`, `model`, `path`, or with `sample`, `turn`, `part`."""
    # Not `splitlines`, which also breaks lines at characters that JSON allows in a text.
    for number, text in enumerate(data.decode("utf-8-sig", errors="replace").split("\n"), 1):
        if text.strip():
            yield read_line(f"{name}:{number}", text, top)


def read_line(place: str, text: str, top: str) -> Line:
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadImport(f"{place}: not JSON ({error})") from error
    if not isinstance(row, dict):
        raise BadImport(f"{place}: an object is expected")
    for key in ("prompt", "model", "path"):
        if not isinstance(row.get(key), str) or not row[key]:
            raise BadImport(f"{place}: `{key}` is missing")
    for key in ("sample", "turn", "part"):
        if type(row.get(key, 0)) is not int or not 0 <= row.get(key, 0) < 1000:
            raise BadImport(f"{place}: `{key}` is not a number from 0 to 999")
    unknown = set(row) - {"prompt", "model", "path", "sample", "turn", "part"}
    if unknown:
        raise BadImport(f"{place}: unknown key {sorted(unknown)[0]!r}")
    return Line(place=place, **{**row, "path": top + row["path"]})


def read_names(names: list[str], top: str) -> Iterator[Line]:
    """`<model>/<prompt>.png`: the folder names the model, the file the prompt."""
    for name in names:
        path = PurePosixPath(name.removeprefix(top))
        if path.suffix.lower() not in SUFFIXES:
            continue
        if len(path.parts) != 2:
            raise BadImport(f"{name}: without a manifest, images lie at <model>/<prompt>.png")
        yield Line(place=name, prompt=path.stem, model=path.parts[0], path=name)


Slot = tuple[str, str, int]


def group_by_slot(lines: list[Line], prompts: dict[str, Prompt]) -> dict[Slot, list[Line]]:
    slots: dict[Slot, list[Line]] = {}
    for line in lines:
        if line.prompt not in prompts:
            raise BadImport(f"{line.place}: the arena asks no prompt {line.prompt!r}")
        is_name = line.model.strip() and line.model.isprintable()
        if not is_name or len(line.model) > NAME_LENGTH:
            raise BadImport(f"{line.place}: {line.model!r} cannot be a model's name")
        slot = slots.setdefault((line.prompt, line.model, line.sample), [])
        if any((other.turn, other.part) == (line.turn, line.part) for other in slot):
            raise BadImport(
                f"{line.place}: a second image for prompt {line.prompt!r}, model {line.model!r}, "
                f"sample {line.sample}, turn {line.turn}, part {line.part}"
            )
        slot.append(line)
    return slots


def find_competitors(names: list[str]) -> dict[str, Competitor]:
    """The competitors of these names; new ones are made as external."""
    return {name: Competitor.objects.get_or_create(name=name)[0] for name in names}


def store_line(files: Files, line: Line) -> Image:
    try:
        return store_image(files.read(line.path))
    except (OSError, ValueError) as error:  # a name that no file can have is a ValueError
        raise BadImport(f"{line.place}: {line.path}: {error}") from error


def create_candidate(
    prompt: Prompt,
    competitor: Competitor,
    sample: int,
    lines: list[Line],
    images: dict[str, Image],
    now: datetime,
) -> int:
    """The slot's candidate with its parts; 0 where it was imported before with the same images."""
    ordered = sorted(lines, key=lambda line: (line.turn, line.part))
    # Locked, because a worker may be about to claim a planned one.
    slots = Candidate.objects.select_for_update()
    existing = slots.filter(prompt=prompt, competitor=competitor, sample=sample).first()
    if existing and existing.status != Candidate.Status.PLANNED:
        stored = [part.image_id for part in existing.parts.exclude(image=None)]
        if stored == [images[line.path].pk for line in ordered]:
            return 0
        raise BadImport(
            f"{lines[0].place}: {competitor} has another candidate for prompt {prompt} already; "
            "give this one another `sample` in a manifest, or another competitor's name"
        )
    candidate = existing or Candidate(prompt=prompt, competitor=competitor, sample=sample)
    candidate.status = Candidate.Status.DONE
    candidate.finished_at = now
    candidate.save()
    candidate.parts.all().delete()  # the words of a refusal that was to be tried again
    Part.objects.bulk_create(
        Part(candidate=candidate, turn=line.turn, position=line.part, image=images[line.path])
        for line in ordered
    )
    try:
        render_for_arenas(candidate, [images[line.path] for line in ordered])
    except TooSmallProfile as error:
        raise BadImport(f"{lines[0].place}: {error}") from error
    return 1
