"""A run's outcome by its criteria, and the report that says why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib import import_module
from typing import Any

from arenas.candidates.models import GenerationRun
from arenas.candidates.progress import measure_run
from metrics.regressions.history import Drifted, find_drifts, find_flaky
from metrics.regressions.measure import Measured, collect
from metrics.regressions.models import Run
from metrics.regressions.report import DIGITS, CriterionReport, Example, Report, Votes
from metrics.stats.explain import explain
from metrics.stats.verdict import Evidence, Outcome, Result, Standing, Verdict, judge, weigh

WORST = 10


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from the results: the outcome, why, who is replaced, and what is to be asked."""

    outcome: Outcome
    reason: str
    replaced: frozenset[str]
    asks: tuple[str, ...] = ()


def decide(run: Run, *, now: datetime) -> Report:
    """Weigh what is known; the report is complete, whether or not the outcome is the last word."""
    alpha = run.shape.error_rate
    measured = keep_trust(run, collect(run))
    levels = find_levels(run, measured)
    evidence = [
        weigh(m.increments, m.aim, alpha=level, plain=m.plain)
        for m, level in zip(measured, levels, strict=True)
    ]
    standings = [
        Standing(m.name, e, is_in_family(run, m, measured), m.aim, level)
        for m, e, level in zip(measured, evidence, levels, strict=True)
    ]
    verdict = judge(standings, alpha=alpha)
    drifts = find_drifts(run, measured, evidence)
    decision = heed_drift(combine(run, measured, verdict), measured, drifts)
    rows = [
        describe(m, e, result, decision, drift)
        for m, e, result, drift in zip(measured, evidence, verdict.results, drifts, strict=True)
        if e.n or not is_implicit(run, m) or m.name in decision.asks
    ]
    run.differences = keep_differences(measured)
    return describe_run(run, rows, decision, measured, now)


def keep_trust(run: Run, measured: Sequence[Measured]) -> list[Measured]:
    """What checks may decide stays as it was when the run was first weighed.

    A ruling that is made while people vote, by their very votes perhaps, changes no run.
    """
    if not run.trusted:
        run.trusted = {
            m.name: [m.decides, m.trust, m.trust_reason] for m in measured if m.criterion.check_name
        }
    held = [(m, run.trusted.get(m.name)) for m in measured]
    return [
        replace(m, decides=kept[0], trust=kept[1], trust_reason=kept[2]) if kept else m
        for m, kept in held
    ]


def find_levels(run: Run, measured: Sequence[Measured]) -> list[float]:
    """What each criterion may err at when it passes.

    Where people may decide in the stead of a check that decides, too, there are two ways to pass:
    the check and the people share the error rate between them.
    """
    alpha = run.shape.error_rate
    if not run.shape.budget.votes:
        return [alpha] * len(measured)
    gates = [m for m in measured if m.criterion.check_name and m.decides]
    shared = {m.name for m in gates} | {find_substitute(m, measured) for m in gates}
    return [alpha / 2 if m.name in shared else alpha for m in measured]


def is_implicit(run: Run, measured: Measured) -> bool:
    """Whether the file does not name it: people in a check's stead."""
    return measured.criterion not in run.shape.criteria


def is_in_family(run: Run, measured: Measured, everything: Sequence[Measured]) -> bool:
    """Whether it may ever decide: so many criteria share the error rate of a fail.

    People in a check's stead are of them from the start, not only once they are asked.
    """
    if not is_implicit(run, measured):
        return measured.decides
    advises = any(m.criterion.check_name and not m.decides for m in everything)
    return advises or run.shape.budget.votes > 0


def combine(run: Run, measured: Sequence[Measured], verdict: Verdict) -> Decision:
    """The outcome where people decide in the stead of checks that advise or are undecided.

    A fail is the whole family's. For a pass every criterion that is not replaced has passed, and
    people's in the stead of those that are. People are asked only where their votes could make
    a pass.
    """
    if verdict.outcome == Outcome.FAIL:
        return Decision(Outcome.FAIL, "; ".join(verdict.reasons), frozenset())
    passed = {
        m.name
        for m, result in zip(measured, verdict.results, strict=True)
        if m.decides and result == Result.PASSED
    }
    replaced = [m for m in measured if m.criterion.check_name and m.name not in passed]
    substitutes = {find_substitute(m, measured) for m in replaced}
    needed = [
        m
        for m in measured
        if m not in replaced and (not is_implicit(run, m) or m.name in substitutes)
    ]
    return conclude(run, [m.name for m in replaced], needed, passed)


def conclude(
    run: Run, replaced: Sequence[str], needed: Sequence[Measured], passed: set[str]
) -> Decision:
    open_ = [m for m in needed if m.name not in passed]
    if not open_:
        return Decision(Outcome.PASS, say_passed(needed), frozenset(replaced))
    people = [m.name for m in open_ if m.criterion.is_human]
    stuck = [m.name for m in open_ if not m.criterion.is_human]
    reason = say_stuck(stuck) if stuck else say_people(run, replaced, people)
    asks = () if stuck else tuple(people)
    return Decision(Outcome.NEEDS_HUMANS, reason, frozenset(replaced), asks)


def find_substitute(replaced: Measured, measured: Sequence[Measured]) -> str:
    """The people's criterion that is about its category, or about all prompts."""
    about = ("", replaced.criterion.category)
    people = [m for m in measured if m.criterion.is_human and m.criterion.category in about]
    return min(people, key=lambda m: not m.criterion.category).name


def say_passed(needed: Sequence[Measured]) -> str:
    names = [m.name for m in needed]
    return f"all {len(names)} criteria passed" if len(names) > 1 else f"{names[0]} passed"


def say_stuck(names: Sequence[str]) -> str:
    verb = "is" if len(names) == 1 else "are"
    return f"{', '.join(names)} {verb} undecided: more prompts or samples would decide"


def say_people(run: Run, replaced: Sequence[str], people: Sequence[str]) -> str:
    """Why it is people's turn, and how far they are."""
    budget = run.shape.budget.votes
    instead = f" in the stead of {', '.join(replaced)}" if replaced else ""
    if not budget:
        return f"people are to decide{instead}, and the budget has no votes"
    used = count_votes(run)
    if run.people and voting().is_spent(run):
        return f"{', '.join(people)} is undecided after all {used} votes that there were{instead}"
    return f"people decide{instead}: {used} of up to {budget} votes are cast"


def heed_drift(
    decision: Decision, measured: Sequence[Measured], drifts: Sequence[Drifted]
) -> Decision:
    """A pass while the runs get slowly worse is for people to look at."""
    worse = [
        f"{m.name} since run {drift.since}"
        for m, drift in zip(measured, drifts, strict=True)
        if drift.alarm and m.decides
    ]
    if not worse or decision.outcome != Outcome.PASS:
        return decision
    reason = f"every criterion passed, but over the runs it gets worse: {', '.join(worse)}"
    return Decision(Outcome.NEEDS_HUMANS, reason, decision.replaced)


def describe(
    measured: Measured,
    evidence: Evidence,
    result: Result,
    decision: Decision,
    drift: Drifted,
) -> CriterionReport:
    criterion, wording = measured.criterion, measured.wording
    return CriterionReport(
        name=measured.name,
        measure=criterion.measure,
        category=criterion.category,
        unit=wording.unit,
        better=wording.better,
        margin=criterion.margin,
        target=criterion.target,
        result=result.value,
        decides=measured.decides,
        replaced=measured.name in decision.replaced,
        trust=measured.trust,
        trust_reason=measured.trust_reason,
        sentence=explain(evidence, measured.aim, result, wording),
        n=evidence.n,
        mean=evidence.mean,
        plain_mean=evidence.plain_mean,
        lower=evidence.lower,
        upper=evidence.upper,
        threshold=measured.aim.threshold,
        p_pass=evidence.p_pass,
        p_fail=evidence.p_fail,
        decided_at=evidence.decided_at,
        detectable=evidence.detectable,
        missing=measured.missing,
        clipped=evidence.clipped,
        drift=drift,
        worst=find_worst(measured),
    )


def find_worst(measured: Measured) -> tuple[Example, ...]:
    """The prompts on which the challenger is worse, the worst first."""
    pairs = zip(measured.plain.tolist(), measured.prompts, strict=True)
    worse = sorted((pair for pair in pairs if pair[0] < 0), key=lambda pair: pair[0])
    return tuple(
        Example(each.key, each.prompt, difference, each.baseline, each.challenger)
        for difference, each in worse[:WORST]
    )


def keep_differences(measured: Sequence[Measured]) -> dict[str, dict[str, float]]:
    """By criterion and prompt, for what is told over several runs."""
    return {
        m.name: {
            str(each.prompt): round(value, DIGITS)
            for value, each in zip(m.plain.tolist(), m.prompts, strict=True)
        }
        for m in measured
    }


def describe_run(
    run: Run,
    rows: Sequence[CriterionReport],
    decision: Decision,
    measured: Sequence[Measured],
    now: datetime,
) -> Report:
    arena = run.arena
    return Report(
        eval=run.eval.name,
        run=run.number,
        outcome=decision.outcome,
        reason=decision.reason,
        baseline=run.baseline.name,
        challenger=run.challenger.name,
        error_rate=run.shape.error_rate,
        started_at=run.started_at.isoformat(),
        decided_at=now.isoformat(),
        prompts=arena.prompts().count() if arena else 0,
        cost_usd=measure_cost(run.generation),
        votes=Votes(count_votes(run), run.shape.budget.votes),
        criteria=tuple(rows),
        flaky=tuple(find_flaky(run, measured)),
        notes=(*note_generation(run), *(note for m in measured for note in m.notes)),
        asks=decision.asks,
    )


def measure_cost(generation: GenerationRun | None) -> float:
    return float(measure_run(generation)[0].cost_usd) if generation else 0.0


def count_votes(run: Run) -> int:
    """Those that were cast for this run, repeats not counted."""
    if not run.asked:
        return 0
    return int(voting().count_votes(run))


def voting() -> Any:
    return import_module("metrics.regressions.people")


def note_generation(run: Run) -> tuple[str, ...]:
    generation = run.generation
    if generation is None or not generation.is_stopped:
        return ()
    why = "its budget was spent" if generation.state == generation.State.SPENT else "cancelled"
    return (f"generation stopped early ({why}): what was not made is missing",)
