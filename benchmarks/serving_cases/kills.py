"""Raters answer while the web server, or the database, is killed again and again."""

import os
import random
import signal
import time

from django.db import connection

from arenas.definitions.models import Arena
from benchmarks.serving_cases import world
from benchmarks.serving_cases.load import Seen, rate_during
from benchmarks.serving_cases.machine import WebServer, find_postmaster

PATIENCE = 60
VOTES = 60  # at most so many between two kills


def kill_site(arena: Arena, server: WebServer, kills: int, raters: int) -> str:
    """SIGKILL to the web server's whole group at any moment, and a new one at once."""
    rng, before = random.Random(1), world.count_votes(arena)

    def work() -> None:
        for _ in range(kills):
            await_votes(arena, rng.randint(1, VOTES))
            server.kill()
            server.start()

    path = f"/arenas/{arena.slug}/vote/"
    seen = rate_during(work, raters, server.port, path, patient=True)
    return f"{kills} SIGKILLs of the web server, {raters} raters: {account(arena, seen, before)}"


def kill_database(arena: Arena, server: WebServer, kills: int, raters: int) -> str:
    """The database stops as in a crash; its keeper starts it again."""
    rng, before = random.Random(1), world.count_votes(arena)

    def work() -> None:
        for _ in range(kills):
            await_votes(arena, rng.randint(1, VOTES))
            os.kill(find_postmaster(), signal.SIGQUIT)
            connection.close()
            await_database()
        await_votes(arena, VOTES)

    path = f"/arenas/{arena.slug}/vote/"
    seen = rate_during(work, raters, server.port, path, patient=True)
    return f"{kills} crashes of PostgreSQL, {raters} raters: {account(arena, seen, before)}"


def await_votes(arena: Arena, number: int) -> None:
    """Let the raters answer so often, so that a kill comes amid their answers."""
    wanted, deadline = world.count_votes(arena) + number, time.monotonic() + PATIENCE
    while world.count_votes(arena) < wanted and time.monotonic() < deadline:
        time.sleep(0.005)


def await_database() -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            connection.ensure_connection()
            return
        except Exception:  # whatever the driver says of a server that starts
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def account(arena: Arena, seen: Seen, before: int) -> str:
    """What became of the answers that the raters were told of."""
    stored = world.count_votes(arena) - before
    troubles = dict(seen.troubles.most_common(3))
    return (
        f"{len(seen.answered)} answers taken, {stored} votes stored, "
        f"{world.find_lost(seen.answered)} lost (target 0), {world.count_doubled(arena)} doubled "
        f"(target 0); {seen.retries} sent again, refused: {troubles}"
    )
