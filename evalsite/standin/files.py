"""The Files API of the Gemini Developer API: upload in steps, describe, download."""

import json
import secrets
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from evalsite.standin.refuse import refuse_google
from evalsite.standin.wire import Answer, Received, answer_json, pick

LIFETIME = timedelta(hours=48)


@dataclass(slots=True)
class File:
    """An uploaded file, or the responses of a batch."""

    mime: str
    display_name: str = ""
    data: bytearray = field(default_factory=bytearray)
    number: str = field(default_factory=lambda: secrets.token_hex(6))
    made_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    generated: bool = False

    @property
    def name(self) -> str:
        return f"files/{self.number}"

    def describe(self, base: str) -> dict[str, Any]:
        url = f"{base}/v1/{self.name}"
        described = {
            "name": self.name, "displayName": self.display_name, "mimeType": self.mime,
            "sizeBytes": str(len(self.data)), "createTime": write_time(self.made_at),
            "expirationTime": write_time(self.made_at + LIFETIME), "uri": url, "state": "ACTIVE",
            "source": "GENERATED" if self.generated else "UPLOADED",
        }  # fmt: skip
        return described | ({"downloadUri": f"{url}:download"} if self.generated else {})


class Files:
    def __init__(self) -> None:
        self._files: dict[str, File] = {}
        self._lock = threading.Lock()

    def add(self, file: File) -> File:
        with self._lock:
            self._files[file.name] = file
        return file

    def get(self, name: str) -> File | None:
        with self._lock:
            return self._files.get(name)

    def delete(self, name: str) -> Answer:
        with self._lock:
            gone = self._files.pop(name, None)
        return answer_json({}) if gone else refuse_missing(name)

    def begin(self, request: Received) -> Answer:
        """The first step: the answer's header says where the bytes go."""
        described = pick(request.body, "file") or {}
        mime = request.headers.get("x-goog-upload-header-content-type", "")
        mime = mime or pick(described, "mimeType", "application/octet-stream")
        file = self.add(File(mime, pick(described, "displayName", "")))
        url = f"{request.base}/upload/v1/{file.name}"
        return answer_json({}, X_Goog_Upload_URL=url, X_Goog_Upload_Status="active")

    def append(self, request: Received, name: str) -> Answer:
        """A further step: some bytes, and with the last of them the finished file."""
        file = self.get(name)
        if file is None:
            return refuse_missing(name)
        if int(request.headers.get("x-goog-upload-offset", "0")) != len(file.data):
            return refuse_google("bad_request", message="The offset is not where the upload is.")
        file.data += request.raw
        if "finalize" not in request.headers.get("x-goog-upload-command", ""):
            return answer_json({}, X_Goog_Upload_Status="active")
        return answer_json({"file": file.describe(request.base)}, X_Goog_Upload_Status="final")

    def show(self, request: Received, name: str) -> Answer:
        file = self.get(name)
        return answer_json(file.describe(request.base)) if file else refuse_missing(name)

    def list(self, request: Received) -> Answer:
        with self._lock:
            files = [file.describe(request.base) for file in self._files.values()]
        return answer_json({"files": files})

    def download(self, name: str) -> Answer:
        file = self.get(name)
        return Answer(bytes(file.data), mime=file.mime) if file else refuse_missing(name)


def refuse_missing(name: str) -> Answer:
    return refuse_google("not_found", message=f"{name} does not exist, or is not yours.")


def read_lines(data: bytes) -> list[Any]:
    return [json.loads(line) for line in data.decode().splitlines() if line.strip()]


def write_time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
