"""A real worker of the queue of checks, with a hostile file among the pictures."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.core.files.storage import default_storage
from redis import Redis

from arenas.images.models import Image
from metrics.results.models import CheckResult
from metrics.tasks import find_missing_checks
from tests.factories import ROOT, database_url, huge_png, make_world

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 90


@pytest.fixture
def _worker(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[None]:
    """A worker on this test's database, broker and media; killed at the end, with its children."""
    monkeypatch.setenv("DATABASE_URL", database_url())
    monkeypatch.setenv("MEDIA_ROOT", str(settings.MEDIA_ROOT))
    command = (sys.executable, "-m", "celery", "-A", "evalsite", "worker", "-Q", "checks", "-c1")
    with Redis.from_url(site.REDIS_URL) as broker:
        broker.flushdb()
        process = subprocess.Popen(
            [*command, "--loglevel", "ERROR", "--without-gossip", "--without-mingle"],
            cwd=ROOT,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        yield
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        broker.flushdb()


@pytest.mark.usefixtures("_worker")
def test_a_worker_measures_all_and_gives_a_reason_for_a_bomb(tmp_path: Path) -> None:
    make_world(tmp_path, checks=["technical"])
    bombed = Image.objects.order_by("pk")[2]
    Path(default_storage.path(bombed.path)).write_bytes(huge_png())
    assert find_missing_checks() == 9
    deadline = time.monotonic() + PATIENCE
    while CheckResult.objects.count() < 9:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    reason = CheckResult.objects.exclude(not_measurable="").get()
    assert reason.candidate.parts.get().image == bombed
    assert "more than 25 megapixels" in reason.not_measurable
    measured = CheckResult.objects.filter(not_measurable="")
    assert all(result.cpu_seconds and result.fingerprints for result in measured)
