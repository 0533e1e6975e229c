"""A subject's evidence to rulings: one for all prompts, one for each category with votes."""

import math
from dataclasses import asdict
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl
from django.conf import settings
from django.db.models import Q, Sum

from arenas.definitions.models import Outcome
from arenas.raters.models import RaterKind
from arenas.votes.models import VoteCount
from metrics.court.cost import measure_cost
from metrics.court.disagree import find_disagreements
from metrics.court.models import CourtRuling
from metrics.court.position import measure_position
from metrics.court.read import PEOPLE, Case, find_questions, read_cases
from metrics.court.subjects import Subject, find_results
from metrics.stats.court import CEILING_SHARE, LEAST_ACCURACY, Hearing, Levels, hear, share_error
from metrics.stats.court_rule import decide_state, give_reasons

LEVEL, ERROR = 0.95, 0.05
# So many decisive votes put a competitor's family among the evidence.
ESTABLISHED = 10
DECIDED = Q(winner__in=[Outcome.MODEL_A, Outcome.MODEL_B])


def hold_court(subject: Subject, votes: pl.DataFrame, watermark: int) -> list[CourtRuling]:
    """Rule on the subject in all its categories and store it; the same again changes nothing."""
    cases = read_cases(subject, votes, watermark)
    levels = Levels(LEVEL, share_error(ERROR, count_hypotheses(subject, cases)))
    told = {"position": judge_position(subject, watermark), "cost": asdict(measure_cost(subject))}
    seen = {"votes": count_votes(), "results": count_results(subject)}
    rulings = [
        CourtRuling(
            subject=subject.name,
            version=subject.version,
            watermark=watermark,
            **seen,
            **rule(case, levels, told),
            settings=describe_settings(subject, levels),
            code_version=settings.VERSION,
        )
        for case in cases
    ]
    return CourtRuling.objects.bulk_create(rulings, ignore_conflicts=True)


def rule(case: Case, levels: Levels, told: dict[str, Any]) -> dict[str, Any]:
    """The columns that say what was found; `told` are figures of all categories together."""
    start = perf_counter()
    hearing = hear(case.evidence, measured=case.seen.measured, tried=case.seen.tried, levels=levels)
    figures = {
        **describe_hearing(hearing, case),
        **told,
        "disagreements": [asdict(each) for each in find_disagreements(case)],
    }
    return {
        "category": case.category,
        "state": decide_state(hearing.weighed, blind=hearing.blind).value,
        "reasons": list(give_reasons(hearing)),
        "figures": make_finite(figures),
        "competitors": list_established(case),
        "seconds": perf_counter() - start,
    }


def describe_hearing(hearing: Hearing, case: Case) -> dict[str, Any]:
    """All figures, with competitors by their ids."""
    figures = asdict(hearing)
    for row in figures["missing"]["competitors"]:
        row["competitor"] = case.competitors[row["competitor"]]
    return figures


def list_established(case: Case) -> list[int]:
    """The competitors with enough decisive votes that the subject measured."""
    evidence = case.evidence
    heard = evidence.select(evidence.decided & evidence.measured)
    votes = np.bincount(np.concatenate([heard.a, heard.b]), minlength=len(case.competitors))
    return [case.competitors[code] for code in np.flatnonzero(votes >= ESTABLISHED).tolist()]


def judge_position(subject: Subject, watermark: int) -> dict[str, Any] | None:
    if subject.rater is None:
        return None
    return asdict(measure_position(subject, watermark, level=LEVEL))


def count_hypotheses(subject: Subject, cases: list[Case]) -> int:
    """How many subjects, versions and categories were ever ruled on, and these."""
    columns = ("subject", "version", "category")
    known = set(CourtRuling.objects.order_by().values_list(*columns).distinct())
    return len(known | {(subject.name, subject.version, case.category) for case in cases})


def count_votes() -> int:
    """How many decisive, unflagged votes of people on pairs there are on the site."""
    counts = VoteCount.objects.filter(
        DECIDED, rater_kind__in=PEOPLE, flagged=False, question__in=find_questions()
    )
    return int(counts.aggregate(votes=Sum("count"))["votes"] or 0)


def count_results(subject: Subject) -> int:
    """What the subject itself has said: results of its version, or votes of judges."""
    if subject.check:
        return find_results(subject).count()
    votes = VoteCount.objects.filter(rater_kind=RaterKind.JUDGE)
    return int(votes.aggregate(votes=Sum("count"))["votes"] or 0)


def describe_settings(subject: Subject, levels: Levels) -> dict[str, Any]:
    return {
        "level": levels.level,
        "error": levels.error,
        "least_accuracy": LEAST_ACCURACY,
        "ceiling_share": CEILING_SHARE,
        "rater_kinds": PEOPLE,
        "cluster": ["prompt", "rater"],
        "measure": subject.headline.name if subject.headline else None,
        "questions": list_questions(subject),
    }


def list_questions(subject: Subject) -> list[int]:
    """The ids of the questions that the subject is held against."""
    return [question.pk for question in find_questions(subject.name if subject.check else "")]


def make_finite(value: Any) -> Any:
    """The same as JSON has it: what is infinite or no number is unknown."""
    if isinstance(value, dict):
        return {key: make_finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [make_finite(each) for each in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value
