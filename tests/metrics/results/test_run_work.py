"""Which work is found, what is measured together, and what is taken over."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace

import pytest
from django.db import connections

from arenas.candidates.models import Candidate, Part
from arenas.definitions.models import Arena
from metrics.checks.base import BaseCheck, Finding, PromptFacts, Subject
from metrics.results.isolate import Measurement
from metrics.results.measure import Given
from metrics.results.models import CheckResult
from metrics.results.run import (
    Work,
    claim,
    find_missing,
    find_work,
    forget_troubles,
    run_check,
    run_work,
)
from metrics.results.versions import compare_versions
from metrics.tasks import find_missing_checks, plan_pairs, refresh_leaderboards, run_checks
from tests.metrics.here import Here

pytestmark = pytest.mark.usefixtures("brightness")


@pytest.fixture
def checked(world: Arena) -> Arena:
    world.checks = ["brightness", "technical"]
    world.save()
    return world


def test_all_checks_of_a_candidate_are_one_piece_of_work(checked: Arena) -> None:
    work = find_work([checked])
    assert len(work) == 9
    assert sum(each.checks == ("brightness", "technical") for each in work) == 6


def test_work_of_two_arenas_is_done_once(checked: Arena) -> None:
    assert find_work([checked, checked]) == find_work([checked])


def test_a_check_that_is_gone_or_fails_holds_up_no_other(
    checked: Arena, brightness: type[BaseCheck], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: BaseCheck, prompt: PromptFacts) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(brightness, "applies", fail)
    checked.checks = ["removed", "brightness", "technical"]
    assert {each.checks for each in find_work([checked])} == {("technical",)}


def test_a_candidate_that_cannot_be_measured_has_a_trouble_and_the_next_is_measured(
    checked: Arena,
) -> None:
    class Failing(Here):
        def measure(
            self, given: Given[bytes], names: Sequence[str]
        ) -> Iterator[tuple[str, Measurement]]:
            if given.prompt.id == "prompt-0":
                raise ZeroDivisionError
            return super().measure(given, names)

    assert run_work(find_work([checked], ["technical"]), measurer=Failing()) == []
    failed = CheckResult.objects.filter(not_measurable__startswith="the check failed: ZeroDiv")
    assert set(failed.values_list("candidate__prompt__key", flat=True)) == {"prompt-0"}
    assert CheckResult.objects.filter(not_measurable="").count() == 6


def test_a_check_that_has_gone_meanwhile_harms_no_other(checked: Arena) -> None:
    pk = find_missing(checked, "technical")[0]
    assert run_work([Work(pk, ("removed", "technical"))]) == []
    assert CheckResult.objects.get().not_measurable == ""


@pytest.mark.parametrize("task", [plan_pairs, refresh_leaderboards])
def test_an_arena_that_fails_holds_up_no_other(
    checked: Arena, task: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    checked.pk, checked.slug, checked._state.adding = None, "other", True
    checked.save()
    seen: list[str] = []

    def make(arena: Arena, **_: object) -> int:
        seen.append(arena.slug)
        if len(seen) == 1:
            raise ZeroDivisionError
        return 1

    monkeypatch.setattr("metrics.tasks.plan.plan_pairs", make)
    monkeypatch.setattr("metrics.tasks.refresh_arena", make)
    assert task() == 1
    assert len(seen) == 2


def test_when_the_time_is_up_the_rest_is_left(checked: Arena) -> None:
    work = find_work([checked])
    left = run_work(work, until=time.monotonic() - 1)
    assert left == work
    assert not CheckResult.objects.exists()


def test_a_candidate_is_left_between_two_checks(
    checked: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 2.0, 2.0])
    monkeypatch.setattr("metrics.results.run.time", SimpleNamespace(monotonic=lambda: next(clock)))
    pk = find_missing(checked, "brightness")[0]
    left = run_work([Work(pk, ("brightness", "technical"))], until=1.0)
    assert left == [Work(pk, ("technical",))]


def test_what_another_worker_is_at_is_left_to_it(checked: Arena) -> None:
    pk = find_missing(checked, "brightness")[0]
    taken, free = threading.Event(), threading.Event()

    def hold() -> None:
        with claim(pk):
            taken.set()
            free.wait(20)
        connections.close_all()

    other = threading.Thread(target=hold)
    other.start()
    taken.wait(20)
    try:
        assert run_work([Work(pk, ("brightness",))]) == []
        assert not CheckResult.objects.exists()
    finally:
        free.set()
        other.join()
    run_work([Work(pk, ("brightness",))])
    assert CheckResult.objects.count() == 1


def test_the_same_content_is_not_measured_again(checked: Arena) -> None:
    one, other = Candidate.objects.filter(prompt__category="fancy")[:2]
    image = Part.objects.get(candidate=one).image
    Part.objects.filter(candidate=other).update(image=image)
    Candidate.objects.filter(pk=other.pk).update(prompt=one.prompt, sample=1)
    run_check("brightness", [one.pk, other.pk])
    first, second = CheckResult.objects.order_by("pk")
    assert (first.copied, second.copied) == (False, True)
    assert (second.values, second.evidence) == (first.values, first.evidence)
    assert (second.seconds, second.cpu_seconds) == (0, 0)


def test_the_same_picture_for_another_prompt_is_measured(checked: Arena) -> None:
    one = Candidate.objects.filter(prompt__key="prompt-0").first()
    other = Candidate.objects.filter(prompt__key="prompt-2").first()
    assert one is not None
    assert other is not None
    Part.objects.filter(candidate=other).update(image=Part.objects.get(candidate=one).image)
    run_check("brightness", [one.pk, other.pk])
    assert not CheckResult.objects.filter(copied=True).exists()


def test_a_trouble_of_the_check_is_not_taken_over_and_can_be_forgotten(
    checked: Arena, brightness: type[BaseCheck], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: BaseCheck, subject: Subject) -> Finding:
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(brightness, "measure", fail)
        run_check("brightness", find_missing(checked, "brightness"))
    assert find_missing(checked, "brightness") == []
    assert forget_troubles(checked) == 6
    assert len(find_missing(checked, "brightness")) == 6


def test_fingerprints_and_seconds_of_a_processor_are_kept(checked: Arena) -> None:
    pk = find_missing(checked, "technical")[0]
    run_check("technical", [pk])
    result = CheckResult.objects.get()
    assert len(result.fingerprints) == 1
    assert (result.seconds, result.cpu_seconds) == (0.5, 0.25)


def test_versions_are_compared_on_what_both_measured(
    checked: Arena, brightness: type[BaseCheck], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_check("brightness", find_missing(checked, "brightness"))
    monkeypatch.setattr(brightness, "version", "2")
    run_check("brightness", find_missing(checked, "brightness"))
    for result in CheckResult.objects.filter(version="2"):
        result.values = {"mean": result.values["mean"] + 10, "images": 1}
        result.save()
    [change] = compare_versions(checked, "brightness")
    assert (change.version, change.both, change.gained, change.lost) == ("1", 6, 0, 0)
    assert change.shift == pytest.approx(10)
    assert change.correlation == pytest.approx(1)


def test_the_queue_holds_batches_and_is_not_filled_twice(
    checked: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[list[tuple[int, list[str]]]] = []
    monkeypatch.setattr(run_checks, "delay", sent.append)
    monkeypatch.setattr("metrics.tasks.count_waiting", lambda queue: len(sent))
    assert find_missing_checks() == 9
    assert [len(batch) for batch in sent] == [8, 1]
    assert find_missing_checks() == 0
    for batch in sent:
        run_checks(batch)
    assert find_work([checked]) == []
