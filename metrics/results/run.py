"""Find candidates without a result of a check, and measure them."""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Protocol

from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, ProgrammingError, connection
from django.db.models import QuerySet

from arenas.candidates.models import Candidate
from arenas.candidates.plan import select_candidates
from arenas.definitions.models import Arena
from metrics.checks.base import BaseCheck, Finding
from metrics.results.asking import make_check, measure_asking
from metrics.results.contents import describe_prompt, make_key, read_contents
from metrics.results.isolate import Measurement, get_apart
from metrics.results.measure import TROUBLE, Given, report_error
from metrics.results.models import CheckResult

logger = logging.getLogger(__name__)

# The work can go on when these are over (the database is away, or being migrated).
PASSING = (SoftTimeLimitExceeded, InterfaceError, OperationalError, ProgrammingError)
LOCK = 0x636865  # this use of the database's locks by number, apart from others


class Measurer(Protocol):
    def measure(
        self, given: Given[bytes], names: Sequence[str]
    ) -> Iterable[tuple[str, Measurement]]: ...


@dataclass(frozen=True, slots=True)
class Work:
    """Checks to be made of one candidate in one go, so that its pictures are decoded once."""

    candidate: int
    checks: tuple[str, ...]


def find_prompts(arena: Arena, check: BaseCheck) -> list[int]:
    """The arena's prompts that the check says anything about."""
    prompts = arena.prompts().prefetch_related("references")
    return [prompt.pk for prompt in prompts if check.applies(describe_prompt(prompt))]


def find_missing(arena: Arena, name: str, *, limit: int | None = None) -> list[int]:
    """The arena's done candidates that the check's present version has not measured."""
    check = make_check(name)
    measured = CheckResult.objects.filter(check_name=name, version=check.version)
    missing = (
        select_candidates(arena)
        .filter(status=Candidate.Status.DONE, prompt__in=find_prompts(arena, check))
        .exclude(pk__in=measured.values("candidate"))
        .order_by("pk")
    )
    return list(missing.values_list("pk", flat=True)[:limit])


def find_work(
    arenas: Iterable[Arena], checks: Sequence[str] = (), *, limit: int | None = None
) -> list[Work]:
    """What is missing of these checks, or else of each arena's own.

    A check that is gone, or fails on a prompt, is logged and holds up no other.
    """
    wanted: dict[int, dict[str, None]] = {}
    for arena in arenas:
        for name in checks or arena.checks:
            for pk in find_or_log(arena, name, limit):
                wanted.setdefault(pk, {})[name] = None
    return [Work(pk, tuple(names)) for pk, names in wanted.items()]


def find_or_log(arena: Arena, name: str, limit: int | None) -> list[int]:
    try:
        return find_missing(arena, name, limit=limit)
    except PASSING:
        raise
    except Exception:
        logger.exception("what misses the check %s in %s cannot be told", name, arena.slug)
        return []


def run_check(name: str, candidates: Sequence[int]) -> int:
    """Have one check measure these candidates; return how many."""
    return sum(run_work([Work(pk, (name,))]) == [] for pk in candidates)


def run_work(
    work: Sequence[Work], *, measurer: Measurer | None = None, until: float | None = None
) -> list[Work]:
    """Measure, each result stored as soon as it is known.

    Ends when the clock (`time.monotonic`) has passed `until`, and returns what is left. What
    another worker is at is left to it.
    """
    left = list(work)
    while left and (until is None or time.monotonic() < until):
        with claim(left[0].candidate) as mine:
            rest = try_candidate(left[0], measurer or get_apart(), until) if mine else None
        left[:1] = [rest] if rest else []
    return left


@contextmanager
def claim(candidate: int) -> Iterator[bool]:
    """Whether nobody else measures it. The lock ends with the database connection at the latest."""
    key = [LOCK, candidate % 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        mine: bool = cursor.fetchone()[0]
        try:
            yield mine
        finally:
            if mine:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)


def try_candidate(work: Work, measurer: Measurer, until: float | None) -> Work | None:
    """The same as `run_candidate`; what goes wrong is the result, and others' turn comes."""
    try:
        return run_candidate(work, measurer, until)
    except PASSING:
        raise
    except Exception as error:
        logger.exception("candidate %s cannot be measured", work.candidate)
        store_failure(work, error)
        return None


def store_failure(work: Work, error: Exception) -> None:
    """As the result of each check of the candidate that has none."""
    row = Candidate.objects.get(pk=work.candidate)
    for name in filter(is_there, work.checks):
        store(row, name, Measurement(report_error(error), 0), "")


def is_there(name: str) -> bool:
    try:
        return bool(make_check(name))
    except PASSING:
        raise
    except Exception:
        logger.exception("there is no check %s any more", name)
        return False


def run_candidate(work: Work, measurer: Measurer, until: float | None) -> Work | None:
    """Make the checks of one candidate; what is left of them when the time is up."""
    row = select_measurable().filter(pk=work.candidate).first()
    if row is None:
        return None
    key = make_key(row)
    asked = [name for name in filter(is_there, work.checks) if not has_result(row, name)]
    names = [name for name in asked if not copy_known(row, name, key)]
    if not names:
        return None
    done = set()
    for name, measurement in measure_contents(row, names, measurer):
        store(row, name, measurement, key)
        done.add(name)
        if until is not None and time.monotonic() > until:
            left = tuple(name for name in names if name not in done)
            return Work(work.candidate, left) if left else None
    return None  # a check without a result now is found missing again


def select_measurable() -> QuerySet[Candidate]:
    done = Candidate.objects.filter(status=Candidate.Status.DONE)
    return done.select_related("prompt").prefetch_related(
        "prompt__references__image", "parts__image"
    )


def has_result(row: Candidate, name: str) -> bool:
    return row.check_results.filter(check_name=name, version=make_check(name).version).exists()


def copy_known(row: Candidate, name: str, key: str) -> bool:
    """Take over what the check found on the same content; whether there was any such result.

    Troubles of the check are not taken over: they say nothing of the content.
    """
    same = CheckResult.objects.filter(
        content_key=key, check_name=name, version=make_check(name).version
    )
    known = same.exclude(not_measurable__startswith=TROUBLE).order_by("pk").first()
    if known is None:
        return False
    copied = {
        field: getattr(known, field)
        for field in ("values", "not_measurable", "evidence", "fingerprints")
    }
    save(row, name, key, {**copied, "copied": True, "seconds": 0, "cpu_seconds": 0})
    return True


def measure_contents(
    row: Candidate, names: Sequence[str], measurer: Measurer
) -> Iterable[tuple[str, Measurement]]:
    try:
        given = read_contents(row)
    except OSError as error:
        return [(name, Measurement(report_error(error), 0)) for name in names]
    asking = [name for name in names if make_check(name).asks]
    plain = [name for name in names if name not in asking]
    return chain(measurer.measure(given, plain) if plain else (), measure_asking(given, asking))


def store(row: Candidate, name: str, measurement: Measurement, key: str) -> None:
    finding = measurement.finding
    found = {
        "values": dict(finding.values),
        "not_measurable": finding.not_measurable[:300],
        "evidence": list_evidence(finding),
        "fingerprints": list(finding.fingerprints),
        "seconds": measurement.seconds,
        "cpu_seconds": measurement.cpu_seconds,
        "cost_usd": measurement.cost_usd,
    }
    save(row, name, key, found)


def save(row: Candidate, name: str, key: str, found: dict[str, object]) -> None:
    CheckResult.objects.get_or_create(
        candidate=row,
        check_name=name,
        version=make_check(name).version,
        defaults={**found, "content_key": key},
    )


def list_evidence(finding: Finding) -> list[dict[str, object]]:
    boxes = [{"kind": "box", **asdict(box)} for box in finding.boxes]
    return boxes + [{"kind": "outline", **asdict(outline)} for outline in finding.outlines]


def forget_troubles(arena: Arena, checks: Sequence[str] = ()) -> int:
    """Delete results that tell of a check's own trouble, so that they are made again."""
    troubles = CheckResult.objects.filter(
        candidate__in=select_candidates(arena).values("pk"),
        check_name__in=checks or arena.checks,
        not_measurable__startswith=TROUBLE,
    )
    return troubles.delete()[0]
