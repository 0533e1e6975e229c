import pytest

from benchmarks.leaderboard import run
from metrics.leaderboards import build
from metrics.leaderboards.models import Snapshot


def test_the_benchmark_runs_at_a_small_size(
    db: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build, "AT_ONCE", 500)
    run(votes=600, models=4, prompts=8, raters=12)
    printed = capsys.readouterr().out
    assert "snapshot from counts, sandwich" in printed
    assert "leaderboard page" in printed
    complete = Snapshot.objects.filter(settings__complete=True)
    assert [snapshot.votes for snapshot in complete] == [10_600, 10_600]
