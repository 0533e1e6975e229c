"""The circuit breaker: a refused key or a spent quota closes an account, and it opens by itself."""

from datetime import datetime, timedelta

from django.db import transaction

from arenas.candidates.limit import Scope
from arenas.candidates.models import ServicePause
from arenas.candidates.retry import IN_PROCESS_SECONDS
from arenas.providers.base import Cause, ProviderError

OF_ACCOUNT = (Cause.KEY, Cause.UNREACHABLE)
# After the first, the second … failure in a row, where the service names no time.
FIRST_SECONDS = {Cause.UNREACHABLE: 10.0}
OTHERWISE_FIRST = 60.0
LONGEST = {Cause.KEY: timedelta(minutes=15), Cause.QUOTA: timedelta(hours=6)}


def pause_for(scope: Scope, error: ProviderError, *, now: datetime) -> ServicePause | None:
    """Close what the error says is closed, for all workers; None where nothing is.

    A refused key, and a service that cannot be reached, closes the account; everything else the
    one model.
    """
    if not closes(error):
        return None
    name = scope.of_account if error.cause in OF_ACCOUNT else str(scope)
    with transaction.atomic():
        pause = ServicePause.objects.select_for_update().filter(scope=name).first()
        if pause and pause.until > now:
            return pause  # calls that were under way when it closed
        failures = pause.failures + 1 if pause else 1
        values = {
            "cause": error.cause,
            "reason": str(error),
            "until": now + measure_pause(error, failures),
            "failures": failures,
        }
        pause, _ = ServicePause.objects.update_or_create(
            scope=name, defaults=values, create_defaults={**values, "since": now}
        )
    return pause


def closes(error: ProviderError) -> bool:
    long = (error.retry_after or 0) > IN_PROCESS_SECONDS
    return error.cause in (*OF_ACCOUNT, Cause.QUOTA) or (error.cause == Cause.BUSY and long)


def measure_pause(error: ProviderError, failures: int) -> timedelta:
    """As long as the service says, or twice as long each time, up to a limit."""
    if error.retry_after is not None:
        return timedelta(seconds=error.retry_after)
    first = FIRST_SECONDS.get(error.cause, OTHERWISE_FIRST)
    growing = timedelta(seconds=first * 2 ** min(failures - 1, 20))
    return min(growing, LONGEST.get(error.cause, timedelta(minutes=15)))


def reopen(scope: Scope, *, now: datetime) -> None:
    """The call that tried was answered: what was closed works again."""
    names = [scope.of_account, str(scope)]
    ServicePause.objects.filter(scope__in=names, until__lte=now).delete()
