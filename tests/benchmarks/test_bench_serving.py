"""The load and the attacks of the serving benchmarks, small, on the tests' own server."""

import os
import random
import time
from pathlib import Path
from typing import Any

import pytest

from arenas.definitions.models import Arena
from benchmarks.leaderboard import add_votes
from benchmarks.serving_cases import attacks, nonsense, world
from benchmarks.serving_cases.browse import find_form
from benchmarks.serving_cases.load import rate_during
from benchmarks.serving_cases.machine import read_cpu
from benchmarks.serving_cases.queries import count_queries
from tests.factories import make_world

PAGE = """
<form action="/undo/"><input type="hidden" name="token" value="other"></form>
<p role="alert" hidden></p>
<form method="post" action="/vote/?a=1&amp;b=2"><input type="hidden" name="token" value="t&quot;">
<input type="checkbox" name="reasons" value="blurred"><input name="response_ms" value="">
<textarea name="comment">so &lt;so</textarea><button name="winner" value="tie">Equal</button></form>
"""


@pytest.fixture
def port(live_server: Any) -> int:
    return int(live_server.thread.port)


@pytest.fixture
def arena(transactional_db: None, tmp_path: Path) -> Arena:
    return make_world(tmp_path)


def test_a_form_is_read_as_a_browser_would_send_it() -> None:
    form = find_form(PAGE)
    assert form is not None
    assert (form.path, form.winners) == ("/vote/?a=1&b=2", ("tie",))
    sent = {"token": 't"', "response_ms": "1500", "comment": "so <so", "winner": "tie"}
    assert form.fill("tie") == sent


def test_raters_without_pause_lose_no_vote(arena: Arena, port: int) -> None:
    def work() -> None:
        deadline = time.monotonic() + 30
        while world.count_votes(arena) < 12 and time.monotonic() < deadline:
            pass

    seen = rate_during(work, 2, port, f"/arenas/{arena.slug}/vote/")
    assert seen.troubles == {}
    assert len(seen.answered) == len(seen.seconds) == world.count_votes(arena) >= 12
    assert (world.find_lost(seen.answered), world.count_doubled(arena)) == (0, 0)


def test_an_answer_that_is_not_in_the_table_is_found_lost(db: None) -> None:
    assert world.find_lost([("never given", "tie")]) == 1


def test_concurrent_submits_count_once(arena: Arena, port: int) -> None:
    assert "4 votes (target 4), 0 doubled, 0 server errors" in attacks.submit_together(
        arena, port, 4
    )


def test_no_token_is_accepted_that_should_not_be(arena: Arena, port: int) -> None:
    report = attacks.present_tokens(arena, port, 1)
    assert report.count(" 0 accepted, 0 first answers changed, 0 server errors") == 4


def test_each_kind_of_nonsense_is_refused(arena: Arena, port: int) -> None:
    report = nonsense.send_nonsense(arena, port, 25)
    assert "0 stored (target 0), 0 server errors" in report


def test_no_spoilt_token_is_the_token() -> None:
    rng = random.Random(1)
    assert "aBcDeF12" not in {attacks.spoil("aBcDeF12", rng) for _ in range(200)}


def test_past_votes_are_filled_in(db: None) -> None:
    arena = world.make_world(3, 2)
    add_votes(arena, 50, 5)
    assert (world.count_votes(arena), world.count_doubled(arena)) == (50, 0)


def test_the_queries_of_a_cycle_are_counted(arena: Arena) -> None:
    queries, frames, last = count_queries(arena, cycles=1)
    assert len(last) == sum(queries) + sum(frames)
    assert any("arenas_vote" in sql for sql in last)


def test_the_cpu_of_a_process_is_read() -> None:
    before = read_cpu(os.getpid())
    deadline = time.process_time() + 0.05
    while time.process_time() < deadline:
        pass
    assert read_cpu(os.getpid()) >= before + 0.03
