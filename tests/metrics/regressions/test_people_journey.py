"""From a check that nobody proved to a verdict by raters who answer on the site's own pages."""

import random
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from arenas.battles.models import PlannedBattle
from arenas.candidates.models import Candidate, Part
from arenas.images.models import Rendition
from arenas.images.render import render
from arenas.raters.models import Rater, RaterKind
from arenas.votes.models import Vote
from metrics.regressions.advance import advance
from metrics.regressions.models import Run
from tests.factories import make_image
from tests.metrics.regressions.asking import BASELINE, CHALLENGER, find_arena
from tests.metrics.regressions.nights import answer, begin, make_night, settle, shift
from tests.pages import read_pictures, read_token, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("brightness")]
VOTES = 150
COLOURS = {BASELINE: "green", CHALLENGER: "maroon"}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Its check is not proven, so that people are asked; each side's pictures have a colour."""
    evaluation = make_night(
        tmp_path, prompts=70, budget={"votes": VOTES},
        humans={"margin": 10, "look": 10, "repeat_share": 0.1, "simulated": True},
    )  # fmt: skip
    run = begin(evaluation)
    answer(run, shift(0))
    for name, colour in COLOURS.items():
        image = make_image(colour)
        render(image, find_arena(run).profile)
        rows = Candidate.objects.filter(competitor__name=name)
        Part.objects.bulk_create(Part(candidate=row, position=0, image=image) for row in rows)
    return settle(run)


@dataclass
class Browser:
    """A simulated rater's, with what it shows now."""

    client: Client
    shown: str

    def answer(self, page: str, likes: dict[str, float], rng: random.Random) -> bool:
        """Answer by the looks of the pictures on show; False where there are none."""
        if 'name="token"' not in self.shown:
            return False
        left, right = (likes[address] for address in read_pictures(self.shown))
        winner = "model_a" if rng.random() < left / (left + right) else "model_b"
        said = {"token": read_token(self.shown), "winner": winner}
        self.shown = text(self.client.post(page, said))
        return True


def arrive(number: int, page: str) -> list[Browser]:
    browsers = [Browser(client := Client(), text(client.get(page))) for _ in range(number)]
    Rater.objects.update(kind=RaterKind.SIMULATED)
    return browsers


def find_picture(name: str) -> str:
    """The address of a side's picture."""
    parts = Part.objects.filter(candidate__competitor__name=name)
    return f"/images/{Rendition.objects.get(image__in=parts.values('image')).sha256}"


def test_raters_close_the_arena_before_the_budget_when_the_challenger_is_worse(run: Run) -> None:
    assert (run.state, run.asked) == ("voting", ["human"])
    page = f"/arenas/{find_arena(run).slug}/vote/"
    # The eye sees colours, and takes the worse one now and then.
    likes = {find_picture(BASELINE): 19.0, find_picture(CHALLENGER): 1.0}
    raters, rng = arrive(3, page), random.Random(7)
    while run.state == "voting" and sum(each.answer(page, likes, rng) for each in raters):
        run = advance(run, now=timezone.now())
    assert (run.state, run.outcome, run.reason) == ("decided", "fail", "human failed")
    row = next(each for each in run.report["criteria"] if each["measure"] == "human")
    assert row["upper"] < row["threshold"] == -10
    used = run.report["votes"]["used"]
    assert 0 < used < PlannedBattle.objects.filter(arena=run.arena).count() == 70
    assert Vote.objects.count() < VOTES
    closed = text(raters[0].client.get(page))
    assert "Thank you!" in closed
    assert 'name="token"' not in closed
