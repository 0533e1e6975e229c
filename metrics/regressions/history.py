"""What the runs of an eval tell together: slow changes, and prompts that come out now so, now so.

Only runs against the same baseline are compared, and of them those since it was last promoted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from django.db.models import Q, QuerySet

from metrics.regressions.measure import Measured
from metrics.regressions.models import Run
from metrics.stats.drift import find_drift
from metrics.stats.verdict import Evidence

LONGEST = 200  # runs
# Runs that are looked at for flaky prompts, and how many of those are listed.
LATELY, LISTED = 10, 10
# How often a prompt must have changed between worse and not.
CHANGES = 2


@dataclass(frozen=True, slots=True)
class Drifted:
    """Whether a criterion gets worse over the runs, and since which of them."""

    alarm: bool
    since: int | None


@dataclass(frozen=True, slots=True)
class Flaky:
    """A prompt that is beyond a criterion's threshold in some runs only.

    `verdicts` has a sign for each run, the present one last: − worse by more than the margin,
    + better by as much, · in between, and a space where it was not measured.
    """

    prompt: str
    prompt_id: int
    criterion: str
    verdicts: str


def find_drifts(
    run: Run, measured: Sequence[Measured], evidence: Sequence[Evidence]
) -> list[Drifted]:
    """Of each criterion, by its means over the runs up to this one."""
    alike = select_alike(run).order_by("-number")
    earlier = list(alike.values_list("number", "report__criteria")[:LONGEST])
    return [
        find_change(m.name, [*reversed(earlier)], (run.number, e), run.shape.error_rate)
        for m, e in zip(measured, evidence, strict=True)
    ]


def select_earlier(run: Run) -> QuerySet[Run]:
    found = Run.objects.filter(
        eval=run.eval_id, baseline=run.baseline_id, state=Run.State.DECIDED, number__lt=run.number
    )
    promoted = run.eval.promotions.filter(at__lte=run.started_at).order_by("at").last()
    return found.filter(started_at__gte=promoted.at) if promoted else found


def select_alike(run: Run) -> QuerySet[Run]:
    """Those over the same prompts: means over others say nothing of a change."""
    if run.arena is None:
        return select_earlier(run)
    version, tags = run.arena.suite_version_id, run.arena.tags
    same = Q(arena__suite_version=version, arena__tags=tags)
    return select_earlier(run).filter(Q(arena=None) | same)


def find_change(
    name: str,
    earlier: Sequence[tuple[int, list[dict[str, object]] | None]],
    now: tuple[int, Evidence],
    error_rate: float,
) -> Drifted:
    number, evidence = now
    means = [
        (before, float(str(row["mean"])))
        for before, rows in earlier
        for row in rows or []
        if row["name"] == name and row["mean"] is not None
    ]
    if evidence.n:
        means.append((number, evidence.mean))
    found = find_drift(np.array([mean for _, mean in means]), error_rate=error_rate)
    return Drifted(found.alarm, means[found.since][0] if found.since is not None else None)


def find_flaky(run: Run, measured: Sequence[Measured]) -> list[Flaky]:
    """Those that changed most often first."""
    lately = list(
        select_earlier(run).order_by("-number").values_list("differences", flat=True)[: LATELY - 1]
    )
    found = [each for m in measured for each in find_changing(m, [*reversed(lately)])]
    found.sort(key=lambda each: (-count_changes(each.verdicts), each.prompt))
    return found[:LISTED]


def find_changing(
    measured: Measured, earlier: Sequence[dict[str, dict[str, float]]]
) -> Iterator[Flaky]:
    threshold = abs(measured.aim.threshold)
    for value, each in zip(measured.plain.tolist(), measured.prompts, strict=True):
        before = [row.get(measured.name, {}).get(str(each.prompt)) for row in earlier]
        verdicts = "".join(sign(difference, threshold) for difference in [*before, value])
        if count_changes(verdicts) >= CHANGES:
            yield Flaky(each.key, each.prompt, measured.name, verdicts)


def sign(difference: float | None, threshold: float) -> str:
    if difference is None:
        return " "
    return "−" if difference < -threshold else "+" if difference > threshold else "·"


def count_changes(verdicts: str) -> int:
    """How often a prompt went from worse to not, or back."""
    worse = [verdict == "−" for verdict in verdicts if verdict != " "]
    return sum(a != b for a, b in pairwise(worse))
