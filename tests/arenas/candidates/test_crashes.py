"""Real workers, killed without warning while they work: nothing is lost, nothing is made twice."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from io import StringIO

import pytest
from django.conf import settings as site
from django.core.management import call_command
from django.db.models import Count, F
from redis import Redis

from arenas.candidates.models import Candidate
from arenas.candidates.plan import plan_candidates
from arenas.candidates.tasks import sweep
from arenas.competitors.models import Competitor
from tests.factories import NOW, ROOT, database_url, make_arena, make_suite

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 60
KILLS = 10
# Loading the site takes seconds; a worker that is forked from there is killed as any other.
NEST = """
import os, signal, sys
from evalsite.celery import app
from evalsite.lifeline import die_with_parent

app.loader.import_default_modules()
import arenas.providers.procedural
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the killed are nobody's zombies
options = ["-c2", "--loglevel", "ERROR", "--without-gossip", "--without-mingle"]
for queue in iter(sys.stdin.readline, ""):
    pid = os.fork()
    if pid:
        os.setpgid(pid, pid)
        print(pid, flush=True)
    else:
        die_with_parent()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        app.worker_main(["worker", "-Q", queue.strip(), *options])
"""


@pytest.fixture(autouse=True)
def _workers_see_this_test(monkeypatch, settings):
    """Workers started from here use this test's database, broker and media."""
    monkeypatch.setenv("DATABASE_URL", database_url())
    monkeypatch.setenv("MEDIA_ROOT", str(settings.MEDIA_ROOT))
    with Redis.from_url(site.REDIS_URL) as broker:
        broker.flushdb()
        yield
        broker.flushdb()


@pytest.fixture
def nest():
    """A process that has loaded the site, and forks a worker for each name of a queue it reads."""
    with subprocess.Popen(
        [sys.executable, "-c", NEST],
        cwd=ROOT,
        text=True,
        bufsize=1,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        yield process
        process.kill()


@contextmanager
def workers(nest):
    """A worker that generates and one that opens images; killed at the end, all of both."""
    started = [start_worker(nest, queue) for queue in ("generate", "images")]
    try:
        yield
    finally:
        for group in started:
            os.killpg(group, signal.SIGKILL)


def start_worker(nest, queue):
    """A worker of two processes in a group of its own, which it returns."""
    print(queue, file=nest.stdin)
    return int(nest.stdout.readline())


def until(condition):
    """Poll until it holds, and look for lost work meanwhile as the scheduler does."""
    deadline, swept = time.monotonic() + PATIENCE, time.monotonic()
    while not condition():
        assert time.monotonic() < deadline
        if time.monotonic() - swept > site.SWEEP_SECONDS:
            sweep()
            swept = time.monotonic()
        time.sleep(0.01)


def count(status):
    return Candidate.objects.filter(status=status).count()


def make_procedural_arena(folder, prompts, **params):
    for name in ("ant", "bee"):
        Competitor.objects.create(
            name=name, provider="procedural", model=name, params={"size": 64, **params}
        )
    return make_arena(make_suite(folder, prompts), ["ant", "bee"])


def test_workers_killed_ten_times_lose_nothing_and_make_nothing_twice(tmp_path, nest):
    plan_candidates(make_procedural_arena(tmp_path, prompts=50), today=NOW.date())
    sweep()
    for _ in range(KILLS):
        before = count("done")
        with workers(nest):
            until(lambda before=before: count("done") > before and count("running"))
    with workers(nest):
        until(lambda: count("done") == 100)
    numbered = Candidate.objects.annotate(
        tries=Count("attempts", distinct=True), made=Count("parts", distinct=True)
    )
    assert not numbered.exclude(tries=F("attempts_made")).exists()
    assert not numbered.exclude(made=1).exists()
    assert not Candidate.objects.exclude(status="done").exists()
    assert sum(candidate.tries for candidate in numbered) > 100


def test_generate_and_wait_brings_a_worker_of_its_own_and_says_how_all_ended(tmp_path):
    make_procedural_arena(tmp_path, prompts=3)
    said = StringIO()
    call_command("generate", "small", wait=True, stdout=said)
    assert said.getvalue().splitlines() == ["6 candidates planned, 6 queued", "6 done"]
    assert count("done") == 6


def test_generate_and_wait_exits_with_1_when_some_failed(tmp_path):
    make_procedural_arena(tmp_path, prompts=1, size=1)
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("generate", "small", wait=True, stdout=StringIO(), stderr=said)
    assert ended.value.code == 1
    assert "prompt-0 by ant #0 failed: size must be" in said.getvalue()
