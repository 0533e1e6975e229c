import polars as pl
import pytest

from arenas.candidates.models import Candidate
from arenas.definitions.models import Arena
from metrics.checks import technical
from metrics.leaderboards.features import COVARIATES, SECONDS, read_features
from metrics.results.models import CheckResult
from metrics.results.run import find_missing, run_check

NAMES = [covariate.name for covariate in COVARIATES]


@pytest.fixture
def candidates(world: Arena) -> list[int]:
    """Nine measured candidates, the last of which took nine seconds."""
    run_check("technical", find_missing(world, "technical"))
    found = sorted(Candidate.objects.values_list("pk", flat=True))
    for second, pk in enumerate(found, start=1):
        Candidate.objects.filter(pk=pk).update(seconds=second)
    return found


def test_every_covariate_is_a_measure_of_the_check_or_the_seconds() -> None:
    measures = {measure.name for measure in technical.Check.measures}
    assert {covariate.measure for covariate in COVARIATES} <= measures | {SECONDS}
    assert len(set(NAMES)) == len(NAMES)


def test_every_covariate_says_what_it_is_in_words_and_units() -> None:
    for covariate in COVARIATES:
        assert covariate.description
        assert covariate.unit
        assert covariate.more


def test_a_row_holds_what_the_check_found_and_the_seconds(candidates: list[int]) -> None:
    row = read_features(candidates).row(8, named=True)
    values = CheckResult.objects.get(candidate=candidates[8]).values
    expected = {each.name: values.get(each.measure, 9.0) for each in COVARIATES}
    assert row == {"candidate": candidates[8], **expected}


def test_rows_come_in_the_order_given_and_once_each(candidates: list[int]) -> None:
    asked = [candidates[5], candidates[0], candidates[5]]
    assert read_features(asked)["candidate"].to_list() == asked[:2]


def test_columns_are_floats_whatever_is_known(candidates: list[int]) -> None:
    for asked in ([], candidates, [max(candidates) + 1]):
        frame = read_features(asked)
        assert frame.columns == ["candidate", *NAMES]
        assert frame.select(NAMES).dtypes == [pl.Float64] * len(NAMES)


def test_what_was_not_measured_is_null_and_not_zero(candidates: list[int]) -> None:
    CheckResult.objects.filter(candidate=candidates[0]).update(values={}, not_measurable="none")
    CheckResult.objects.filter(candidate=candidates[1]).delete()
    frame = read_features(candidates[:3])
    assert frame["brightness"].is_null().to_list() == [True, True, False]
    assert frame["latency"].to_list() == [1, 2, 3]


def test_a_candidate_made_elsewhere_has_no_latency(candidates: list[int]) -> None:
    Candidate.objects.filter(pk=candidates[0]).update(seconds=None)
    frame = read_features(candidates)
    assert frame["latency"].null_count() == 1
    assert frame["brightness"].null_count() == 0


def test_the_time_of_a_failed_attempt_is_no_latency(candidates: list[int]) -> None:
    Candidate.objects.filter(pk=candidates[0]).update(status=Candidate.Status.FAILED)
    assert read_features(candidates)["latency"].null_count() == 1


def test_values_of_another_version_are_not_mixed_in(
    candidates: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(technical.Check, "version", "0")
    assert read_features(candidates)["brightness"].null_count() == len(candidates)


def test_two_queries_are_enough(
    candidates: list[int], django_assert_num_queries: pytest.FixtureRequest
) -> None:
    with django_assert_num_queries(2):  # type: ignore[operator]
        read_features(candidates)
