"""Pairs of pictures that differ in a known way, on the vote page in a real browser."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow
from PIL import ImageDraw
from playwright.sync_api import Page

from arenas.candidates.models import Candidate, Part
from arenas.candidates.store import render_for_arenas
from arenas.definitions.models import Arena
from arenas.images.models import RenditionProfile
from arenas.images.store import store_image
from arenas.suites.load import load_suite
from tests import factories
from tests.pages import VOTE

DESK = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
STREET = factories.ROOT / "fixtures" / "references" / "street.webp"
WIDTH, HEIGHT = 800, 600

# A picture by the name of what was changed in it, or words.
Turns = Sequence[Sequence[str]]

LISTEN = """() => {
    window.heard = {tools: [], spots: []};
    document.addEventListener("evalsite:tool", (event) => window.heard.tools.push(event.detail));
    document.addEventListener("evalsite:spot", (event) => window.heard.spots.push(event.detail));
}"""
BOXES = """sheets => sheets.map(sheet => {
    const [inner, outer] = [sheet, sheet.parentElement].map(each => each.getBoundingClientRect());
    return [inner.x - outer.x, inner.y - outer.y, inner.width, inner.height].map(Math.round);
})"""
BRIGHTEST = """canvases => canvases.map(canvas => canvas.getContext("2d")
    .getImageData(0, 0, canvas.width, canvas.height).data
    .reduce((most, level, at) => at % 4 < 3 ? Math.max(most, level) : most, 0))"""
ON_TOP = """([x, y]) => document.elementFromPoint(x, y).closest(".over, .view")
    .querySelector("img").getAttribute("src")"""


def draw(name: str) -> bytes:
    """The street, with a disc where it does not say `same`."""
    picture = Pillow.open(STREET).convert("RGB")
    if name != "same":
        ImageDraw.Draw(picture).ellipse((300, 200, 420, 320), fill=name)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def make_candidate(arena: Arena, number: int, turns: Turns) -> None:
    """What the arena's competitor of that number made: words have blanks, pictures have none."""
    candidate = Candidate.objects.create(
        prompt=arena.prompts().get(),
        competitor=arena.competitors()[number],
        status=Candidate.Status.DONE,
        finished_at=factories.NOW,
    )
    for turn, parts in enumerate(turns):
        for position, part in enumerate(parts):
            is_text = " " in part
            Part.objects.create(
                candidate=candidate,
                turn=turn,
                position=position,
                text=part if is_text else "",
                image=None if is_text else store_image(draw(part)),
            )
    render_for_arenas(candidate, [part.image for part in candidate.parts.all() if part.image])


@pytest.fixture
def look(
    transactional_db: None, tmp_path: Path, open_page: Callable[..., Page]
) -> Callable[..., Page]:
    """Opens the vote page on one pair of such candidates."""

    def look(
        first: Turns = (("red",),), second: Turns = (("same",),), *, device: Any = DESK
    ) -> Page:
        prompt = {
            "id": "street",
            "category": "edit",
            "turns": [f"Wish {number}." for number, _ in enumerate(first, 1)],
            "references": [{"id": "street", "role": "source", "file": str(STREET)}],
        }
        version = load_suite(factories.suite_file(tmp_path, [prompt])).version
        profile = RenditionProfile.objects.create(width=WIDTH, height=HEIGHT, size=131072)
        arena = factories.make_arena(version, ("ant", "bee"), profile=profile)
        for number, turns in enumerate((first, second)):
            make_candidate(arena, number, turns)
        page = open_page(**device)
        page.goto(VOTE)
        if device.get("java_script_enabled", True):
            page.wait_for_selector(".ballot.armed")
            page.evaluate(LISTEN)
        return page

    return look


def heard(page: Page, what: str) -> list[Any]:
    found: list[Any] = page.evaluate(f"window.heard.{what}")
    return found


def boxes(page: Page) -> list[list[int]]:
    """Where the pictures are in their views: left, top, width, height."""
    found: list[list[int]] = page.locator(".view.open > .sheet").evaluate_all(BOXES)
    return found


def middle(page: Page, side: int) -> tuple[float, float]:
    box = page.locator(".view.open").nth(side).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def on_top(page: Page, side: int) -> str:
    """The address of the picture that a rater sees in the middle of that side."""
    found: str = page.evaluate(ON_TOP, middle(page, side))
    return found


def sources(page: Page) -> list[str]:
    found: list[str] = page.locator("img.candidate").evaluate_all(
        "images => images.map(image => image.getAttribute('src'))"
    )
    return found


def point(page: Page, *, on: bool = True) -> None:
    page.evaluate(
        "on => document.dispatchEvent(new CustomEvent('evalsite:point', {detail: on}))", on
    )
