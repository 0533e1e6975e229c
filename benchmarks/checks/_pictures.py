"""Requests of the project's own suite, and what the procedural provider draws for them."""

import asyncio
from functools import cache
from io import BytesIO
from pathlib import Path

import yaml
from PIL import Image

from arenas.images.decode import decode_pixels
from arenas.providers.base import Expectation, ImagePart, Reference, Request
from arenas.providers.procedural import Provider
from arenas.suites.samples import load_sample

SUITE = Path(__file__).parents[2] / "fixtures/suites/capabilities.yaml"


@cache
def list_requests() -> tuple[Request, ...]:
    return tuple(read_request(row) for row in yaml.safe_load(SUITE.read_text())["prompts"])


def read_request(row: dict) -> Request:
    references = tuple(
        Reference(each["id"], each["role"], read_file(each["file"]), "image/webp")
        for each in row.get("references", ())
    )
    stated = row.get("expect", {})
    expect = Expectation(**{k: tuple(v) if isinstance(v, list) else v for k, v in stated.items()})
    turns = tuple(row.get("turns") or (row["text"],))
    return Request(
        row["id"], turns, row["category"], references, expect.aspect_ratio, expect.n_images,
        seed=1, expect=expect,
    )  # fmt: skip


def read_file(name: str) -> bytes:
    if name.startswith("skimage:"):
        return load_sample(name.removeprefix("skimage:"))[0]
    return (SUITE.parent / name).read_bytes()


def draw(request: Request, model: str, **params: float) -> Image.Image:
    """The last picture of the answer."""
    outcome = asyncio.run(Provider(model, params).generate(request, deadline=120))
    data = [part.data for part in outcome.parts if isinstance(part, ImagePart)][-1]
    return Image.open(BytesIO(data)).convert("RGB")


def find(request: Request, role: str) -> Image.Image | None:
    """The request's reference in a role, as checks see it."""
    return next((decode_pixels(r.data) for r in request.references if r.role == role), None)
