from datetime import timedelta
from pathlib import Path

import pytest

from arenas import providers
from arenas.candidates.generate import generate
from arenas.candidates.models import Candidate
from arenas.candidates.plan import plan_candidates, select_candidates
from arenas.competitors.models import Competitor
from tests.factories import NOW, make_arena, make_suite

LEASE = timedelta(seconds=30)


@pytest.fixture(autouse=True)
def _scripted(monkeypatch):
    """Puts the scripted provider among the others."""
    folder = str(Path(__file__).with_name("scripted"))
    monkeypatch.setattr(providers, "__path__", [*providers.__path__, folder])


@pytest.fixture
def plan(tmp_path):
    """Plans the candidates of one model over some prompts, and returns them in order."""

    def make(model="draws", prompts=1, **competitor):
        settings = {"provider": "scripted", "model": model, **competitor}
        made = Competitor.objects.create(name=settings["model"], **settings)
        arena = make_arena(make_suite(tmp_path, prompts), [made.name])
        plan_candidates(arena)
        return list(select_candidates(arena).order_by("pk"))

    return make


@pytest.fixture
def run():
    """Generates these candidates as a worker would, and returns them as they are then."""

    def generate_all(candidates, now=NOW, lease=LEASE):
        ids = [candidate.pk for candidate in candidates]
        generate(ids, now=now, lease=lease)
        return list(Candidate.objects.filter(pk__in=ids).order_by("pk"))

    return generate_all
