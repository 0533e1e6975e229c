"""Which of a competitor's samples take part in an arena, wherever that is asked."""

from pathlib import Path

import pytest

from arenas.battles.choose import load_pool
from arenas.battles.stock import load_stock, read_stamp
from arenas.candidates.models import Candidate
from arenas.candidates.plan import find_missing, plan_candidates, select_candidates
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena, Entry
from arenas.exports.tables import export_candidates
from tests.factories import NOW, make_arena, make_suite

TODAY = NOW.date()


@pytest.fixture
def arena(db: None, tmp_path: Path) -> Arena:
    """One prompt; ant makes one sample and bee two."""
    for name, samples in (("ant", 1), ("bee", 2)):
        Competitor.objects.create(name=name, provider="procedural", samples=samples)
    return make_arena(make_suite(tmp_path, 1), ("ant", "bee"))


def restrict(arena: Arena, name: str, **fields: int) -> None:
    Entry.objects.filter(arena=arena, competitor__name=name).update(**fields)


def make_all(arena: Arena, samples: int) -> None:
    """So many samples of both are done, for whatever arena."""
    Candidate.objects.bulk_create(
        Candidate(
            prompt=prompt, competitor=competitor, sample=sample,
            status=Candidate.Status.DONE, finished_at=NOW,
        )
        for prompt in arena.prompts()
        for competitor in arena.competitors()
        for sample in range(samples)
    )  # fmt: skip


def list_slots(arena: Arena) -> list[tuple[str, int]]:
    rows = select_candidates(arena).values_list("competitor__name", "sample")
    return list(rows.order_by("competitor__name", "sample"))


def test_an_entry_says_how_many_samples_are_planned_and_from_which_on(arena: Arena) -> None:
    restrict(arena, "ant", samples=3)
    restrict(arena, "bee", first_sample=4)
    assert plan_candidates(arena, today=TODAY) == 5
    assert list_slots(arena) == [("ant", 0), ("ant", 1), ("ant", 2), ("bee", 4), ("bee", 5)]


def test_samples_made_for_another_arena_do_not_take_part(arena: Arena) -> None:
    make_all(arena, 4)
    assert list_slots(arena) == [("ant", 0), ("bee", 0), ("bee", 1)]
    assert find_missing(arena, today=TODAY) == []


def test_all_samples_of_an_external_competitor_take_part(arena: Arena) -> None:
    Competitor.objects.update(provider="external")
    make_all(arena, 3)
    assert len(list_slots(arena)) == 6


def test_what_can_be_shown_and_drawn_are_the_samples_that_take_part(arena: Arena) -> None:
    restrict(arena, "ant", samples=2, first_sample=1)
    make_all(arena, 4)
    stock = load_stock(arena)
    shown = sorted((stock.competitors[m.competitor].name, m.sample) for m in stock.makers.values())
    assert shown == list_slots(arena) == [("ant", 1), ("ant", 2), ("bee", 0), ("bee", 1)]
    assert stock.pool == load_pool(arena)


def test_the_stock_is_read_anew_when_other_samples_take_part(arena: Arena) -> None:
    before = read_stamp(arena)
    restrict(arena, "ant", samples=2)
    assert read_stamp(arena) != before


def test_the_export_has_the_samples_that_take_part(arena: Arena) -> None:
    restrict(arena, "bee", samples=1)
    make_all(arena, 3)
    assert export_candidates(arena).select("model", "sample").rows() == [("ant", 0), ("bee", 0)]
