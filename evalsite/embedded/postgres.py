"""The private PostgreSQL: one Unix socket, one user, one database."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

from evalsite.embedded.places import (
    EmbeddedError,
    Owner,
    keep_secret,
    make_private_folder,
    replace_file,
)
from evalsite.embedded.servers import Server

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
}
# For throw-away data only: a power cut may lose or spoil them.
FAST_SETTINGS = {"fsync": "off", "full_page_writes": "off"}


class Postgres(Server):
    name = "postgres"
    stop_signals = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)

    def __init__(
        self, home: Path, sockets: Path, log: Path, owner: Owner | None, *, programs: Path
    ) -> None:
        super().__init__(home, sockets, log, owner)
        self.programs = programs
        self.pid_file = self.data / "postmaster.pid"
        self.password = keep_secret(home / "postgres.password")

    @property
    def url(self) -> str:
        return f"postgresql://evalsite:{self.password}@/evalsite?host={self.sockets}"

    def prepare(self) -> list[str]:
        if not self.data.exists():
            self._make_data()
        settings = SETTINGS | {"unix_socket_directories": str(self.sockets)}
        if os.environ.get("EVALSITE_LOCAL_FAST"):
            settings |= FAST_SETTINGS
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [str(self.programs / "postgres"), "-D", str(self.data), *options]

    def answers(self) -> bool:
        # The import takes longer than the server's start: it goes on meanwhile.
        import psycopg  # noqa: PLC0415

        try:
            with psycopg.connect(
                self.url, dbname="postgres", connect_timeout=5, autocommit=True
            ) as connection:
                known = "SELECT 1 FROM pg_database WHERE datname = 'evalsite'"
                if connection.execute(known).fetchone() is None:
                    connection.execute("CREATE DATABASE evalsite")
        except psycopg.OperationalError:
            return False
        return True

    def _make_data(self) -> None:
        """Make the data folder whole or not at all: a start may be killed at any moment."""
        unfinished = self.data.with_name("postgres.new")
        if unfinished.exists():
            shutil.rmtree(unfinished)
        make_private_folder(unfinished, self.owner)
        password = self.sockets / "password"
        replace_file(password, self.password)
        if self.owner:
            os.chown(password, self.owner.uid, self.owner.gid)
        self.run([*self._initdb(), "-D", str(unfinished), f"--pwfile={password}"])
        password.unlink()
        unfinished.rename(self.data)

    def _initdb(self) -> list[str]:
        options = ["--username=evalsite", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
        if self._read_version() >= 17:
            # Knows letters beyond ASCII, and is the same on every machine.
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        return [str(self.programs / "initdb"), *options, "--no-sync", "--no-instructions"]

    def _read_version(self) -> int:
        asked = [str(self.programs / "postgres"), "--version"]
        answer = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
        version = re.search(r"\d+", answer)
        if version is None:
            raise EmbeddedError(f"{self.programs / 'postgres'} does not run on this machine")
        return int(version.group())
