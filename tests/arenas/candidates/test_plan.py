import pytest

from arenas.candidates.models import Candidate
from arenas.candidates.plan import plan_candidates
from arenas.competitors.models import Competitor
from arenas.definitions.enter import enter_competitors
from tests.factories import NOW, make_arena, make_suite

pytestmark = pytest.mark.django_db


@pytest.fixture
def arena(tmp_path):
    for name, samples in (("ant", 1), ("bee", 2)):
        Competitor.objects.create(name=name, provider="scripted", samples=samples)
    return make_arena(make_suite(tmp_path, 3), ["ant", "bee"])


def test_every_slot_is_planned(arena):
    assert plan_candidates(arena, today=NOW.date()) == 3 * (1 + 2)
    assert set(Candidate.objects.values_list("status", flat=True)) == {"planned"}


def test_planning_again_adds_nothing(arena):
    plan_candidates(arena, today=NOW.date())
    assert plan_candidates(arena, today=NOW.date()) == 0
    assert Candidate.objects.count() == 9


def test_more_samples_add_only_what_is_missing(arena):
    plan_candidates(arena, today=NOW.date())
    Competitor.objects.filter(name="ant").update(samples=2)
    assert plan_candidates(arena, today=NOW.date()) == 3


def test_prompts_come_one_after_another_so_that_battles_are_possible_early(arena):
    plan_candidates(arena, today=NOW.date())
    first = Candidate.objects.order_by("pk")[:3]
    assert {candidate.prompt.key for candidate in first} == {"prompt-0"}


def test_what_was_made_elsewhere_is_not_planned(arena):
    enter_competitors(arena, [Competitor.objects.create(name="cat")], now=NOW)
    plan_candidates(arena, today=NOW.date())
    assert not Candidate.objects.filter(competitor__name="cat").exists()


def test_who_has_left_is_not_planned(arena):
    enter_competitors(arena, [Competitor.objects.get(name="ant")], now=NOW, withdraw_others=True)
    assert plan_candidates(arena, today=NOW.date()) == 3
