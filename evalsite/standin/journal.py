"""What arrived, and how many calls there were: for assertions, here and in other processes."""

import json
import threading
from collections import deque
from pathlib import Path
from typing import Any

from evalsite.standin.wire import Answer, Received

NEWEST = 10_000
MOST_BYTES = 256_000_000
LONGEST = 10_000


class Journal:
    """The newest requests, as many as fit; a line of JSON for each in the log, if there is one."""

    def __init__(self, log: Path | None = None) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._entries: deque[Received] = deque()
        self._bytes = self._calls = self._pictured = 0

    def add(self, request: Received) -> None:
        with self._lock:
            self._entries.append(request)
            self._bytes += request.size
            while len(self._entries) > NEWEST or self._bytes > MOST_BYTES:
                self._bytes -= self._entries.popleft().size
            if self._log:
                with self._log.open("a", encoding="utf-8") as file:
                    file.write(write_line(request))

    def count(self, answer: Answer) -> None:
        """One more call to a model, and whether a picture came of it."""
        with self._lock:
            self._calls += 1
            self._pictured += bool(answer.pictures)

    @property
    def entries(self) -> list[Received]:
        with self._lock:
            return list(self._entries)

    @property
    def counts(self) -> dict[str, int]:
        with self._lock:
            return {"calls": self._calls, "pictured": self._pictured}

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._bytes = self._calls = self._pictured = 0


def write_line(request: Received) -> str:
    return json.dumps(abridge(request.describe())) + "\n"


def abridge(content: Any) -> Any:
    """The same with the length of strings in place of the very long: pictures, that is."""
    if isinstance(content, str) and len(content) > LONGEST:
        return f"({len(content)} characters)"
    if isinstance(content, dict):
        return {name: abridge(value) for name, value in content.items()}
    return [abridge(value) for value in content] if isinstance(content, list) else content
