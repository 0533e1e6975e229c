"""As much of a browser as a rater without pictures needs: cookies, keep-alive, forms.

It is written on bare sockets because its own time is taken from the site that it measures.
"""

import html
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

HOST = "127.0.0.1"
TIMEOUT = 30
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HTMX = {"HX-Request": "true"}

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)
CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.I)
CLOSING = re.compile(rb"\r\nconnection: *close", re.I)
COOKIE = re.compile(rb"\r\nset-cookie: *([^=\s]+)=([^;\r]*)", re.I)
TAG = re.compile(r"<(input|button|textarea)\b([^>]*)>([^<]*)")
ATTRIBUTE = re.compile(r'([\w-]+)(?:="([^"]*)")?')
ALERT = re.compile(r'<[^>]*\brole="alert"[^>]*>([^<]*[^<\s][^<]*)<')
SILENT = {"submit", "button", "image", "reset", "file"}


class Lost(OSError):
    """The connection ended before the whole answer had come."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    text: str

    @property
    def notice(self) -> str:
        """What the page tells the rater to heed, such as why an answer was not taken."""
        found = ALERT.search(self.text)
        return html.unescape(found[1]).strip() if found else ""

    @property
    def accepted(self) -> bool:
        """Whether an answer that was sent has been taken."""
        return self.status == 200 and not self.notice


@dataclass(frozen=True, slots=True)
class Form:
    """The form that answers a ballot: what a browser sends with a click on one of its buttons."""

    path: str
    fields: Mapping[str, str]
    winners: tuple[str, ...]

    @property
    def token(self) -> str:
        return self.fields["token"]

    def fill(self, winner: str, **changes: str) -> dict[str, str]:
        # What the page's script writes at a click.
        seen = {"response_ms": "1500", "tools": "keyboard"}
        written = {name: value for name, value in seen.items() if name in self.fields}
        return {**self.fields, **written, "winner": winner, **changes}


def find_form(page: str) -> Form | None:
    """The form with the buttons named `winner`; None where the page shows no ballot."""
    for block in page.split("<form")[1:]:
        head, _, rest = block.partition(">")
        inside = rest.partition("</form>")[0]
        if 'name="winner"' in inside:
            return read_form(read_attributes(head).get("action", ""), inside)
    return None


def read_form(path: str, inside: str) -> Form:
    fields, winners = {}, []
    for tag, attributes, text in TAG.findall(inside):
        given = read_attributes(attributes)
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "button" or given.get("type") in SILENT:
            winners += [value] if name == "winner" else []
        elif is_sent(given):
            fields[name] = html.unescape(text) if tag == "textarea" else value
    return Form(path, fields, tuple(winners))


def is_sent(given: Mapping[str, str]) -> bool:
    """Whether a browser sends a field that nobody has touched."""
    unchecked = given.get("type") in ("checkbox", "radio") and "checked" not in given
    return bool(given.get("name")) and "disabled" not in given and not unchecked


def read_attributes(text: str) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in ATTRIBUTE.findall(text)}


@dataclass
class Browser:
    """One person's browser. Not for more than one thread at a time; `twin` makes another tab."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    wire: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.close()

    def twin(self) -> "Browser":
        """A second connection with the same cookies."""
        return Browser(self.port, dict(self.cookies))

    def close(self) -> None:
        if self.wire:
            self.wire.close()
            self.wire = None

    def get(self, path: str) -> Reply:
        return self.send("GET", path)

    def answer(self, form: Form, winner: str, *, htmx: bool = True, **changes: str) -> Reply:
        """Click on one of the form's buttons."""
        body = urlencode(form.fill(winner, **changes)).encode()
        return self.send("POST", form.path, body, FORM | HTMX if htmx else FORM)

    def send(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Reply:
        """One request and its answer. Raises OSError where none came, and then reconnects."""
        given = {
            "Host": f"{HOST}:{self.port}",
            "Origin": f"http://{HOST}:{self.port}",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            **(headers or {}),
        }
        if body or method != "GET":
            given["Content-Length"] = str(len(body))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {given[name]}" for name in given)]
        try:
            connected = self._connect()
            connected.sendall("\r\n".join([*lines, "", ""]).encode() + body)
            return self._receive(connected)
        except OSError:
            self.close()
            raise

    def _connect(self) -> socket.socket:
        if self.wire is None:
            self.wire = socket.create_connection((HOST, self.port), TIMEOUT)
            self.wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.wire

    def _receive(self, connected: socket.socket) -> Reply:
        head, body = read_until(connected, b"", b"\r\n\r\n")
        for name, value in COOKIE.findall(head):
            self.cookies[name.decode()] = value.decode()
        length = LENGTH.search(head)
        if length:
            body = read_bytes(connected, body, int(length[1]))
        elif CHUNKED.search(head):
            body = read_chunks(connected, body)
        if CLOSING.search(head):
            self.close()
        return Reply(int(head[9:12]), body.decode(errors="replace"))


def read_until(connected: socket.socket, data: bytes, mark: bytes) -> tuple[bytes, bytes]:
    """What comes before the mark, and what came with it after."""
    while mark not in data:
        data += receive(connected)
    before, _, after = data.partition(mark)
    return before, after


def read_bytes(connected: socket.socket, data: bytes, length: int) -> bytes:
    while len(data) < length:
        data += receive(connected)
    return data[:length]


def read_chunks(connected: socket.socket, data: bytes) -> bytes:
    """A body in chunks, each after a line with its length; the last one is empty."""
    body = b""
    while True:
        line, data = read_until(connected, data, b"\r\n")
        length = int(line.split(b";")[0], 16)
        while len(data) < length + 2:
            data += receive(connected)
        body, data = body + data[:length], data[length + 2 :]
        if length == 0:
            return body


def receive(connected: socket.socket) -> bytes:
    data = connected.recv(65536)
    if not data:
        raise Lost("the server closed the connection")
    return data
