"""The private servers by themselves: where their programs come from, and what they replace."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalsite.embedded import EmbeddedError, binaries
from evalsite.embedded.places import find_owner
from evalsite.embedded.postgres import Postgres
from evalsite.embedded.servers import Server
from evalsite.embedded.valkey import Valkey


@pytest.fixture
def home() -> Iterator[Path]:
    # Not tmp_path, which lies below a folder that the servers' user cannot enter.
    folder = Path(tempfile.mkdtemp(prefix="evalsite-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def make_servers(home: Path, **options: bool) -> list[Server]:
    (home / "sockets").mkdir(exist_ok=True)
    places = (home, home / "sockets", home, find_owner())
    return [
        Postgres(*places, programs=binaries.find_postgres(home, **options)),
        Valkey(*places, program=binaries.find_valkey(home, **options)),
    ]


def test_installed_programs_stand_in_for_the_wheels(home, monkeypatch):
    installed = home / "bin"
    installed.mkdir()
    postgres, valkey = binaries.find_postgres(home), binaries.find_valkey(home)
    for program in (postgres / "postgres", postgres / "initdb"):
        (installed / program.name).symlink_to(program)
    (installed / "redis-server").symlink_to(valkey)
    monkeypatch.setenv("PATH", str(installed))
    for server in make_servers(home, wheel=False):
        server.start()
        assert server.answers()
        server.stop()


def test_a_machine_without_programs_is_told_what_to_do(home, monkeypatch):
    monkeypatch.setenv("PATH", str(home))
    monkeypatch.setattr(binaries, "POSTGRES_FOLDERS", ())
    with pytest.raises(EmbeddedError, match="install one, or set DATABASE_URL"):
        binaries.find_postgres(home, wheel=False)
    with pytest.raises(EmbeddedError, match="install one, or set REDIS_URL"):
        binaries.find_valkey(home, wheel=False)


def test_servers_that_outlived_their_keeper_are_stopped_by_the_next(home):
    outlived, fresh = make_servers(home), make_servers(home)
    for old, new in zip(outlived, fresh, strict=True):
        old.start()
        new.start()
        assert old.has_ended()
        assert new.answers()
        new.stop()
