"""Staff look at the raters of an arena in a real browser, flag one and think better of it."""

import os
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from arenas.battles.models import Gold
from arenas.definitions.models import Arena
from arenas.ledger.seal import seal
from arenas.quality.gold import make_missing
from arenas.quality.suspect import review_all
from arenas.raters.models import Rater
from arenas.votes.models import Flag
from tests import factories
from tests.factories import NOW, make_rater
from tests.sets import make_second_samples
from tests.showings import Showing, list_pairs, record

pytestmark = pytest.mark.browser
SHOTS = os.environ.get("SHOTS", "")
SETTINGS = {
    "gold_share": 0.05,
    "attention_share": 0.02,
    "quality": {"raise_flags": ["gold", "pace", "side", "consistency", "anomaly"]},
}


@pytest.fixture
def arena(transactional_db: None, tmp_path: Path) -> Arena:
    """Honest raters, one in a hurry, one who only knows the left, and gold."""
    arena = factories.make_world(tmp_path, 8, voting_settings=SETTINGS)
    make_second_samples(arena)
    make_missing(most=200, rng=np.random.default_rng(1))
    rng = random.Random(2)
    pairs = list_pairs(arena)
    for _ in range(9):
        vote(arena, rng, rng.sample(pairs, 30), ["model_a", "model_b", "model_b", "tie"])
    vote(arena, rng, rng.sample(pairs, 40), ["model_a"])
    vote(arena, rng, rng.sample(pairs, 20), ["model_a", "model_b"], ms=120)
    seal(NOW)
    review_all(most=2000, now=NOW)
    return arena


def vote(
    arena: Arena, rng: random.Random, pairs: list[Any], winners: list[str], ms: int = 0
) -> Rater:
    """A rater's votes: on pairs, on some of them again with the sides swapped, and on gold."""
    rater, showings = make_rater(), []
    for pair in pairs:
        left, right = rng.sample(pair, 2)
        showings.append(Showing(left, right, rng.choice(winners), ms=ms or rng.randint(900, 9000)))
    votes = record(arena, rater, showings)
    again = []
    for cast, shown in list(zip(votes, showings, strict=True))[:8]:
        swapped = replace(shown, left=shown.right, right=shown.left, winner=rng.choice(winners))
        again.append(replace(swapped, kind="mirror", repeats=cast.ballot))
    for gold in Gold.objects.filter(kind="corrupted").select_related("good__competitor")[:6]:
        said = rng.choice([*winners, "model_a", "model_a"])
        again.append(Showing(gold.good, gold.good, said, kind="gold", gold=gold, ms=ms or 2500))
    record(arena, rater, again)
    return rater


def shoot(page: Page, name: str) -> None:
    """A picture of the whole page, where somebody asks for them."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/quality-{name}.png", full_page=True)


def fits(page: Page) -> bool:
    """Whether the page itself does not scroll sideways."""
    return bool(
        page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
    )


@pytest.mark.parametrize(("name", "width"), [("desktop", 1280), ("phone", 390)])
def test_staff_sort_the_raters_and_look_at_one(
    open_as_staff: Callable[..., Page], name: str, width: int
) -> None:
    page = open_as_staff(viewport={"width": width, "height": 844})
    page.goto("/workbench/arenas/small/")
    page.click("main >> text=Raters")
    assert page.locator("table.raters tbody tr").count() == 11
    shoot(page, f"raters-{name}")
    assert fits(page)
    page.click("thead >> text=Flags")
    assert page.get_attribute("th:has-text('Flags')", "aria-sort") == "descending"
    page.click("table.raters tbody tr:first-child a")
    page.wait_for_selector("text=What rules say")
    shoot(page, f"rater-{name}")
    assert fits(page)


def test_a_flag_is_raised_and_lifted_with_reasons(
    arena: Arena, open_as_staff: Callable[..., Page]
) -> None:
    rater = Rater.objects.exclude(flags__isnull=False)[0]
    page = open_as_staff(viewport={"width": 1280, "height": 800})
    page.goto(f"/workbench/arenas/small/raters/{rater.key}/")
    page.fill("#reason", "the same answer every two seconds")
    page.click("text=Flag this rater")
    page.wait_for_selector("text=Flagged. Boards follow with their next refresh.")
    flag = Flag.objects.get(rule="manual")
    page.fill(f"#lift-{flag.pk}", "it was our own test")
    page.click("text=Lift >> visible=true")
    page.wait_for_selector("text=Lifted by alice")
    shoot(page, "lifted-desktop")
    assert Flag.objects.filter(lifts=flag).exists()
