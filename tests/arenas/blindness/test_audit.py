"""An audit from the command to the page."""

import random
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from PIL import Image as Pillow

from arenas.blindness.audit import audit, look_at_pixels
from arenas.blindness.describe import INSIDE_SAYS, describe, list_prompts
from arenas.blindness.guess import make_attackers
from arenas.blindness.models import BlindnessAudit
from arenas.blindness.pixels import embed_picture
from arenas.candidates.models import Candidate, Part
from arenas.candidates.store import render_for_arenas
from arenas.definitions.models import Arena
from arenas.images.store import store_image
from tests import factories
from tests.pages import text

PAGE = "/arenas/small/blindness/"


def paint(arena: Arena, color: str, competitor: str, prompts: int) -> None:
    """Give a competitor pictures of its own colour on so many prompts, noise on the others."""
    rows = Candidate.objects.filter(competitor__name=competitor).order_by("pk")
    for number, candidate in enumerate(rows):
        pixels = np.random.default_rng(candidate.pk).integers(0, 256, (64, 64, 3), np.uint8)
        noise = factories.encode(Pillow.fromarray(pixels), "PNG")
        image = store_image(factories.png(color) if number < prompts else noise)
        Part.objects.filter(candidate=candidate).update(image=image)
        render_for_arenas(candidate, [image])


@pytest.fixture(autouse=True)
def _one_attacker(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slower one is tested by itself."""
    quick = {"logistic regression": make_attackers(1)["logistic regression"]}
    monkeypatch.setattr("arenas.blindness.audit.make_attackers", lambda seed: quick)


@pytest.fixture(scope="module")
def kept() -> list[BlindnessAudit]:
    return []


@pytest.fixture
def found(world: Arena, kept: list[BlindnessAudit]) -> BlindnessAudit:
    """One audit for all who only read it, written down anew for each."""
    if not kept:
        kept.append(audit(world, 6, seed=1, now=factories.NOW))
        kept[0].delete()
    again = deepcopy(kept[0])
    again.arena = world
    again.save()
    return again


def test_an_audit_leaves_no_row_but_its_own(world: Arena) -> None:
    before = factories.count_rows()
    audit(world, 6, seed=1, now=factories.NOW)
    assert factories.count_rows() == {**before, "BlindnessAudit": 1}


def test_an_audit_says_how_it_was_made(found: BlindnessAudit, settings: Any) -> None:
    assert found.serves == 6
    assert found.settings["seed"] == 1
    assert found.settings["profile"] == "64×64 webp-2, 8192 bytes"
    assert found.code_version == settings.VERSION


def test_an_audit_keeps_figures_of_every_channel(found: BlindnessAudit) -> None:
    channels = {each["channel"] for each in found.figures["attacks"]}
    assert channels == {
        "all", "address", "headers", "bytes", "order", "time", "html", "settings"
    }  # fmt: skip
    assert {each["who"] for each in found.figures["sides"]} >= {"ant", "bee", "cat"}


def test_attackers_above_what_is_allowed_are_reported(found: BlindnessAudit) -> None:
    best = found.best_attack
    best["accuracy"] = best["chance"] + 0.02
    found.figures["attacks"] = [best]
    assert not found.gives_away
    best["accuracy"] = best["chance"] + 0.04
    assert found.gives_away


def test_prompts_that_give_models_away_are_told_from_those_that_do_not(
    tmp_path: Path, db: None
) -> None:
    arena = factories.make_world(tmp_path, prompts=8)
    for color, name in (("red", "ant"), ("lime", "bee"), ("blue", "cat")):
        paint(arena, color, name, prompts=5)
    pixels = look_at_pixels(arena, rng=np.random.default_rng(1))
    named = [prompt["named"] for prompt in pixels["prompts"]]
    assert named[:5] == [3, 3, 3, 3, 3]
    assert sum(named[5:]) < 9
    assert {each["name"] for each in pixels["competitors"]} == {"ant", "bee", "cat"}


def test_pictures_alike_are_embedded_alike() -> None:
    red, dark, blue = (embed_picture(factories.png(c)) for c in ("red", (240, 0, 0), "blue"))
    assert red.shape == (167,)
    assert np.linalg.norm(red - dark) < np.linalg.norm(red - blue)


def test_the_page_shows_the_newest_audit(found: BlindnessAudit, client: Client) -> None:
    found.pk = None
    found.created_at += timedelta(days=1)
    found.serves = 4321
    found.save()
    page = text(client.get(PAGE))
    assert "from 4321 ballots" in page
    for words in ("response times", "ant", "prompt-0", "By their pixels"):
        assert words in page


def test_the_page_says_that_there_was_no_audit(world: Arena, client: Client) -> None:
    assert "Not audited yet" in text(client.get(PAGE))


def test_the_command_prints_what_it_found_and_says_so_by_its_exit_status(
    world: Arena, capsys: pytest.CaptureFixture[str]
) -> None:
    status = 0
    try:
        call_command("audit_blindness", "small", serves=3, seed=random.Random(1).randrange(9))
    except SystemExit as end:
        status = int(str(end.code))
    assert status == BlindnessAudit.objects.get().gives_away
    out = capsys.readouterr().out
    assert "without the pixels attackers name" in out
    assert "Prompts that give models away most:" in out


def test_the_command_says_what_is_missing(world: Arena) -> None:
    Candidate.objects.update(status=Candidate.Status.FAILED)
    with pytest.raises(CommandError, match="shows no pair"):
        call_command("audit_blindness", "small", serves=3)
    with pytest.raises(CommandError, match="1 or more"):
        call_command("audit_blindness", "small", serves=0)


def test_what_reads_the_compressed_picture_has_a_table_of_its_own(
    found: BlindnessAudit, client: Client
) -> None:
    page = text(client.get(PAGE))
    without, inside = page.split("Inside the compressed picture")
    assert "the coder&#x27;s settings" in inside
    assert "coder" not in without
    said = describe(found)
    assert said.index("response times") < said.index(INSIDE_SAYS) < said.index("the coder's")


def test_each_prompt_has_an_interval(found: BlindnessAudit) -> None:
    found.figures["pixels"]["prompts"] = [
        {"key": "prompt-0", "category": "plain", "named": 81, "of": 263}
    ]
    (line,) = list_prompts(found)
    # Wilson's, as a textbook gives it.
    assert (line.share, line.interval) == ("30.8\u202f%", "25.5–36.6\u202f%")
    assert (line.what, line.by, line.of) == ("prompt-0", "plain", "81 of 263")
