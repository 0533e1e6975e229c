"""How many calls may start now: one bucket per service and model, shared by all workers."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from redis import Redis

# The generic cell rate algorithm (ITU-T I.371): `tat` is when the bucket would be full again.
# The server's clock counts, so that workers need not agree on the time.
TAKE = """
local pause = redis.call('pttl', KEYS[2])
if pause > 0 then return {0, pause} end
local interval, burst, asked = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if interval == 0 then return {asked, 0} end
local time = redis.call('time')
local now = time[1] * 1000 + time[2] / 1000
local tat = math.max(tonumber(redis.call('get', KEYS[1]) or 0), now)
local room = math.floor((now + interval * burst - tat) / interval + 0.000001)
local granted = math.max(0, math.min(asked, room))
if granted > 0 then
  tat = tat + granted * interval
  redis.call('set', KEYS[1], tostring(tat), 'PX', math.ceil(tat - now) + 1000)
end
local wait = 0
if granted < asked then wait = math.max(1, math.ceil(tat + interval - interval * burst - now)) end
return {granted, wait}
"""
BURST_SECONDS = 2.0  # a bucket holds what this long lets through, and one at least


@dataclass(frozen=True, slots=True)
class Scope:
    """What shares a limit: a model of a provider under one account."""

    provider: str
    account: str
    model: str

    def __str__(self) -> str:
        return f"{self.provider}/{self.account}/{self.model}"

    @property
    def of_account(self) -> str:
        """All models that the account pays for: what a refused key closes."""
        return f"{self.provider}/{self.account}"


@dataclass(frozen=True, slots=True)
class Grant:
    """How many of the calls asked for may start, and seconds until the next may (0: at once)."""

    calls: int
    wait: float


class Limiter:
    """Rates by `provider/model` or `provider`, in calls a minute."""

    def __init__(self, broker: Redis, rates: Mapping[str, float]) -> None:
        self.broker = broker
        self.rates = rates
        self.script: Any = broker.register_script(TAKE)

    def take(self, scope: Scope, calls: int, *, rate: float | None = None) -> Grant:
        """Start so many calls, or as many as may start now. `rate` is the provider's own."""
        per_minute = self.rate(scope, rate)
        interval = 60_000 / per_minute if per_minute else 0.0
        burst = max(1.0, BURST_SECONDS * (per_minute or 0) / 60)
        keys = [f"rate:{scope}", f"busy:{scope}"]
        granted, wait = self.script(keys=keys, args=[interval, burst, calls])
        return Grant(int(granted), int(wait) / 1000)

    def rate(self, scope: Scope, otherwise: float | None) -> float | None:
        """Calls a minute: what the operator says of the model, of the provider, or `otherwise`."""
        named = (f"{scope.provider}/{scope.model}", scope.provider)
        return next((self.rates[name] for name in named if name in self.rates), otherwise)

    def hold(self, scope: Scope, seconds: float) -> None:
        """Let no call to the scope start for a while: the service says that it is busy."""
        milliseconds = max(1, int(seconds * 1000))
        key = f"busy:{scope}"
        if self.broker.pttl(key) < milliseconds:
            self.broker.set(key, 1, px=milliseconds)


@cache
def get_limiter(url: str) -> Limiter:
    broker = Redis.from_url(url, socket_timeout=10, health_check_interval=30)
    return Limiter(broker, settings.RATE_LIMITS)
