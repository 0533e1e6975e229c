"""The stand-in's HTTP server: `with StandIn() as service:` in tests, a command otherwise."""

import logging
import socket
import sys
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn
from types import TracebackType
from typing import Any, Self

from evalsite.standin.pictures import PADDING, make_padding
from evalsite.standin.refuse import refuse_google
from evalsite.standin.send import LONGEST, MANNERS, send_whole
from evalsite.standin.service import Options, Service
from evalsite.standin.wire import Answer, Received, answer_json, read_body

MOST_CONNECTIONS = 256
MOST_BODY = 120_000_000
CHUNK = 1_000_000
REASONS = {status.value: status.phrase for status in HTTPStatus}

logger = logging.getLogger(__name__)


class Handler(BaseHTTPRequestHandler):
    """One connection, request after request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = LONGEST
    server: "Server"

    def serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MOST_BODY or "Transfer-Encoding" in self.headers:
            self.discard(length)
            return self.send(refuse_google("too_large"))
        return self.send(self.server.answer(self.receive(length)))

    do_GET = do_POST = do_DELETE = serve  # noqa: N815

    def receive(self, length: int) -> Received:
        at = time.monotonic()
        headers = {name.lower(): value for name, value in self.headers.items()}
        raw = self.rfile.read(length)
        body, fields = read_body(headers, raw)
        kept = b"" if body is not None or fields else raw
        return Received(self.command, self.path, headers, kept, body, fields, length, at)

    def discard(self, length: int) -> None:
        """Read the body all the same: who is still sending would not see the answer."""
        self.close_connection = True
        while length > 0 and self.rfile.read(min(length, CHUNK)):
            length -= CHUNK

    def send(self, answer: Answer) -> None:
        self.close_connection |= bool(answer.manner)
        pieces = self.server.pad(answer.body)
        send = MANNERS.get(answer.manner, send_whole)
        send(self.connection, self.make_head(answer, sum(map(len, pieces))), pieces)

    def make_head(self, answer: Answer, length: int) -> bytes:
        headers = {"Content-Type": answer.mime, "Content-Length": str(length), **answer.headers}
        if self.close_connection:
            headers["Connection"] = "close"
        lines = [f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def log_message(self, format: str, *args: Any) -> None:
        """The journal knows it."""


class Server(ThreadingMixIn, TCPServer):
    """A thread for each connection, up to a number; beyond it connections are closed at once."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = MOST_CONNECTIONS

    def __init__(self, address: tuple[str, int], service: Service) -> None:
        super().__init__(address, Handler)
        self.service = service
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        size = service.options.answer_bytes
        self._padding = make_padding(size) if size else b""

    def answer(self, request: Received) -> Answer:
        try:
            return self.service.answer(request)
        except Exception as error:  # whatever a strange request trips over, the client is told
            logger.exception("the stand-in failed at %s %s", request.method, request.path)
            return answer_json({"error": {"code": 500, "message": repr(error)}}, status=500)

    def pad(self, body: bytes) -> list[bytes]:
        """The body in pieces, with the padding where a picture is marked for it."""
        if not self._padding:
            return [body]
        first, *others = body.split(PADDING.encode())
        return [first, *(piece for other in others for piece in (self._padding, other))]

    def verify_request(self, request: Any, client_address: Any) -> bool:
        with self._lock:
            room = len(self._open) < MOST_CONNECTIONS
            if room:
                self._open.add(request)
        return room

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients may go whenever they like; anything else is a fault of this program."""
        if not isinstance(sys.exc_info()[1], OSError):
            logger.exception("the stand-in failed")

    def close_connections(self) -> None:
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # gone already


class StandIn:
    """The running service, from entering to leaving the `with` block."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        latency: float = 0.0,
        size: tuple[int, int] = (256, 256),
        answer_bytes: int = 0,
        keys: set[str] | None = None,
        batch_looks: int = 1,
        log: Path | None = None,
    ) -> None:
        options = Options(latency, size, answer_bytes, keys, batch_looks, log)
        self._service = Service(options)
        self._server = Server((host, port), self._service)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def received(self) -> list[Received]:
        """The requests so far, oldest first."""
        return self._service.journal.entries

    @property
    def counts(self) -> dict[str, int]:
        return self._service.journal.counts

    def clear(self) -> None:
        """Forget what was received, and begin to count faults anew."""
        self._service.journal.clear()
        self._service.faults.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._service.stopping.set()
        self._server.shutdown()
        self._server.close_connections()
        self._server.server_close()
        self._thread.join()
