"""Who is heard: every check of which more or less is better, and every judge that has voted."""

import logging
from dataclasses import dataclass

from django.db import DatabaseError
from django.db.models import Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Concat

from arenas.judging.models import Judgment, JudgmentStatus
from arenas.raters.models import Rater, RaterKind
from arenas.votes.models import Vote
from metrics.checks.base import BaseCheck, Measure, check_names
from metrics.results.asking import make_check
from metrics.results.models import CheckResult
from metrics.results.summarise import find_headline

JUDGE = "judge:"
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Subject:
    """A check, or a rater of kind `judge`; `name` is unique among both."""

    name: str
    title: str
    version: str
    check: BaseCheck | None = None
    rater: int | None = None

    @property
    def headline(self) -> Measure | None:
        """The measure that is held against votes, and gates."""
        return find_headline(self.check) if self.check else None


def list_subjects() -> list[Subject]:
    heard = [each for each in list_checks() if each.headline and each.headline.better]
    return heard + list_judges()


def list_checks() -> list[Subject]:
    """Every check; one that cannot be loaded is logged, and left out."""
    return [subject for name in check_names() if (subject := make_or_log(name))]


def load_subject(name: str) -> Subject:
    try:
        return make_subject(name)
    except (ValueError, DatabaseError):
        raise
    except Exception as error:  # a plug-in may raise anything
        raise ValueError(f"the check {name!r} cannot be loaded: {error}") from error


def make_or_log(name: str) -> Subject | None:
    try:
        return load_subject(name)
    except ValueError:
        logger.exception("the check %s is left out", name)
        return None


def list_judges() -> list[Subject]:
    voted = Exists(Vote.objects.filter(rater=OuterRef("pk")))
    judges = Rater.objects.filter(voted, kind=RaterKind.JUDGE)
    return [describe_judge(rater) for rater in judges.order_by("name", "pk")]


def list_descriptive() -> list[Subject]:
    """The checks that only describe: nobody says which way is better."""
    return [each for each in list_checks() if each.headline and not each.headline.better]


def find_subject(name: str) -> Subject:
    """The check or judge of this name. Raises ValueError for one unknown, or not to be loaded."""
    if not name.startswith(JUDGE):
        return load_subject(name)
    known = {each.name: each for each in list_judges()}
    if name not in known:
        raise ValueError(f"no judge {name!r} has voted (known: {', '.join(known) or 'none'})")
    return known[name]


def find_results(subject: Subject) -> QuerySet[CheckResult]:
    """What a check's present version found, or could not measure."""
    return CheckResult.objects.filter(check_name=subject.name, version=subject.version)


def select_judgments(subject: Subject) -> QuerySet[Judgment]:
    """What a judge of this name and version of its words was asked here, and answered."""
    named = Concat("judge__name", Value(" v"), "prompt_version")
    answered = Judgment.objects.filter(status=JudgmentStatus.DONE).alias(named=named)
    return answered.filter(named=subject.title) if subject.rater else answered.none()


def make_subject(name: str) -> Subject:
    check = make_check(name)
    return Subject(name, check.title, check.version, check=check)


def describe_judge(rater: Rater) -> Subject:
    """A judge of another model or with other words is another rater, so that it has no version."""
    name = rater.name or rater.key[:8]
    return Subject(f"{JUDGE}{name}", name, "", rater=rater.pk)
