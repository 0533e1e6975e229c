import io
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command

from arenas.candidates.models import Candidate, Part
from arenas.definitions.models import Arena
from metrics.checks.base import BaseCheck, Box, Finding, Subject
from metrics.results.models import CheckResult
from metrics.results.run import find_missing, run_check
from metrics.results.summarise import summarise_check, summarise_checks
from tests.factories import NOW

pytestmark = pytest.mark.usefixtures("brightness")


def run_missing(arena: Arena) -> int:
    return run_check("brightness", find_missing(arena, "brightness"))


def test_candidates_of_the_prompts_that_a_check_is_about_are_missing(world: Arena) -> None:
    missing = Candidate.objects.filter(pk__in=find_missing(world, "brightness"))
    assert len(missing) == 6
    assert {candidate.prompt.category for candidate in missing} == {"fancy"}


def test_nothing_is_missing_after_a_run(world: Arena) -> None:
    assert run_missing(world) == 6
    assert find_missing(world, "brightness") == []


def test_a_candidate_measured_twice_has_one_result(world: Arena) -> None:
    missing = find_missing(world, "brightness")
    run_check("brightness", missing)
    run_check("brightness", missing)
    assert CheckResult.objects.count() == 6


def test_a_result_holds_values_and_evidence(world: Arena) -> None:
    run_missing(world)
    result = CheckResult.objects.first()
    assert result is not None
    assert set(result.values) == {"mean", "images"}
    assert result.evidence == [
        {
            "kind": "box",
            "picture": "image:0",
            "left": 0,
            "top": 0,
            "right": 64,
            "bottom": 64,
            "label": "all of it",
        }
    ]


def test_a_new_version_measures_everything_again(
    world: Arena, brightness: type[BaseCheck], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_missing(world)
    monkeypatch.setattr(brightness, "version", "2")
    assert run_missing(world) == 6
    assert CheckResult.objects.filter(version="1").count() == 6


def test_a_candidate_that_came_later_is_found_missing(world: Arena) -> None:
    late = Candidate.objects.filter(prompt__category="fancy").latest("pk")
    Candidate.objects.filter(pk=late.pk).update(status=Candidate.Status.PLANNED)
    run_missing(world)
    Candidate.objects.filter(pk=late.pk).update(status=Candidate.Status.DONE)
    assert find_missing(world, "brightness") == [late.pk]


def test_an_error_of_a_check_becomes_a_reason(
    world: Arena, brightness: type[BaseCheck], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: BaseCheck, subject: Subject) -> Finding:
        raise ZeroDivisionError("no pixels" * 100)

    monkeypatch.setattr(brightness, "measure", fail)
    run_missing(world)
    reasons = CheckResult.objects.values_list("not_measurable", flat=True)
    assert all(reason.startswith("the check failed: ZeroDivisionError") for reason in reasons)
    assert find_missing(world, "brightness") == []


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_becomes_a_reason(
    world: Arena, brightness: type[BaseCheck], monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    monkeypatch.setattr(brightness, "measure", lambda self, subject: Finding({"mean": value}))
    run_missing(world)
    assert {bool(result.not_measurable) for result in CheckResult.objects.all()} == {True}


def test_evidence_that_is_no_number_becomes_a_reason(
    world: Arena, brightness: type[BaseCheck], monkeypatch: pytest.MonkeyPatch
) -> None:
    odd: Any = float("nan")
    finding = Finding({"mean": 1}, boxes=(Box("image:0", odd, 0, 1, 1, ""),))
    monkeypatch.setattr(brightness, "measure", lambda self, subject: finding)
    assert run_missing(world) == 6
    reasons = CheckResult.objects.values_list("not_measurable", flat=True)
    assert all(reason.startswith("the check failed: ValueError") for reason in reasons)


def test_a_file_that_cannot_be_read_is_a_reason(world: Arena, settings: Any) -> None:
    pk = find_missing(world, "brightness")[0]
    path = Path(default_storage.path(Part.objects.get(candidate=pk).image.path))
    path.unlink()
    path.mkdir()
    run_check("brightness", [pk])
    assert "IsADirectoryError" in CheckResult.objects.get().not_measurable


def test_a_lost_file_is_a_reason_too(world: Arena, settings: Any) -> None:
    settings.MEDIA_ROOT = settings.MEDIA_ROOT / "elsewhere"
    run_missing(world)
    result = CheckResult.objects.first()
    assert result is not None
    assert "FileNotFoundError" in result.not_measurable


def test_the_column_says_on_how_much_a_mean_rests(world: Arena) -> None:
    run_check("brightness", find_missing(world, "brightness")[:5])
    column = summarise_check(world, "brightness")
    assert column.prompts == 2
    assert sorted((cell.measured, cell.done) for cell in column.cells.values()) == [
        (1, 2),
        (2, 2),
        (2, 2),
    ]


def test_the_mean_is_over_what_could_be_measured(world: Arena) -> None:
    run_missing(world)
    ant = world.competitors().get(name="ant")
    results = list(CheckResult.objects.filter(candidate__competitor=ant))
    results[0].values, results[0].not_measurable = {}, "nothing there"
    results[0].save()
    cell = summarise_check(world, "brightness").cells[ant.pk]
    assert (cell.mean, cell.measured, cell.done) == (results[1].values["mean"], 1, 2)


def test_without_any_measurement_there_is_no_mean(world: Arena) -> None:
    means = [cell.mean for cell in summarise_check(world, "brightness").cells.values()]
    assert means == [None] * 3


def test_a_check_that_is_gone_is_left_out_of_the_boards(world: Arena) -> None:
    world.checks = ["removed", "brightness"]
    assert [column.name for column in summarise_checks(world)] == ["brightness"]


def test_a_withdrawn_competitor_is_not_measured_any_more(world: Arena) -> None:
    world.entries.filter(competitor__name="ant").update(withdrawn_at=NOW)
    assert len(find_missing(world, "brightness")) == 4


def test_the_command_measures_what_is_missing(world: Arena) -> None:
    said = io.StringIO()
    call_command("run_checks", "small", "brightness", stdout=said)
    assert said.getvalue() == "brightness: 6 candidates measured\n"
    assert CheckResult.objects.count() == 6
