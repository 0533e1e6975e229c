"""A whole eval on procedural competitors: real pictures, read by the real check of text."""

import random
from contextlib import nullcontext
from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings as site
from django.core.management import call_command
from django.utils import timezone

from arenas.candidates.generate import Pump
from arenas.candidates.limit import get_limiter
from arenas.candidates.models import Attempt, Candidate
from arenas.candidates.open_images import open_received
from arenas.competitors.models import Competitor
from arenas.suites.load import load_suite
from metrics.regressions.load import load_eval
from metrics.regressions.models import Run
from tests.factories import NOW, make_arena, suite_file, write_yaml
from tests.metrics.regressions.nights import prove

WORDS = ("OPEN", "BAKERY", "LIGHT", "GARDEN", "MUSIC", "HARBOUR", "LEMON")


@pytest.fixture
def _alone(monkeypatch):
    """What workers would do is done in this process."""
    monkeypatch.setattr("metrics.management.follow.running_workers", nullcontext)
    monkeypatch.setattr("metrics.management.follow.find_served", set)
    monkeypatch.setattr("metrics.management.follow.sweep", generate)


def generate():
    came: list[int] = []
    limiter = get_limiter(site.REDIS_URL)
    Pump(lease=timedelta(seconds=60), limiter=limiter, received=came.extend).run(60)
    for pk in came:
        open_received(pk, now=timezone.now(), rng=random.Random(1))


def make_competitor(name, model="house", **params):
    return Competitor.objects.create(
        name=name, provider="procedural", model=model, params={"size": 192, **params}
    )


def write_signs(folder):
    """The eval, with its thresholds, as it is loaded before there is anything to test."""
    rows = [
        {
            "id": word.lower(),
            "category": "signs",
            "text": f'A shop sign that says "{word}".',
            "expect": {"text": [word]},
        }
        for word in WORDS
    ]
    version = load_suite(suite_file(folder, rows)).version
    make_arena(version, [])  # whose small canvas the run's arena takes over
    make_competitor("house")
    make_competitor("twin", model="other house")
    return write_yaml(
        folder / "signs.yaml",
        {
            "name": "signs",
            "suite": "small",
            "baseline": "house",
            "challenger": "twin",
            "criteria": [{"measure": "text.similarity", "margin": 0.12, "most": 0.42}],
            "error_rate": 0.2,  # that so few prompts can tell
        },
    )


def regress(*args):
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("regress", "signs", "--wait", *args, stdout=said, stderr=StringIO())
    return ended.value.code, said.getvalue()


@pytest.mark.usefixtures("_alone")
def test_an_equal_challenger_passes_and_one_that_misspells_fails(db, tmp_path):
    """That the check may gate is planted as a ruling of the court; earning one is its own test.

    The thresholds are in the database before the competitor with the defect exists.
    """
    evaluation = load_eval(write_signs(tmp_path), now=NOW).evaluation
    prove("text")
    thresholds = [each.threshold for each in evaluation.shape.criteria]
    code, said = regress()
    assert (code, Run.objects.get().outcome) == (0, "pass"), said
    made = Attempt.objects.filter(candidate__competitor__name="house").count()
    assert made == 3 * len(WORDS)

    make_competitor("misspeller", misspelt_text=1.0)
    code, said = regress("--challenger", "misspeller")
    run = Run.objects.get(challenger__name="misspeller")
    assert (code, run.reason) == (1, "text.similarity failed"), said
    [row] = run.report["criteria"]
    assert [row["threshold"]] == thresholds
    assert row["sentence"].startswith("text.similarity fell by")
    worst = row["worst"][0]
    assert worst["difference"] == min(run.differences["text.similarity"].values())
    [shown] = Candidate.objects.filter(pk__in=worst["challenger"])
    assert shown.competitor.name == "misspeller"
    assert shown.check_results.get().values["similarity"] < 0.9
    # The baseline's pictures were there, and nobody paid for them again.
    assert Attempt.objects.filter(candidate__competitor__name="house").count() == made
