"""The one retry policy: whether a failed try is followed by another, and when."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from arenas.providers.base import Cause, Outcome, ProviderError, Status

# How many tries a candidate gets that end so. A call that ran out of time may have been billed.
TRIES: Mapping[str, int] = {
    Cause.PASSING: 3,
    Cause.TIMEOUT: 2,
    Cause.BUSY: 12,
    Cause.REQUEST: 1,
    Cause.GONE: 1,
    Status.MALFORMED: 3,
    Status.NO_IMAGE: 3,
}
# All together, whatever the mixture; being told to wait is no fault of the candidate's.
MOST_TRIES = 4
UNBLAMED = (Cause.BUSY, Cause.QUOTA, Cause.KEY, Cause.UNREACHABLE)
IN_PROCESS_SECONDS = 30.0  # longer waits are written down, and the place is given to another


@dataclass(frozen=True, slots=True)
class Again:
    """Try again after so many seconds."""

    seconds: float


def decide(
    end: Outcome | ProviderError, tries: Mapping[str, int], *, rng: random.Random
) -> Again | None:
    """What follows a try: another, or None when this was the last word.

    `tries` counts the candidate's tries by how they ended (a cause, or a status), this one
    included. A refusal is a result: it is never asked for again. An account without key or quota
    is waited for however long it takes.
    """
    if isinstance(end, Outcome):
        if not end.try_again:
            return None
        kind: str = end.status
    else:
        kind = end.cause
    blamed = sum(n for how, n in tries.items() if how not in UNBLAMED)
    used_up = kind not in UNBLAMED and blamed >= MOST_TRIES
    if used_up or tries[kind] >= TRIES.get(kind, tries[kind] + 1):
        return None
    asked = end.retry_after if isinstance(end, ProviderError) else None
    if asked is not None and asked >= 1:  # a wish for no wait at all is none
        # A little later than asked, and not all at once.
        return Again(asked + rng.uniform(0.05, 0.05 + min(1.0, 0.3 * asked)))
    return Again(min(2.0 ** min(tries[kind], 6), 60.0) * rng.uniform(0.75, 1.25))
