"""A server that answers everything alike, for answers that the stand-in does not give."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answering:
    """What it says: `post` to calls, `get` to who fetches a picture; and what it was asked."""

    url: str
    post: Any = None
    get: bytes = b""
    get_headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)


@contextmanager
def answer_alike() -> Iterator[Answering]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            head = {"Content-Type": "application/json", **said.headers}
            self.say(said.status, json.dumps(said.post).encode(), head)

        def do_GET(self) -> None:
            said.fetched.append(self.path)
            self.say(302 if said.get_headers else 200, said.get, said.get_headers)

        def say(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    said = Answering(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield said
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
