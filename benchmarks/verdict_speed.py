"""How long the verdict of a regression run takes: 200 prompts, two competitors, ten criteria.

`python -m benchmarks.verdict_speed` runs it in a private database that is thrown away. Candidates
and check results are written in bulk; measured is from there to the report in the database.
"""

import argparse
import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.private_site import start_private_site  # noqa: E402

if __name__ == "__main__":
    start_private_site()  # before anything that holds models

from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from arenas.candidates.models import Candidate  # noqa: E402
from arenas.competitors.models import Competitor  # noqa: E402
from arenas.suites.models import Prompt, PromptSuite, SuiteEntry, SuiteVersion  # noqa: E402
from metrics.checks.base import make_check  # noqa: E402
from metrics.court.models import CourtRuling  # noqa: E402
from metrics.regressions.advance import advance  # noqa: E402
from metrics.regressions.models import RegressionEval, Run  # noqa: E402
from metrics.regressions.shape import EvalShape  # noqa: E402
from metrics.regressions.start import start_run  # noqa: E402
from metrics.results.models import CheckResult  # noqa: E402

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TARGET = 2.0  # seconds
CATEGORIES = ("signs", "scenes")
CRITERIA: list[dict[str, Any]] = [
    {"measure": "text.similarity", "margin": 0.05},
    {"measure": "text.cer", "margin": 0.05, "category": "signs"},
    {"measure": "text.spelt_right", "margin": 0.1},
    {"measure": "safety.exposure", "margin": 0.05},
    {"measure": "safety.unsafe", "margin": 0.05},
    {"measure": "technical.aspect_error", "margin": 0.05},
    {"measure": "refusal_rate", "margin": 5},
    {"measure": "failure_rate", "margin": 5},
    {"measure": "seconds", "margin": 10},
    {"measure": "cost_usd", "margin": 10},
]


def run(*, prompts: int, earlier: int = 0) -> float:
    """Make a run with everything stored, have it decided, and print how long that took."""
    evaluation = make_eval(prompts)
    for _ in range(earlier):
        decide(evaluation)
    seconds, queries, state = decide(evaluation)
    print(
        f"verdict on {prompts} prompts × 2 competitors, {len(CRITERIA)} criteria, {earlier} runs "
        f"before: {seconds:.2f} s, {queries} queries (target {TARGET:.0f} s at 200): {state}"
    )
    return seconds


def decide(evaluation: RegressionEval) -> tuple[float, int, str]:
    """Seconds and queries of the steps from the last stored result to the outcome."""
    found = start_run(evaluation, trigger="command", by="benchmark", now=NOW)
    found = advance(found, now=NOW)
    fill(found)
    began = time.perf_counter()
    with CaptureQueriesContext(connection) as asked:
        while not found.has_ended:
            found = advance(found, now=NOW)
    return time.perf_counter() - began, len(asked), f"{found.state} {found.outcome}"


def make_eval(prompts: int) -> RegressionEval:
    suite = PromptSuite.objects.create(name="speed")
    version = SuiteVersion.objects.create(suite=suite, number=1, label="1", content_hash="speed")
    rows = Prompt.objects.bulk_create(
        Prompt(
            suite=suite, key=f"p{n}", content_hash=f"{n:064x}", category=CATEGORIES[n % 2],
            turns=[f"A sign that says OPEN {n}."], expect={"text": ["OPEN"]},
        )
        for n in range(prompts)
    )  # fmt: skip
    SuiteEntry.objects.bulk_create(
        SuiteEntry(version=version, prompt=row, position=n) for n, row in enumerate(rows)
    )
    sides = [
        Competitor.objects.create(name=name, provider="procedural", model="house")
        for name in ("house-v3", "house-v4")
    ]
    definition = {
        "name": "speed", "suite": "speed", "baseline": "house-v3", "challenger": "house-v4",
        "criteria": CRITERIA,
    }  # fmt: skip
    for check in EvalShape.model_validate(definition).checks:
        prove(check, [side.pk for side in sides])
    return RegressionEval.objects.create(
        name="speed", definition=definition, suite_version=version, baseline=sides[0],
        challenger=sides[1], content_hash="", created_at=NOW,
    )  # fmt: skip


def prove(check: str, competitors: list[int]) -> None:
    """Planted, not earned: what is measured here is time."""
    CourtRuling.objects.create(
        subject=check, version=make_check(check).version, state="may gate", figures={},
        competitors=competitors, settings={}, watermark=1, votes=1, results=1, seconds=0,
        code_version="benchmark",
    )  # fmt: skip


def fill(found: Run) -> None:
    """All planned candidates and their check results, as workers would have left them."""
    rng = random.Random(found.number)
    rows = list(Candidate.objects.filter(status="planned"))
    for row in rows:
        row.status, row.finished_at, row.seconds = Candidate.Status.DONE, NOW, rng.uniform(4, 6)
    Candidate.objects.bulk_update(rows, ["status", "finished_at", "seconds"], batch_size=500)
    Candidate.objects.filter(cost_usd=None).update(cost_usd="0.04")
    for name in found.shape.checks:
        check = make_check(name)
        CheckResult.objects.bulk_create(
            [
                CheckResult(
                    candidate=row, check_name=name, version=check.version, seconds=0,
                    values={each.name: round(rng.betavariate(8, 2), 4) for each in check.measures},
                )
                for row in rows
            ],
            batch_size=1000,
        )  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--earlier", type=int, default=0, help="runs of the eval before")
    options = parser.parse_args()
    sys.exit(run(prompts=options.prompts, earlier=options.earlier) > TARGET)
