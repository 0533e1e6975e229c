"""Batches of generateContent calls: pending, running, done after some looks at them."""

import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from evalsite.standin.ask import Ask
from evalsite.standin.faults import Faults, exists
from evalsite.standin.files import File, Files, read_lines, refuse_missing, write_time
from evalsite.standin.refuse import REFUSALS, refuse_google
from evalsite.standin.wire import Answer, Received, answer_json, pick

ENDS = {
    "batch_failed": "FAILED",
    "batch_expired": "EXPIRED",
    "batch_unfetchable": "SUCCEEDED",
}
FAILURE = {"code": 13, "message": "The batch failed."}
TYPE = "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch"


@dataclass(slots=True)
class Batch:
    """One batch. Looks left is how many times it will be seen running."""

    model: str
    display_name: str
    items: list[Any]
    looks: int
    key: str = ""
    from_file: bool = False
    state: str = "PENDING"
    number: str = field(default_factory=lambda: secrets.token_hex(8))
    made_at: str = field(default_factory=lambda: write_time(datetime.now(UTC)))
    output: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"batches/{self.number}"

    @property
    def fault(self) -> str:
        return next((name for name in ENDS if f"[fault:{name}]" in self.display_name), "")

    @property
    def ended(self) -> bool:
        return self.state not in ("PENDING", "RUNNING")

    def describe(self) -> dict[str, Any]:
        metadata: dict[str, Any] = {
            "@type": TYPE, "model": f"models/{self.model}", "displayName": self.display_name,
            "name": self.name, "createTime": self.made_at, "updateTime": self.made_at,
            "state": f"BATCH_STATE_{self.state}",
        }  # fmt: skip
        content: dict[str, Any] = {"name": self.name, "metadata": metadata, "done": self.ended}
        if self.ended:
            metadata["endTime"] = self.made_at
        if self.state == "SUCCEEDED":
            metadata["output"] = content["response"] = self.output
        if self.state in ("FAILED", "EXPIRED"):
            content["error"] = FAILURE
        return content


class Batches:
    """All batches; `call` makes one call to a model."""

    def __init__(
        self, files: Files, faults: Faults, call: Callable[[Ask], Answer], looks: int
    ) -> None:
        self._files = files
        self._faults = faults
        self._call = call
        self._looks = looks
        self._batches: dict[str, Batch] = {}
        self._lock = threading.RLock()

    def create(self, request: Received, model: str) -> Answer:
        asked = pick(request.body, "batch") or {}
        title = pick(asked, "displayName", "")
        fault = self._faults.take(model, title) if exists(model) else "not_found"
        if fault in REFUSALS:
            return refuse_google(fault, key=request.key, model=model)
        source = pick(asked, "inputConfig") or {}
        name = pick(source, "fileName", "")
        file = self._files.get(name)
        if name and not file:
            return refuse_missing(name)
        inline = pick(pick(source, "requests"), "requests") or []
        items = read_lines(bytes(file.data)) if file else inline
        if not items:
            return refuse_google("bad_request", message="The batch has no requests.")
        batch = Batch(model, title, items, self._looks, request.key, from_file=bool(file))
        with self._lock:
            self._batches[batch.name] = batch
        return answer_json(batch.describe())

    def show(self, name: str) -> Answer:
        """One look at a batch, which brings it on."""
        with self._lock:
            batch = self._batches.get(name)
            if batch is None:
                return refuse_missing(name)
            self._advance(batch)
            if batch.fault == "batch_unfetchable" and batch.state == "SUCCEEDED":
                return refuse_google("unavailable")
            return answer_json(batch.describe())

    def list(self) -> Answer:
        """All batches, newest first. Looking at the list brings none of them on."""
        with self._lock:
            batches = [batch.describe() for batch in reversed(self._batches.values())]
        return answer_json({"operations": batches})

    def cancel(self, name: str) -> Answer:
        with self._lock:
            batch = self._batches.get(name)
            if batch is None:
                return refuse_missing(name)
            batch.state = batch.state if batch.ended else "CANCELLED"
        return answer_json({})

    def delete(self, name: str) -> Answer:
        with self._lock:
            gone = self._batches.pop(name, None)
        return answer_json({}) if gone else refuse_missing(name)

    def _advance(self, batch: Batch) -> None:
        if batch.ended:
            return
        if batch.looks:
            batch.looks -= 1
            batch.state = "RUNNING"
            return
        batch.state = ENDS.get(batch.fault, "SUCCEEDED")
        if batch.state == "SUCCEEDED":
            batch.output = self._run(batch)

    def _run(self, batch: Batch) -> dict[str, Any]:
        """The responses, in the order of the requests: inline, or in a file of lines."""
        responses = [self._answer(batch, item) for item in batch.items]
        if not batch.from_file:
            return {"inlinedResponses": {"inlinedResponses": responses}}
        lines = "".join(json.dumps(response) + "\n" for response in responses)
        file = File("application/jsonl", data=bytearray(lines.encode()), generated=True)
        return {"responsesFile": self._files.add(file).name}

    def _answer(self, batch: Batch, item: Any) -> dict[str, Any]:
        named = {name: item[name] for name in ("key", "metadata") if name in item}
        body = pick(item, "request") or {}
        model = str(pick(body, "model") or batch.model).removeprefix("models/")
        answer = self._call(Ask(model, body, key=batch.key))
        content = read_content(answer)
        if answer.status != 200:
            # Without details: the SDK takes none but strings there.
            error = pick(content, "error") or {"code": answer.status, "message": "Bad Gateway"}
            return named | {"error": {name: error[name] for name in ("code", "message")}}
        return named | {"response": content}


def read_content(answer: Answer) -> Any:
    """The JSON of an answer, or nothing where a fault left none."""
    try:
        return json.loads(answer.body)
    except ValueError:
        return {}
