"""The private Valkey: one Unix socket and no file, because the database is the truth."""

import signal
import socket
from pathlib import Path

from evalsite.embedded.places import Owner, make_private_folder
from evalsite.embedded.servers import Server


class Valkey(Server):
    name = "valkey"
    stop_signals = (signal.SIGTERM, signal.SIGKILL)

    def __init__(
        self, home: Path, sockets: Path, log: Path, owner: Owner | None, *, program: Path
    ) -> None:
        super().__init__(home, sockets, log, owner)
        self.program = program
        self.pid_file = self.data / "valkey.pid"
        self.address = self.sockets / "valkey.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.address}?db=0"

    def prepare(self) -> list[str]:
        make_private_folder(self.data, self.owner)
        settings = {
            "port": "0",
            "unixsocket": str(self.address),
            "unixsocketperm": "700",
            "save": "",
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
            "dir": str(self.data),
            "pidfile": str(self.pid_file),
            # The command line stays readable, so that a leftover can be told from a stranger.
            "set-proc-title": "no",
        }
        options = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return [str(self.program), *options]

    def answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            try:
                connection.connect(str(self.address))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
            except OSError:
                return False
