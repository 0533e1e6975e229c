"""What every batch job goes through, whatever its requests ask for: sent, found again, ended.

Whoever looks after a job may die at any moment: one that may or may not have arrived is found by
its name.
"""

from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db.models import QuerySet

from arenas.candidates.clean import clean
from arenas.candidates.generate import get_loop
from arenas.candidates.limit import Scope
from arenas.candidates.models import SentJob
from arenas.candidates.pause import pause_for
from arenas.candidates.retry import UNBLAMED
from arenas.providers.base import (
    BaseProvider,
    BatchProvider,
    BatchState,
    Cause,
    ProviderError,
    Result,
    make_provider,
)

State = SentJob.State
OPEN_JOBS = 20  # per sender; services limit them, too
LONGEST = timedelta(hours=49)  # services give a job up after 48
LOOK = timedelta(seconds=60)
SENDING_SECONDS = 120.0
PATIENCE = timedelta(seconds=SENDING_SECONDS) + LOOK  # then it is found out whether it arrived
READING_SECONDS = 500.0  # the answers may be a gigabyte
MOST_TRIES = 3  # in batches, before a request goes alone
CANCELLED = "cancelled"

Sent = TypeVar("Sent", bound=SentJob)
Made = TypeVar("Made")
Call = Coroutine[Any, Any, Made]


def deliver(
    job: SentJob, prepare: Callable[[], tuple[BatchProvider, Call[str]]], *, now: datetime
) -> ProviderError | None:
    """Send a job; return why it came to nothing.

    Where it is not known whether it arrived, that is found out later.
    """
    try:
        provider, submitted = prepare()
        name = get_loop().wait_for(submitted, seconds=SENDING_SECONDS)
        if not note_sent(job, name, now=now):  # it was given up meanwhile
            get_loop().wait_for(provider.cancel(name), seconds=SENDING_SECONDS)
    except TimeoutError:
        return None
    except (ProviderError, ValueError, OSError) as error:
        failure = as_provider_error(error)
        return None if failure.cause in (Cause.PASSING, Cause.TIMEOUT) else failure
    return None


def note_sent(job: SentJob, name: str, *, now: datetime) -> bool:
    """Keep the service's id of the job; False where nobody waits for it any more."""
    job.job, job.state = name, State.SENT
    waiting = type(job)._default_manager.filter(pk=job.pk, state=State.SENDING)
    return bool(waiting.update(job=name, state=State.SENT, look_at=now + LOOK))


def close(job: SentJob, reason: str, *, now: datetime) -> None:
    job.state, job.reason, job.ended_at = State.ENDED, reason, now
    job.save()


def find_open(kind: type[Sent], now: datetime) -> QuerySet[Sent]:
    """The jobs that are to be looked after."""
    return kind._default_manager.exclude(state=State.ENDED).filter(look_at__lte=now)


def take_open(kind: type[Sent], now: datetime) -> Iterator[Sent]:
    """The same one by one. Whoever moves its time has the job; nobody else does until then."""
    for pk in find_open(kind, now).values_list("pk", flat=True):
        mine = find_open(kind, now).filter(pk=pk)
        if mine.update(look_at=now + timedelta(seconds=READING_SECONDS)):
            yield kind._default_manager.get(pk=pk)


def look_up(
    job: SentJob,
    connect: Callable[[], BatchProvider],
    poll: Callable[[BatchProvider], Call[BatchState[Result]]],
    *,
    scope: Scope,
    unwanted: bool,
    now: datetime,
) -> BatchState[Result] | ProviderError | None:
    """How a job ended, or why it came to nothing; None while it goes on."""
    loop = get_loop()
    try:
        provider = connect()
        if job.state == State.SENDING:
            found = loop.wait_for(provider.find(str(job.name)), seconds=SENDING_SECONDS)
            if found is None:
                return ProviderError("the batch did not arrive")
            note_sent(job, found, now=now)
        state = loop.wait_for(poll(provider), seconds=READING_SECONDS)
        if state.ended:
            return state
        if unwanted and not job.reason:
            cancel(job, provider)
    except TimeoutError:
        pass
    except (ProviderError, ValueError) as error:
        failure = as_provider_error(error)
        if failure.permanent:
            return failure
        pause_for(scope, failure, now=now)
    type(job)._default_manager.filter(pk=job.pk).update(look_at=now + LOOK)
    return None


def cancel(job: SentJob, provider: BatchProvider) -> None:
    """Ask for the end of a job. A service that refuses that has ended it, or will."""
    with suppress(ProviderError):
        get_loop().wait_for(provider.cancel(job.job), seconds=SENDING_SECONDS)
    type(job)._default_manager.filter(pk=job.pk).update(reason=CANCELLED)


def connect(name: str, model: str, params: dict[str, Any]) -> BatchProvider:
    """Raises ValueError where the provider is gone, or takes no batches any more."""
    provider: BaseProvider = make_provider(name, model, params)
    if not isinstance(provider, BatchProvider):
        raise ValueError(f"{name} takes no batches")
    return provider


def goes_alone(tries: Mapping[str, int], error: ProviderError) -> bool:
    """Whether a request leaves batches, which would not do for it, or did not, some times.

    `tries` are counted by their cause, the last one included. To be told to wait is no failure of
    batches: a refused key must not make all that is sent dearer.
    """
    blamed = sum(n for cause, n in tries.items() if cause not in UNBLAMED)
    return error.permanent or blamed >= MOST_TRIES


def find_wait(error: ProviderError) -> timedelta:
    """How long what was given back waits: a service that is full would be full again at once."""
    return LOOK if error.cause in UNBLAMED else timedelta()


def as_provider_error(error: Exception) -> ProviderError:
    """The error without keys. One of the request's own making does not pass by itself."""
    made = (
        error
        if isinstance(error, ProviderError)
        else ProviderError(str(error), permanent=isinstance(error, ValueError))
    )
    hidden = clean(made)
    assert isinstance(hidden, ProviderError)
    return hidden
