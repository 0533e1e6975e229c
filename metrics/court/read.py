"""The votes, check values and judge answers of the whole site, as the court hears them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from arenas.definitions.models import Question
from arenas.raters.models import RaterKind
from arenas.suites.models import Prompt
from arenas.votes.count import standing_votes
from metrics.court.subjects import Subject
from metrics.leaderboards.analyses.judge import PAIR, one_answer_each, orient
from metrics.leaderboards.read import VOTE_COLUMNS, fetch_columns
from metrics.results.models import CheckResult
from metrics.stats.comparisons import IntArray, Outcome
from metrics.stats.court import Evidence

PEOPLE = sorted([RaterKind.PERSON.value, RaterKind.EXTERNAL.value])
JUDGES = [RaterKind.JUDGE.value]
COLUMNS = {
    **{name: VOTE_COLUMNS[name] for name in ("seq", "a", "b", "outcome", "prompt", "rater",
                                             "candidate_a", "candidate_b")},
    "arena": "arena_id",
    "question": "question_id",
}  # fmt: skip
# Pictures that were compared: two samples of one competitor say nothing of which is better, and
# where a vote is about no stored picture, no check has seen it.
AMONG = """AND vote.question_id = ANY(%(questions)s) AND vote.rater_kind = ANY(%(kinds)s)
    AND vote.candidate_a_id IS NOT NULL AND vote.candidate_b_id IS NOT NULL
    AND vote.competitor_a_id <> vote.competitor_b_id"""
POINTS = np.array([1.0, 0.0, 0.5, 0.5])  # of a, by Outcome


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Counts of candidates by place among `competitors` (ids): measured, and looked at."""

    measured: IntArray
    tried: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A subject in one category: the evidence, row by row as `votes`, with competitors' ids."""

    category: str
    evidence: Evidence
    votes: pl.DataFrame
    competitors: tuple[int, ...]
    seen: Seen


def find_questions(check: str = "") -> list[Question]:
    """The questions about pairs that a check is held against, or all of them without a check.

    In each arena those that name it; where none does, the overall one: the last without a
    category, or the only one there is.
    """
    asked = Question.objects.filter(form=Question.Form.PAIR, retired_at=None)
    by_arena: dict[int, list[Question]] = {}
    for question in asked.order_by("arena", "position", "id"):
        by_arena.setdefault(question.arena_id, []).append(question)
    if not check:
        return [question for questions in by_arena.values() for question in questions]
    return [question for each in by_arena.values() for question in choose_questions(each, check)]


def choose_questions(questions: Sequence[Question], check: str) -> list[Question]:
    if named := [question for question in questions if check in question.checks]:
        return named
    overall = [question for question in questions if not question.category]
    return overall[-1:] or (list(questions) if len(questions) == 1 else [])


def read_votes(watermark: int, kinds: list[str]) -> pl.DataFrame:
    """The standing, unflagged votes on stored pictures, in order; see COLUMNS."""
    questions = [question.pk for question in find_questions()]
    rows = standing_votes("%(watermark)s", among=AMONG)
    values = {"watermark": watermark, "questions": questions, "kinds": kinds}
    return pl.DataFrame(
        fetch_columns(COLUMNS, f"({rows}) AS votes WHERE NOT flagged", values)
    ).sort("seq")


def read_cases(subject: Subject, votes: pl.DataFrame, watermark: int) -> list[Case]:
    """The subject's evidence of all prompts, and of each category with votes of people."""
    ids = [question.pk for question in find_questions(subject.name if subject.check else "")]
    heard = votes.filter(pl.col("question").is_in(ids))
    if subject.check:
        results = read_results(subject)
        heard = join_values(heard, results)
    else:
        heard, results = join_answers(heard, read_answers(subject, watermark)), None
    categories = dict(Prompt.objects.exclude(category="").values_list("pk", "category"))
    own = [categories.get(prompt, "") for prompt in heard["prompt"].to_list()]
    heard = heard.with_columns(pl.Series("category", own, dtype=pl.String))
    names = ["", *sorted({name for name in own if name})]
    return [make_case(name, heard, results) for name in names]


def read_results(subject: Subject) -> pl.DataFrame:
    """What the present version found: candidate, competitor, category, value (null: none)."""
    headline = subject.headline
    rows = CheckResult.objects.filter(check_name=subject.name, version=subject.version)
    found = rows.values_list(
        "candidate", "candidate__competitor", "candidate__prompt__category", "values"
    )
    schema = {"candidate": pl.Int64, "competitor": pl.Int64, "category": pl.String,
              "value": pl.Float64}  # fmt: skip
    if headline is None:
        return pl.DataFrame(schema=schema)
    return pl.DataFrame(
        [(pk, of, name, _better(values.get(headline.name), headline.better))
         for pk, of, name, values in found],
        schema=schema, orient="row",
    )  # fmt: skip


def _better(value: float | None, better: int) -> float | None:
    return None if value is None else better * float(value)


def join_values(votes: pl.DataFrame, results: pl.DataFrame) -> pl.DataFrame:
    """Votes with `value_a`, `value_b` and their difference `gap`, more being better."""
    values = results.select("candidate", "value")
    for side in ("a", "b"):
        named = values.rename({"candidate": f"candidate_{side}", "value": f"value_{side}"})
        votes = votes.join(named, on=f"candidate_{side}", how="left", maintain_order="left")
    return votes.with_columns(gap=pl.col("value_a") - pl.col("value_b"))


def read_answers(subject: Subject, watermark: int) -> pl.DataFrame:
    """A judge's votes as cast, in order."""
    return read_votes(watermark, JUDGES).filter(pl.col("rater") == subject.rater)


def join_answers(votes: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """People's votes with the judge's answer to the same question on the same pictures.

    `gap` is 1 where the judge prefers a, -1 where b, 0 where it is undecided or changes its mind
    with the order; the values are what that makes of each picture.
    """
    keys = ["question", *PAIR]
    told = [
        one_answer_each(orient(part)).select(*PAIR, "judge", pl.lit(name[0]).alias("question"))
        for name, part in answers.group_by("question", maintain_order=True)
    ]
    schema = {"low": pl.Int64, "high": pl.Int64, "judge": pl.Int32, "question": pl.Int64}
    typed = [each.cast(schema) for each in told]  # type: ignore[arg-type]
    once = pl.concat(typed) if typed else pl.DataFrame(schema=schema)
    points = {Outcome.MODEL_A: 1.0, Outcome.MODEL_B: -1.0, Outcome.TIE: 0.0, Outcome.BOTH_BAD: 0.0}
    gap = pl.col("judge").replace_strict({int(k): v for k, v in points.items()}, default=None,
                                         return_dtype=pl.Float64)  # fmt: skip
    joined = orient(votes).join(once, on=keys, how="left", maintain_order="left")
    turned = joined.with_columns(
        gap=gap,
        candidate_a=pl.col("low"),
        candidate_b=pl.col("high"),
    )
    return turned.with_columns(value_a=(1 + pl.col("gap")) / 2, value_b=(1 - pl.col("gap")) / 2)


def make_case(category: str, heard: pl.DataFrame, results: pl.DataFrame | None) -> Case:
    """The rows of one category, or all, with codes for competitors from 0."""
    votes = heard.filter(pl.col("category") == category) if category else heard
    if results is not None and category:
        results = results.filter(pl.col("category") == category)
    met = {*votes["a"].to_list(), *votes["b"].to_list()}
    seen = set() if results is None else set(results["competitor"].to_list())
    competitors = sorted(met | seen)
    a, b = (np.searchsorted(competitors, votes[side].to_numpy()) for side in ("a", "b"))
    value_a, value_b, gap = (
        votes[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        for name in ("value_a", "value_b", "gap")
    )
    evidence = Evidence.from_columns(
        a,
        b,
        candidates=(votes["candidate_a"].to_numpy(), votes["candidate_b"].to_numpy()),
        prompt=votes["prompt"].to_numpy(),
        rater=votes["rater"].to_numpy(),
        points=POINTS[votes["outcome"].to_numpy()],
        values=(value_a, value_b),
        gap=gap,
    )
    return Case(category, evidence, votes, tuple(competitors), count_seen(results, competitors))


def count_seen(results: pl.DataFrame | None, competitors: Sequence[int]) -> Seen:
    size = len(competitors)
    if results is None:
        return Seen(np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64))
    places = np.searchsorted(competitors, results["competitor"].to_numpy())
    known = results["value"].is_not_null().to_numpy()
    return Seen(np.bincount(places[known], minlength=size), np.bincount(places, minlength=size))
