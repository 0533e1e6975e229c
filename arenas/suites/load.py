"""A suite's YAML file to rows: unchanged content is a no-op, changed content a new version."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from django.db import transaction
from pydantic import Field, StringConstraints, model_validator

from arenas.images.decode import BadImage
from arenas.images.models import Image
from arenas.images.store import store_image
from arenas.suites.models import Prompt, PromptReference, PromptSuite, SuiteEntry, SuiteVersion
from arenas.suites.read_yaml import BadFile, Place, Strict, find_line, read_yaml
from arenas.suites.samples import load_sample

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=200)]


ShortKey = Annotated[Key, StringConstraints(max_length=100)]
Short = Annotated[str, StringConstraints(max_length=100)]


class ReferenceShape(Strict):
    id: ShortKey
    role: Literal["subject", "style", "source", "mask"]
    file: Text


class ExpectShape(Strict):
    text: tuple[Text, ...] = ()
    edits: tuple[Text, ...] = ()
    preserve: str = ""
    subject: str = ""
    aspect_ratio: Annotated[str, StringConstraints(pattern=r"^[1-9]\d?:[1-9]\d?$")] = "1:1"
    n_images: Annotated[int, Field(ge=1, le=16)] = 1


class PromptShape(Strict):
    id: Key
    category: Short = ""
    text: Text | None = None
    turns: tuple[Text, ...] = ()
    references: tuple[ReferenceShape, ...] = ()
    expect: ExpectShape = ExpectShape()
    tags: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def check(self) -> Self:
        if (self.text is None) == (not self.turns):
            raise ValueError("a prompt has either `text` or `turns`")
        names = [reference.id for reference in self.references]
        if len(set(names)) < len(names):
            raise ValueError("two references have the same id")
        roles = [reference.role for reference in self.references]
        if roles.count("mask") > min(1, roles.count("source")):
            raise ValueError("a mask says what of the source may change: one, beside a source")
        if self.expect.subject and self.expect.subject not in names:
            raise ValueError(f"expect.subject {self.expect.subject!r} is no reference of it")
        return self


class SuiteShape(Strict):
    name: ShortKey
    version: Annotated[str, Field(coerce_numbers_to_str=True, max_length=50)]
    licence: Short = ""
    description: str = ""
    prompts: Annotated[tuple[PromptShape, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The version that the file stands for, and whether this load made it."""

    version: SuiteVersion
    is_new: bool


def load_suite(path: Path) -> Loaded:
    """Bring the file into the database. Raises BadFile naming the place; then nothing changed."""
    shape, lines = read_yaml(path, SuiteShape)
    check_ids(path, shape, lines)
    with transaction.atomic():
        pictures = read_pictures(path, shape, lines)
        suite, _ = PromptSuite.objects.get_or_create(name=shape.name)
        PromptSuite.objects.select_for_update().get(pk=suite.pk)
        content_hash = hash_suite(shape, pictures)
        existing = suite.versions.filter(content_hash=content_hash).first()
        if existing:
            return Loaded(existing, is_new=False)
        return Loaded(create_version(suite, shape, content_hash, pictures), is_new=True)


def check_ids(path: Path, shape: SuiteShape, lines: Mapping[Place, int]) -> None:
    seen: dict[str, int] = {}
    for index, prompt in enumerate(shape.prompts):
        line = find_line(("prompts", index, "id"), dict(lines))
        if prompt.id in seen:
            first = seen[prompt.id]
            raise BadFile(f"{path}:{line}: prompt id {prompt.id!r} is already on line {first}")
        seen[prompt.id] = line


def read_pictures(path: Path, shape: SuiteShape, lines: dict[Place, int]) -> dict[str, Image]:
    """Every reference file that the suite names, stored once."""
    pictures: dict[str, Image] = {}
    for index, prompt in enumerate(shape.prompts):
        for number, reference in enumerate(prompt.references):
            if reference.file in pictures:
                continue
            try:
                pictures[reference.file] = store_image(read_reference(path, reference.file))
            except (OSError, BadImage, ValueError) as error:
                line = find_line(("prompts", index, "references", number, "file"), lines)
                raise BadFile(
                    f"{path}:{line}: reference {reference.file!r} of prompt {prompt.id!r}: {error}"
                ) from error
    return pictures


def read_reference(path: Path, name: str) -> bytes:
    """The bytes of a file beside the suite, or of a sample photograph (`skimage:astronaut`)."""
    if name.startswith("skimage:"):
        return load_sample(name.removeprefix("skimage:"))[0]
    file = path.parent / name
    if not file.is_file():
        raise FileNotFoundError("there is no such file")
    return file.read_bytes()


def describe_prompt(prompt: PromptShape, pictures: Mapping[str, Image]) -> dict[str, Any]:
    """What makes the prompt this prompt: all but its tags and the names of its files."""
    described = prompt.model_dump(mode="json", exclude={"tags", "text", "references"})
    described["turns"] = list(prompt.turns or (prompt.text,))
    described["references"] = [
        [reference.id, reference.role, pictures[reference.file].sha256]
        for reference in prompt.references
    ]
    return described


def hash_content(content: object) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def hash_suite(shape: SuiteShape, pictures: Mapping[str, Image]) -> str:
    prompts = [[describe_prompt(prompt, pictures), list(prompt.tags)] for prompt in shape.prompts]
    head = shape.model_dump(mode="json", exclude={"prompts"})
    return hash_content([head, prompts])


def create_version(
    suite: PromptSuite, shape: SuiteShape, content_hash: str, pictures: Mapping[str, Image]
) -> SuiteVersion:
    version = SuiteVersion.objects.create(
        suite=suite,
        number=suite.versions.count() + 1,
        label=shape.version,
        content_hash=content_hash,
        licence=shape.licence,
        description=shape.description,
    )
    for position, prompt_shape in enumerate(shape.prompts):
        prompt = find_or_create_prompt(suite, prompt_shape, pictures)
        SuiteEntry.objects.create(
            version=version, prompt=prompt, position=position, tags=list(prompt_shape.tags)
        )
    return version


def find_or_create_prompt(
    suite: PromptSuite, shape: PromptShape, pictures: Mapping[str, Image]
) -> Prompt:
    described = describe_prompt(shape, pictures)
    prompt, created = Prompt.objects.get_or_create(
        suite=suite,
        content_hash=hash_content(described),
        defaults={
            "key": shape.id,
            "category": shape.category,
            "turns": described["turns"],
            "expect": described["expect"],
        },
    )
    if created:
        PromptReference.objects.bulk_create(
            PromptReference(
                prompt=prompt,
                position=position,
                key=reference.id,
                role=reference.role,
                image=pictures[reference.file],
            )
            for position, reference in enumerate(shape.references)
        )
    return prompt
