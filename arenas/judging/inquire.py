"""A check's question to a judge: asked at once, kept, and never paid for twice."""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from time import sleep
from typing import Any

from django.conf import settings
from redis.exceptions import RedisError

from arenas.candidates.answer import GRACE
from arenas.candidates.generate import get_loop
from arenas.candidates.limit import get_limiter
from arenas.candidates.models import ServicePause
from arenas.candidates.pause import pause_for, reopen
from arenas.candidates.retry import decide
from arenas.definitions.seats import Seat
from arenas.judging.ask import End, as_outcome, call
from arenas.judging.budget import ZERO, Paid, estimate_question, find_left, measure_cost
from arenas.judging.claim import find_scope
from arenas.judging.models import Inquiry, JudgmentStatus
from arenas.providers.base import Answer, ProviderError, Reference, Status, make_provider

LONGEST_WAIT = 6.0  # seconds between two tries; longer waits are for another time
ENDED = (JudgmentStatus.DONE, JudgmentStatus.REFUSED, JudgmentStatus.MALFORMED)


class NoReply(Exception):
    """The judge was asked and gave no reply of the form asked for: it would not again."""


class NotNow(Exception):
    """The judge could not be asked: no money, no connection, no place. Later it may be."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: pictures under their names, words, and the schema of the reply."""

    images: Sequence[Reference]
    text: str
    schema: Mapping[str, Any]

    def make_key(self, seat: Seat) -> str:
        shown = [[i.id, i.role, hashlib.sha256(i.data).hexdigest()] for i in self.images]
        said = [seat.judge.digest, shown, self.text, self.schema]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def inquire(seat: Seat, check: str, question: Question, *, now: datetime) -> Inquiry:
    """The judge's reply, from before where it was asked the same. Raises NoReply or NotNow."""
    key = question.make_key(seat)
    known = Inquiry.objects.filter(content_key=key).first()
    if known is None or known.status not in ENDED:
        known = ask(seat, known or Inquiry(content_key=key, seat=seat, check_name=check), question,
                    now=now)  # fmt: skip
    if known.status != JudgmentStatus.DONE:
        raise NoReply(known.reason)
    return known


def ask(seat: Seat, row: Inquiry, question: Question, *, now: datetime) -> Inquiry:
    """Ask, by the retry policy of generation as far as its waits are short."""
    tries: Counter[str] = Counter()
    while True:
        estimate = check_open(seat, question, now=now)
        end, seconds = ask_once(seat, question)
        tries[str(end.status if isinstance(end, Answer) else end.cause)] += 1
        keep(row, end, measure_cost(seat.judge, end, estimate=estimate), seconds=seconds, now=now)
        again = decide(as_outcome(end), tries, rng=random.Random())
        if again is None and isinstance(end, Answer):
            return row
        if again is None or again.seconds > LONGEST_WAIT:
            raise NotNow(row.reason)
        sleep(again.seconds)


def check_open(seat: Seat, question: Question, *, now: datetime) -> Decimal:
    """What the call will cost by estimate. Raises NotNow where it must not be made."""
    scope = find_scope(seat.judge)
    estimate = estimate_question(seat.judge, question.text, pictures=len(question.images))
    left = find_left(seat)
    if left is not None and (estimate is None or estimate > max(left, ZERO)):
        raise NotNow(f"the budget of {seat.judge} is spent")
    closed = ServicePause.objects.filter(scope__in=[scope.of_account, str(scope)], until__gt=now)
    if pause := closed.first():
        raise NotNow(f"{pause.scope} is paused: {pause.reason}")
    try:
        grant = get_limiter(settings.REDIS_URL).take(scope, 1)
    except RedisError:
        return estimate or ZERO  # without a broker nobody counts
    if not grant.calls and grant.wait > LONGEST_WAIT:
        raise NotNow(f"other calls to {scope} come first")
    sleep(0 if grant.calls else grant.wait)
    return estimate or ZERO


def ask_once(seat: Seat, question: Question) -> tuple[End, float]:
    """One call, on the process's event loop."""
    judge = seat.judge
    provider = make_provider(judge.provider, judge.model, judge.params)
    work = call(provider, question.images, question.text, dict(question.schema))
    return get_loop().wait_for(work, seconds=settings.CALL_SECONDS + GRACE)


def keep(row: Inquiry, end: End, paid: Paid, *, seconds: float, now: datetime) -> None:
    row.attempts += 1
    row.cost_usd += paid.usd
    row.cost_estimated = row.cost_estimated or paid.estimated
    row.seconds, row.usage = seconds, dict(end.usage)
    scope = find_scope(row.seat.judge)
    if isinstance(end, ProviderError):
        row.status, row.reason = JudgmentStatus.FAILED, str(end)
        pause_for(scope, end, now=now)
    else:
        row.status = {
            Status.DONE: JudgmentStatus.DONE,
            Status.MALFORMED: JudgmentStatus.MALFORMED,
        }.get(end.status, JudgmentStatus.REFUSED)
        row.answers, row.raw, row.reason = dict(end.data), end.raw, end.reason
        row.model_version, row.finished_at = end.model_version, now
        reopen(scope, now=now)
    row.save()


def find_seat(check: str) -> Seat | None:
    """The one judge of the site that answers a check's questions, if there is one."""
    seats = Seat.objects.filter(left_at=None, checks__contains=[check]).select_related("judge")
    return seats.order_by("pk").first()
