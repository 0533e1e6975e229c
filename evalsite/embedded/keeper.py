"""Keeps the private services for as long as anybody uses them."""

import json
import logging
import os
import selectors
import signal
import socket
import sys
import time
from pathlib import Path
from typing import NoReturn

from evalsite.embedded.binaries import find_postgres, find_valkey
from evalsite.embedded.places import (
    EmbeddedError,
    find_home,
    find_owner,
    find_sockets,
    keep_secret,
)
from evalsite.embedded.postgres import Postgres
from evalsite.embedded.servers import Server
from evalsite.embedded.valkey import Valkey

TICK_SECONDS = 0.25
FIRST_CLIENT_SECONDS = 10.0
LAST_CLIENT_SECONDS = 1.0
log = logging.getLogger(__name__)


class Keeper:
    """Listens at a socket; starts what a client asks for; ends when all clients have gone.

    A client asks for services by the names of their variables, in one line of JSON, is
    answered by one line with their values, and stays connected for as long as it lives.
    """

    def __init__(self, state: Path) -> None:
        self.state = state
        self.owner = find_owner()
        self.home = find_home(state)
        self.sockets = find_sockets(state)
        self.servers: dict[str, Server] = {}
        self.clients: set[socket.socket] = set()
        self.selector = selectors.DefaultSelector()
        self.leave_at = time.monotonic() + FIRST_CLIENT_SECONDS
        self.listener = self._listen()

    def _listen(self) -> socket.socket:
        address = self.sockets / "keeper.sock"
        address.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        os.umask(0o077)
        listener.bind(str(address))
        listener.listen(128)
        self.selector.register(listener, selectors.EVENT_READ)
        return listener

    def serve(self) -> None:
        """Serve until the last client has gone, or until told to stop."""
        signal.signal(signal.SIGTERM, _leave)
        try:
            while self.clients or time.monotonic() < self.leave_at:
                for key, _ in self.selector.select(TICK_SECONDS):
                    self._attend(key.fileobj)
                self._revive()
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self._close()

    def _attend(self, connection: object) -> None:
        assert isinstance(connection, socket.socket)
        if connection is self.listener:
            client, _ = self.listener.accept()
            self.selector.register(client, selectors.EVENT_READ)
            self.clients.add(client)
            return
        try:
            request = connection.recv(4096)
            if request:
                connection.sendall(json.dumps(self._answer(request)).encode() + b"\n")
        except OSError:
            request = b""
        if not request:
            self._forget(connection)

    def _forget(self, client: socket.socket) -> None:
        self.selector.unregister(client)
        self.clients.discard(client)
        client.close()
        self.leave_at = time.monotonic() + LAST_CLIENT_SECONDS

    def _answer(self, request: bytes) -> dict[str, str]:
        """The variables wanted, with services started for them; or an `error`."""
        try:
            answer = {name: self._provide(name) for name in json.loads(request)}
            return answer | {"SECRET_KEY": keep_secret(self.state / "secret_key")}
        except (EmbeddedError, OSError) as error:
            return {"error": str(error)}
        except Exception as error:  # nobody reads the log unless the client hears of it
            log.exception("cannot answer %s", request)
            return {"error": f"{error!r} (see {self.state / 'log' / 'keeper.log'})"}

    def _provide(self, name: str) -> str:
        if name not in self.servers:
            server = self._make(name)
            server.start()
            self.servers[name] = server
        return self.servers[name].url

    def _make(self, name: str) -> Server:
        places = (self.home, self.sockets, self.state / "log", self.owner)
        if name == "DATABASE_URL":
            return Postgres(*places, programs=find_postgres(self.home))
        return Valkey(*places, program=find_valkey(self.home))

    def _revive(self) -> None:
        """Start again what has died. What cannot start yet is tried again."""
        for server in self.servers.values():
            if server.has_ended():
                log.warning("%s has died: starting it again", server.name)
                try:
                    server.start()
                except (EmbeddedError, OSError) as error:
                    log.error(error)
                    time.sleep(TICK_SECONDS)

    def _close(self) -> None:
        """Stop everything. Whoever is waiting in the queue sees the end and starts anew."""
        self.listener.close()
        for server in self.servers.values():
            server.stop()
        for path in sorted(self.sockets.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        self.sockets.rmdir()


def _leave(*_: object) -> NoReturn:
    sys.exit(0)
