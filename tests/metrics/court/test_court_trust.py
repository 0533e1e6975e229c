"""How far a check is trusted now: by its newest ruling, its version, and who competes."""

from dataclasses import replace
from pathlib import Path

import pytest

from arenas.candidates.models import Candidate
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from benchmarks.court import Knows
from metrics.checks.base import BaseCheck
from metrics.court.decide import find_trust, hold_due, name_families
from metrics.court.present import NOBODY, find_made, read_present
from metrics.stats.court_rule import State
from tests.factories import NOW, make_arena, make_suite
from tests.metrics.court.site import NAMES, make_bare_candidates, make_site


def test_a_check_that_follows_people_may_gate(db: None, tmp_path: Path) -> None:
    make_site(tmp_path, 350)
    hold_due()
    trust = find_trust("brightness")
    assert (trust.state, trust.may_gate) == (State.MAY_GATE, True)
    assert trust.ruling is not None
    assert trust.ruling.settings["rater_kinds"] == ["external", "person"]


def test_a_check_that_does_not_is_unproven_and_says_what_is_missing(
    db: None, tmp_path: Path
) -> None:
    make_site(tmp_path, 120, knows=Knows())
    hold_due()
    trust = find_trust("brightness")
    assert trust.state == State.UNPROVEN
    assert "50 % is needed" in trust.reasons[0]


def test_a_new_site_is_told_how_many_votes_it_takes(world: Arena) -> None:
    assert hold_due() == 0
    trust = find_trust("brightness", "fancy")
    assert (trust.state, trust.ruling) == (State.UNPROVEN, None)
    assert "needs about" in trust.reasons[1]


def test_a_new_version_has_nothing_to_show(
    db: None, tmp_path: Path, brightness: type[BaseCheck], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_site(tmp_path, 40)
    hold_due()
    monkeypatch.setattr(brightness, "version", "2")
    trust = find_trust("brightness")
    assert (trust.state, trust.ruling) == (State.UNPROVEN, None)
    assert trust.reasons[0].startswith("version 2 is new")


def test_a_new_family_of_models_ends_the_trust(db: None, tmp_path: Path) -> None:
    arena = make_site(tmp_path, 350)
    hold_due()
    assert find_trust("brightness").state == State.MAY_GATE
    newcomer = Competitor.objects.create(name="gnu", family="antelopes")
    arena.entries.create(competitor=newcomer, joined_at=NOW)
    Candidate.objects.create(
        prompt=arena.prompts()[0], competitor=newcomer, status="done", finished_at=NOW
    )
    trust = find_trust("brightness")
    assert trust.state == State.UNPROVEN
    assert trust.reasons[0].startswith("expired: a new family came after the evidence")


def test_what_was_never_shown_does_not_expire(db: None, tmp_path: Path) -> None:
    arena = make_site(tmp_path, 40)
    hold_due()
    before = find_trust("brightness")
    newcomer = Competitor.objects.create(name="gnu", family="antelopes")
    arena.entries.create(competitor=newcomer, joined_at=NOW)
    Candidate.objects.create(
        prompt=arena.prompts()[0], competitor=newcomer, status="done", finished_at=NOW
    )
    assert before.state == State.UNPROVEN
    assert find_trust("brightness").reasons == before.reasons


def test_a_family_is_named_when_a_board_shows_a_member() -> None:
    strangers = {"ibexes": {2}, "antelopes": {1, 3}, "yaks": {4}}
    present = replace(NOBODY, names={1: "gnu"})
    assert name_families(strangers, present) == "antelopes, 2 new families"


def test_a_family_that_was_there_does_not(db: None, tmp_path: Path) -> None:
    arena = make_site(tmp_path, 60)
    hold_due()
    state = find_trust("brightness").state
    sister = Competitor.objects.create(name="gnu")
    arena.entries.create(competitor=sister, joined_at=NOW)
    Candidate.objects.create(
        prompt=arena.prompts()[0], competitor=sister, status="done", finished_at=NOW
    )
    assert find_trust("brightness").state == state


def test_a_check_that_only_describes_is_never_heard(
    db: None, tmp_path: Path, brightness: type[BaseCheck], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_site(tmp_path, 40)
    plain = [replace(measure, better=0) for measure in brightness.measures]
    monkeypatch.setattr(brightness, "measures", plain)
    assert hold_due() == 0
    assert find_trust("brightness").reasons[0].startswith("it only describes")


def test_what_was_made_is_what_a_look_at_every_candidate_shows(db: None, tmp_path: Path) -> None:
    """Where the sample of prompts shows it, and where it does not."""
    arena = make_arena(make_suite(tmp_path, 30), NAMES)
    make_bare_candidates(arena)
    of = Candidate.objects.filter
    of(competitor__name="ant").update(status="failed")
    of(competitor__name="bee", prompt__category="fancy").update(status="refused_prompt")
    last = of(competitor__name="cat", prompt__category="plain").order_by("-prompt__pk")[0]
    of(competitor__name="cat").exclude(pk=last.pk).update(status="planned")
    ids = dict(Competitor.objects.values_list("name", "pk"))
    expected = {(ids[name], kind) for name in ("dog", "eel", "fox") for kind in ("fancy", "plain")}
    expected |= {(ids["bee"], "plain"), (ids["cat"], "plain")}
    assert find_made(ids.values()) == expected


def test_who_has_left_every_arena_is_not_present(db: None, tmp_path: Path) -> None:
    arena = make_site(tmp_path, 60)
    hold_due()
    arena.entries.filter(competitor__name="ant").update(withdrawn_at=NOW)
    present = read_present()
    ant = Competitor.objects.get(name="ant").pk
    assert ant not in {pk for pk, _ in present.made}
    assert ant not in present.checks
