"""A small site with a regression eval: house-v3 against house-v4, by a check of the tests' own."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from arenas.candidates.models import Candidate
from arenas.competitors.models import Competitor
from arenas.images.models import RenditionProfile
from arenas.suites.load import load_suite
from arenas.suites.models import Prompt, SuiteVersion
from metrics.checks.base import make_check
from metrics.court.models import CourtRuling
from metrics.regressions.advance import advance
from metrics.regressions.load import load_eval
from metrics.regressions.models import RegressionEval, Run
from metrics.regressions.start import start_run
from metrics.results.models import CheckResult
from metrics.stats.court_rule import State
from tests.factories import NOW, suite_file, write_yaml

# 8 of 255 steps of brightness, where no prompt counts for more than 24: 20 prompts can tell.
CRITERION = {"measure": "brightness.mean", "margin": 8.0, "most": 24.0}
Value = Callable[[int, str, int], float | None]


def make_night(
    folder: Path, *, prompts: int = 20, criteria: Sequence[dict[str, Any]] = (CRITERION,),
    **settings: Any,
) -> RegressionEval:  # fmt: skip
    """The eval `nightly` over a suite of fancy prompts."""
    make_prompts(folder, prompts)
    for name in ("house-v3", "house-v4"):
        Competitor.objects.get_or_create(
            name=name, defaults={"provider": "procedural", "model": "house"}
        )
    path = write_eval(folder, criteria=criteria, **settings)
    return load_eval(path, now=NOW).evaluation


def make_prompts(folder: Path, prompts: int) -> SuiteVersion:
    rows = [
        {"id": f"p{n}", "category": "fancy", "text": f"Draw {n}.", "tags": ["all"]}
        for n in range(prompts)
    ]
    return load_suite(suite_file(folder, rows)).version


def write_eval(folder: Path, **settings: Any) -> Path:
    definition = {
        "name": "nightly",
        "suite": "small",
        "baseline": "house-v3",
        "challenger": "house-v4",
        "criteria": [CRITERION],
        "error_rate": 0.05,
        **settings,
    }
    given = {key: value for key, value in definition.items() if value is not None}
    given["criteria"] = list(given["criteria"])
    return write_yaml(folder / "nightly.yaml", given)


def begin(evaluation: RegressionEval, now: datetime = NOW, **options: Any) -> Run:
    """A run whose candidates are planned."""
    small_canvas()
    run = start_run(evaluation, trigger="command", by="alice", now=now, **options)
    return advance(run, now=now)


def small_canvas() -> None:
    RenditionProfile.objects.get_or_create(width=64, height=64, size=8192)


def answer(run: Run, value: Value, **fields: Any) -> None:
    """Every planned candidate of the run is done, with the check's value for (prompt, side, n).

    No value: it could not be measured.
    """
    assert run.arena
    places = {prompt.pk: place for place, prompt in enumerate(list_prompts(run))}
    rows = list(Candidate.objects.filter(status="planned").select_related("competitor"))
    for row in rows:
        row.status, row.finished_at = Candidate.Status.DONE, NOW
        for name, given in fields.items():
            setattr(row, name, given)
    Candidate.objects.bulk_update(rows, ["status", "finished_at", *fields])
    add_results(rows, lambda row: value(places[row.prompt_id], row.competitor.name, row.sample))


def add_results(rows: Sequence[Candidate], value: Callable[[Candidate], float | None]) -> None:
    version = make_check("brightness").version
    CheckResult.objects.bulk_create(
        CheckResult(
            candidate=row, check_name="brightness", version=version, seconds=0,
            values={} if (found := value(row)) is None else {"mean": found, "images": 1},
            not_measurable="too dark" if found is None else "",
        )
        for row in rows
    )  # fmt: skip


def list_prompts(run: Run) -> list[Prompt]:
    assert run.arena
    return list(run.arena.prompts())


def shift(by: float) -> Value:
    """The challenger is brighter by so much, on ground that differs from prompt to prompt."""
    return lambda n, who, sample: 100.0 + n % 7 + (by if who == "house-v4" else 0.0)


def prove(check: str = "brightness", category: str = "", **fields: Any) -> CourtRuling:
    """What the court would have ruled after enough votes: that the check may gate."""
    return CourtRuling.objects.create(
        subject=check,
        version=make_check(check).version,
        category=category,
        state=State.MAY_GATE,
        figures={},
        competitors=list(Competitor.objects.values_list("pk", flat=True)),
        settings={},
        watermark=1,
        votes=1,
        results=1,
        seconds=0,
        code_version="test",
        **fields,
    )


def settle(run: Run, now: datetime = NOW) -> Run:
    """Take steps until there is nothing more to do at once."""
    state = ""
    while not run.has_ended and run.state != state:
        state = run.state
        run = advance(run, now=now)
    return run
