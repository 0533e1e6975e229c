"""How far a check or judge may be trusted now, and when the court has to sit again."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from django.db.models import QuerySet

from arenas.votes.count import fold_counts
from metrics.court.hear import count_results, count_votes, hold_court, list_questions
from metrics.court.models import CourtRuling
from metrics.court.present import Present, read_present
from metrics.court.read import PEOPLE, read_votes
from metrics.court.subjects import Subject, find_results, find_subject, list_subjects
from metrics.stats.court_rule import State, guess_need, say_need

# The court sits again after so many new votes or results, or this share of them.
BATCH, NEWS = 10, 0.02
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trust:
    """The state of a check's or judge's present version in a category, why, and the ruling."""

    state: State
    reasons: tuple[str, ...]
    ruling: CourtRuling | None

    @property
    def may_gate(self) -> bool:
        return self.state == State.MAY_GATE


def find_trust(check: str, category: str = "", *, present: Present | None = None) -> Trust:
    """How far `check` (or `judge:NAME`) is trusted for prompts of the category, or for all.

    What was shown of another version, or without a family of models that is among the
    competitors now, shows nothing. Raises ValueError for an unknown check.
    """
    subject = find_subject(check)
    ruling = newest_rulings(subject).filter(category=category).first()
    return trust(subject, category, ruling, present or read_present())


def list_trust(subject: Subject, present: Present) -> dict[str, Trust]:
    """The same for all prompts (""), and for each category that was ruled on."""
    newest = newest_rulings(subject).order_by("category", "-watermark", "-id")
    rulings = {each.category: each for each in newest.distinct("category")}
    return {
        category: trust(subject, category, rulings.get(category), present)
        for category in sorted({"", *rulings})
    }


def trust(subject: Subject, category: str, ruling: CourtRuling | None, present: Present) -> Trust:
    if ruling is None:
        return Trust(State.UNPROVEN, explain_absence(subject, category), None)
    state = State(ruling.state)
    strangers = find_strangers(subject, ruling, present)
    # What was never shown cannot expire.
    if strangers and state != State.UNPROVEN:
        whose = "that family" if len(strangers) == 1 else "those families"
        reason = (
            f"expired: {name_families(strangers, present)} came after the evidence, which has too "
            f"few votes on {whose} of models"
        )
        return Trust(State.UNPROVEN, (reason, *ruling.reasons), ruling)
    return Trust(state, tuple(ruling.reasons), ruling)


def newest_rulings(subject: Subject) -> QuerySet[CourtRuling]:
    """The rulings on the present version, newest first."""
    return CourtRuling.objects.filter(subject=subject.name, version=subject.version)


def explain_absence(subject: Subject, category: str) -> tuple[str, ...]:
    if subject.headline and not subject.headline.better:
        return ("it only describes: nobody says which way is better, so that votes prove nothing",)
    need = say_need(guess_need())
    older = CourtRuling.objects.filter(subject=subject.name, category=category)
    past = older.exclude(version=subject.version).first()
    if past:
        return (
            f"version {subject.version} is new: what votes showed of version {past.version} "
            "does not hold for it",
            need,
        )
    if subject.check and not find_results(subject).exists():
        return ("it has not measured anything here yet", need)
    return ("no decisive vote by people is known here yet", need)


def find_strangers(subject: Subject, ruling: CourtRuling, present: Present) -> dict[str, set[int]]:
    """The category's present competitors by families that the evidence is not about."""
    known = {present.kin[pk] for pk in ruling.competitors if pk in present.kin}
    strangers: dict[str, set[int]] = {}
    for pk, category in present.made:
        # A judge is asked by arenas, whichever checks they name.
        here = pk in present.checks and (not subject.check or subject.name in present.checks[pk])
        if here and ruling.category in ("", category) and present.kin[pk] not in known:
            strangers.setdefault(present.kin[pk], set()).add(pk)
    return strangers


def name_families(strangers: Mapping[str, set[int]], present: Present) -> str:
    """Those with a member that some board shows by name, and how many others."""
    named = sorted(kin for kin, members in strangers.items() if members & present.names.keys())
    hidden = len(strangers) - len(named)
    others = ["a new family" if hidden == 1 else f"{hidden} new families"] if hidden else []
    return ", ".join([*named, *others])


def hold_due() -> int:
    """Rule on every subject of which enough is new; return how many rulings were made."""
    cast = count_votes()
    due = [subject for subject in list_subjects() if is_due(subject, cast)]
    if not due:
        return 0
    watermark = fold_counts()
    votes = read_votes(watermark, PEOPLE)
    return sum(hold_or_log(subject, votes, watermark) for subject in due)


def hold_or_log(subject: Subject, votes: pl.DataFrame, watermark: int) -> int:
    """One that fails keeps its last ruling, and holds up no other."""
    try:
        return len(hold_court(subject, votes, watermark))
    except Exception:
        logger.exception("no ruling on %s", subject.name)
        return 0


def is_due(subject: Subject, votes: int) -> bool:
    """Whether there are `votes` of people and results, and a batch of either since it last sat.

    Votes that were flagged away, and other questions than before, are news as well.
    """
    results = count_results(subject)
    last = newest_rulings(subject).first()
    if last is None:
        return bool(votes and results)
    return (
        has_news(last.votes, votes)
        or has_news(last.results, results)
        or last.settings["questions"] != list_questions(subject)
    )


def has_news(before: int, now: int) -> bool:
    return now < before or now - before >= max(BATCH, NEWS * before)
