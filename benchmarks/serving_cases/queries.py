"""How many statements a cycle sends to the database: as Django knows it, and as the server does."""

import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from arenas.definitions.models import Arena
from benchmarks.serving_cases.attacks import open_ballot
from benchmarks.serving_cases.browse import HTMX, Browser, find_form

FRAMES = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
LOGGED = re.compile(rb" LOG:  (?:statement|execute [^:]*): *(\S+)")
PATIENCE = 10


def count_queries(arena: Arena, cycles: int = 20) -> tuple[Counter[int], Counter[int], list[str]]:
    """Cycles by their number of queries and of what frames transactions, and the last one's."""
    client = Client(SERVER_NAME="127.0.0.1", enforce_csrf_checks=True)
    page = client.get(f"/arenas/{arena.slug}/vote/")
    queries, frames, last = Counter[int](), Counter[int](), list[str]()
    for _ in range(cycles):
        form = find_form(page.content.decode())
        assert form is not None
        with CaptureQueriesContext(connection) as captured:
            page = client.post(form.path, form.fill("model_a"), headers=HTMX)
        last = [query["sql"] for query in captured]
        framing = sum(sql.startswith(FRAMES) for sql in last)
        queries[len(last) - framing] += 1
        frames[framing] += 1
    return queries, frames, last


def count_logged(arena: Arena, port: int, cycles: int = 100) -> Counter[int]:
    """Cycles by all that the private server logs of them, transactions and probes included."""
    log, counts = Path(os.environ["EVALSITE_LOCAL"]) / "log" / "postgres.log", Counter[int]()
    with log_statements(), Browser(port) as browser:
        form = open_ballot(browser, f"/arenas/{arena.slug}/vote/")
        for _ in range(cycles):
            before = log.stat().st_size
            page = browser.answer(form, form.winners[0])
            counts[len(LOGGED.findall(log.read_bytes()[before:]))] += 1
            form = find_form(page.text) or form
    return counts


@contextmanager
def log_statements() -> Iterator[None]:
    """Every statement of every session is logged meanwhile."""
    set_logging("all")
    try:
        yield
    finally:
        set_logging("none")


def set_logging(value: str) -> None:
    deadline = time.monotonic() + PATIENCE
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER SYSTEM SET log_statement = '{value}'")
        cursor.execute("SELECT pg_reload_conf()")
        while time.monotonic() < deadline:
            cursor.execute("SHOW log_statement")
            if cursor.fetchone() == (value,):
                return
            time.sleep(0.02)
    raise TimeoutError("the database does not take its settings")
