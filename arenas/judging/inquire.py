"""A check's question to a judge: asked at once, kept, and never paid for twice."""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from time import sleep
from typing import Any

from django.conf import settings
from django.db import transaction
from redis.exceptions import RedisError

from arenas.candidates.answer import GRACE
from arenas.candidates.claim import take_turn
from arenas.candidates.generate import get_loop
from arenas.candidates.limit import get_limiter
from arenas.candidates.models import ServicePause
from arenas.candidates.pause import pause_for, reopen
from arenas.candidates.retry import Again, decide
from arenas.competitors.judges import Judge
from arenas.definitions.seats import Seat
from arenas.judging.ask import End, as_outcome, call
from arenas.judging.budget import ZERO, estimate_question, find_left, is_free, measure_cost
from arenas.judging.claim import find_scope
from arenas.judging.models import Inquiry
from arenas.judging.models import JudgmentStatus as Status
from arenas.providers.base import (
    Answer,
    BaseProvider,
    Cause,
    ProviderError,
    Reference,
    make_provider,
)
from arenas.providers.base import Status as Outcome

LONGEST_WAIT = 6.0  # seconds between two tries; longer waits are for another time
ENDED = (Status.DONE, Status.REFUSED, Status.MALFORMED)


class NoReply(Exception):
    """The judge was asked and gave no reply of the form asked for: it would not again."""


class NotNow(Exception):
    """The judge cannot be asked at present: closed, full, or at this very question. Wait for it."""


class Hindered(Exception):
    """The judge cannot be asked until somebody sees to it: no money, or an error that stays."""


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


def inquire(
    seat: Seat, check: str, question: Question, *, clock: Callable[[], datetime]
) -> Inquiry:
    """The judge's reply, from before where it was asked the same.

    Raises NoReply, NotNow or Hindered.
    """
    row = ask(seat, check, question, clock=clock)
    if row.status != Status.DONE:
        raise NoReply(row.reason)
    return row


def ask(seat: Seat, check: str, question: Question, *, clock: Callable[[], datetime]) -> Inquiry:
    """Ask, by the retry policy of generation as far as its waits are short."""
    provider, tries = find_provider(seat), Counter[str]()
    while True:
        row, wait = reserve(seat, check, question, now=clock())
        if row.status in ENDED:
            return row
        sleep(wait)
        end, seconds = ask_once(provider, question)
        tries[str(end.status if isinstance(end, Answer) else end.cause)] += 1
        again = decide(as_outcome(end), tries, rng=random.Random())
        keep(row, end, seconds=seconds, again=again, now=clock())
        if again is None and isinstance(end, Answer):
            return row
        if again is None:
            raise Hindered(row.reason)
        if again.seconds > LONGEST_WAIT:
            raise NotNow(row.reason)
        sleep(again.seconds)


def find_provider(seat: Seat) -> BaseProvider:
    judge = seat.judge
    try:
        return make_provider(judge.provider, judge.model, judge.params)
    except (ValueError, ProviderError) as error:
        raise Hindered(str(error)) from error


@transaction.atomic
def reserve(seat: Seat, check: str, question: Question, *, now: datetime) -> tuple[Inquiry, float]:
    """The question's row, and seconds to wait; where it has not ended, this caller is to ask.

    Written down before the call, its estimate counts from then on, even if the caller dies: its
    lease then runs out, and whoever asks again adds to what the lost call may have cost.
    """
    take_turn()
    key = question.make_key(seat)
    known = Inquiry.objects.filter(content_key=key).first()
    row = known or Inquiry(content_key=key, seat=seat, check_name=check)
    if row.status in ENDED:
        return row, 0
    if row.status == Status.RUNNING:
        if row.lease_until and row.lease_until > now:
            raise NotNow("the same is being asked already")
        add_lost(row)
    row.estimate_usd = check_affordable(seat, question)
    wait = check_open(seat.judge, now=now)
    seconds = settings.CALL_SECONDS + GRACE + 2 * LONGEST_WAIT
    row.status, row.lease_until = Status.RUNNING, now + timedelta(seconds=seconds)
    row.save()
    return row, wait


def add_lost(row: Inquiry) -> None:
    row.attempts += 1
    row.cost_usd += row.estimate_usd
    row.cost_estimated = row.cost_estimated or row.estimate_usd > 0


def check_affordable(seat: Seat, question: Question) -> Decimal:
    """What the call will cost by estimate. Raises Hindered where it must not be made.

    Checks are swept by themselves, so that a paid judge without a budget has no limit at all.
    """
    estimate = estimate_question(seat.judge, question.text, pictures=len(question.images))
    left = find_left(seat)
    if left is None and not is_free(seat.judge):
        raise Hindered(f"{seat.judge} costs money and has no budget_usd")
    if left is not None and (estimate is None or estimate > max(left, ZERO)):
        raise Hindered(f"the budget of {seat.judge} is spent")
    return estimate or ZERO


def check_open(judge: Judge, *, now: datetime) -> float:
    """Seconds until the call may be made. Raises NotNow where they are many."""
    if pause := find_pause(judge, now=now):
        raise NotNow(f"{pause.scope} is paused: {pause.reason}")
    scope = find_scope(judge)
    try:
        grant = get_limiter(settings.REDIS_URL).take(scope, 1)
    except RedisError:
        return 0  # without a broker nobody counts
    if not grant.calls and grant.wait > LONGEST_WAIT:
        raise NotNow(f"other calls to {scope} come first")
    return 0 if grant.calls else grant.wait


def find_pause(judge: Judge, *, now: datetime) -> ServicePause | None:
    scope = find_scope(judge)
    names = [scope.of_account, str(scope)]
    return ServicePause.objects.filter(scope__in=names, until__gt=now).first()


def ask_once(provider: BaseProvider, question: Question) -> tuple[End, float]:
    """One call, on the process's event loop."""
    work = call(provider, question.images, question.text, dict(question.schema))
    seconds = settings.CALL_SECONDS + GRACE
    try:
        return get_loop().wait_for(work, seconds=seconds)
    except TimeoutError:  # it did not heed its own deadline
        late = ProviderError(f"no reply within {seconds:g} seconds", cause=Cause.TIMEOUT)
        return late, seconds


def keep(row: Inquiry, end: End, *, seconds: float, again: Again | None, now: datetime) -> None:
    paid = measure_cost(row.seat.judge, end, estimate=row.estimate_usd)
    row.attempts += 1
    row.cost_usd += paid.usd
    row.cost_estimated = row.cost_estimated or paid.estimated
    row.seconds, row.usage, row.lease_until = seconds, dict(end.usage), None
    scope = find_scope(row.seat.judge)
    if isinstance(end, ProviderError):
        row.status, row.reason = Status.FAILED, str(end)
        pause_for(scope, end, now=now)
    else:
        row.status = {
            Outcome.DONE: Status.DONE,
            Outcome.MALFORMED: Status.MALFORMED,
        }.get(end.status, Status.REFUSED)
        row.answers, row.raw, row.reason = dict(end.data), end.raw, end.reason
        row.model_version, row.finished_at = end.model_version, now
        reopen(scope, now=now)
    row.status = Status.PLANNED if again else row.status
    row.save()


def find_seat(check: str) -> Seat | None:
    """The one judge of the site that answers a check's questions, if there is one."""
    seats = Seat.objects.filter(left_at=None, checks__contains=[check]).select_related("judge")
    return seats.order_by("pk").first()
