import pytest

from benchmarks.verdict_speed import run
from metrics.regressions.models import Run


def test_the_benchmark_runs_at_a_small_size(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    run(prompts=12)
    assert "verdict on 12 prompts" in capsys.readouterr().out
    assert Run.objects.get().report["prompts"] == 12
