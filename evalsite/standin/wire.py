"""What arrives on the wire and what goes back, as plain values."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

# Headers that carry a key. Tests in the same process see them; no log does.
SECRET = ("authorization", "x-goog-api-key", "api-key")


@dataclass(frozen=True, slots=True)
class Field:
    """One part of a multipart form; `filename` is empty where it is no file."""

    name: str
    data: bytes
    filename: str = ""
    mime: str = "text/plain"

    @property
    def text(self) -> str:
        return self.data.decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came: `body` is its JSON, `fields` its form, `raw` what is neither.

    `size` is the length of its body in bytes, `at` the monotonic time of its arrival.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    raw: bytes = field(repr=False, default=b"")
    body: Any = None
    fields: tuple[Field, ...] = ()
    size: int = 0
    at: float = 0.0

    @property
    def key(self) -> str:
        """The key sent, in whichever of the headers that SDKs use."""
        bearer = self.headers.get("authorization", "").removeprefix("Bearer ").strip()
        return self.headers.get("x-goog-api-key", "").strip() or bearer

    @property
    def base(self) -> str:
        """The address under which the client knows this server."""
        return f"http://{self.headers.get('host', '')}"

    def describe(self) -> dict[str, Any]:
        """The request for a log: without keys, bytes as base64."""
        shown = {name: "…" if name in SECRET else text for name, text in self.headers.items()}
        return {
            "method": self.method, "path": self.path, "headers": shown, "body": self.body,
            "fields": [describe_field(field) for field in self.fields], "at": self.at,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `manner` names how the connection breaks while it is sent, if it does."""

    body: bytes = b""
    status: int = 200
    mime: str = "application/json; charset=UTF-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    manner: str = ""
    pictures: int = 0


def answer_json(content: Any, *, status: int = 200, pictures: int = 0, **headers: str) -> Answer:
    """An answer in JSON. Underscores in the names of headers stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(json.dumps(content).encode(), status, headers=named, pictures=pictures)


def read_body(headers: Mapping[str, str], raw: bytes) -> tuple[Any, tuple[Field, ...]]:
    """The JSON, or the fields of the form. Neither, where the body is something else."""
    mime = headers.get("content-type", "")
    if mime.startswith("multipart/form-data"):
        return None, read_form(mime, raw)
    try:
        return (json.loads(raw) if raw and "json" in mime else None), ()
    except ValueError:
        return None, ()


def read_form(mime: str, raw: bytes) -> tuple[Field, ...]:
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {mime}\r\n\r\n".encode() + raw)
    return tuple(read_field(part) for part in message.iter_parts())


def read_field(part: Any) -> Field:
    name = part.get_param("name", "", "content-disposition")
    data = part.get_payload(decode=True)
    return Field(str(name), bytes(data), part.get_filename() or "", part.get_content_type())


def describe_field(field: Field) -> dict[str, str]:
    content = base64.b64encode(field.data).decode() if field.filename else field.text
    return {"name": field.name, "filename": field.filename, "mime": field.mime, "data": content}


def pick(content: Any, name: str, default: Any = None) -> Any:
    """The value under a camelCase name or its snake_case twin: SDKs send both."""
    if not isinstance(content, dict):
        return default
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return content.get(name, content.get(snake, default))


def decode(text: str) -> bytes:
    """Base64 in either alphabet, which SDKs mix."""
    return base64.b64decode(text.replace("-", "+").replace("_", "/") + "===")
