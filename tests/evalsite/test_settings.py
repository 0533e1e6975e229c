import os
import subprocess
import sys
from pathlib import Path

import pytest

from evalsite.settings import read_broker_url, read_database_url
from tests.factories import ROOT


def start(**environment: str) -> "subprocess.CompletedProcess[str]":
    """Load the settings in a process with this environment alone."""
    return subprocess.run(
        [sys.executable, "-c", "import evalsite.settings as s; print(s.SECRET_KEY)"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_refuses_to_start_without_a_secret() -> None:
    done = start(DATABASE_URL="postgresql://localhost/x")
    assert done.returncode != 0
    assert "SECRET_KEY is not set" in done.stderr


def test_a_secret_is_read_from_the_file_that_is_named(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from-a-file")
    done = start(DATABASE_URL="postgresql://localhost/x", SECRET_KEY_FILE=str(file))
    assert done.stdout.strip() == "from-a-file"


def test_a_database_url_may_name_a_socket() -> None:
    found = read_database_url("postgresql://me:pw@/site?host=/tmp/a")
    assert (found["NAME"], found["USER"], found["HOST"]) == ("site", "me", "/tmp/a")


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("redis://host:6379/2", "redis://host:6379/2"),
        ("unix:///tmp/a/v.sock?db=3", "redis+socket:///tmp/a/v.sock?virtual_host=3"),
    ],
)
def test_a_broker_url_is_spelt_as_celery_wants_it(url: str, broker: str) -> None:
    assert read_broker_url(url) == broker
