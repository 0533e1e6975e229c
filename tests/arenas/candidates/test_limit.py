"""Buckets in a real Valkey, shared by whoever asks."""

import pytest

from arenas.candidates.limit import Limiter, Scope

SCOPE = Scope("gemini", "developer", "nano")


def test_without_a_rate_everything_may_start(broker):
    assert Limiter(broker, {}).take(SCOPE, 64).calls == 64


def test_a_rate_lets_two_seconds_worth_start_at_once_and_says_when_the_next_may(broker):
    grant = Limiter(broker, {"gemini": 300}).take(SCOPE, 64)
    assert grant.calls == 10
    assert grant.wait == pytest.approx(0.2, abs=0.05)


def test_a_slow_rate_still_lets_one_start(broker):
    limiter = Limiter(broker, {"gemini": 2})
    assert limiter.take(SCOPE, 5).calls == 1
    grant = limiter.take(SCOPE, 5)
    assert grant.calls == 0
    assert grant.wait == pytest.approx(30, abs=0.5)


def test_two_workers_share_a_bucket(broker):
    first, second = Limiter(broker, {"gemini": 300}), Limiter(broker, {"gemini": 300})
    assert first.take(SCOPE, 7).calls + second.take(SCOPE, 7).calls == 10


def test_models_and_accounts_have_buckets_of_their_own(broker):
    limiter = Limiter(broker, {"gemini": 60})
    scopes = [SCOPE, Scope("gemini", "developer", "pro"), Scope("gemini", "project:x", "nano")]
    assert [limiter.take(scope, 5).calls for scope in scopes] == [2, 2, 2]


def test_a_models_own_rate_comes_before_its_providers(broker):
    limiter = Limiter(broker, {"gemini": 60, "gemini/nano": 300})
    assert limiter.take(SCOPE, 64).calls == 10


def test_the_operators_rate_comes_before_the_providers_own(broker):
    assert Limiter(broker, {"gemini": 300}).take(SCOPE, 64, rate=60).calls == 10


def test_the_providers_own_rate_holds_where_the_operator_says_nothing(broker):
    assert Limiter(broker, {"openai": 300}).take(SCOPE, 64, rate=60).calls == 2


def test_a_busy_service_lets_nothing_start_for_as_long_as_it_says(broker):
    limiter = Limiter(broker, {})
    limiter.hold(SCOPE, 3)
    grant = limiter.take(SCOPE, 1)
    assert grant.calls == 0
    assert grant.wait == pytest.approx(3, abs=0.1)


def test_a_shorter_wait_does_not_cut_a_longer_one(broker):
    limiter = Limiter(broker, {})
    limiter.hold(SCOPE, 20)
    limiter.hold(SCOPE, 1)
    assert limiter.take(SCOPE, 1).wait > 19
