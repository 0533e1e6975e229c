"""Many requests as one job, answered within a day at half the price.

A small job travels inside its request. A larger one is a file, and so are its answers: answers
inside the job cannot be fetched any more when they get too large, although they are billed.
"""

import asyncio
import json
import tempfile
import weakref
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import IO, Any, Self, TypeVar

from google import genai
from google.genai import types

from arenas.providers._gemini.answers import read_answer, refuse_form
from arenas.providers._gemini.client import call, hush_warnings
from arenas.providers._gemini.conversation import make_outcome
from arenas.providers._gemini.errors import BadAnswer, explain_error, explain_item
from arenas.providers._http import answer_to_file
from arenas.providers.base import BatchState, Cause, Outcome, ProviderError

_MOST_INLINE = 20
_LARGEST_INLINE = 15_000_000
_LARGEST_FILE = 2_000_000_000
_PATIENCE = 600  # seconds for all calls of one step: a file of answers may be large
_ENDINGS = {
    "JOB_STATE_FAILED": "The batch job failed; the service does not say why.",
    "JOB_STATE_CANCELLED": "The batch job was cancelled.",
    "JOB_STATE_EXPIRED": "The batch job was not done within the service's time limit.",
}

Result = Outcome | ProviderError
Returned = TypeVar("Returned")


@dataclass(frozen=True, slots=True)
class Item:
    """One request of a job."""

    key: str
    content: types.Content
    config: types.GenerateContentConfig

    def to_line(self) -> bytes:
        """The request as the service's files hold it: one line of JSON."""
        config = self.config.model_dump(mode="json", by_alias=True, exclude_none=True)
        system = config.pop("systemInstruction", None)
        request = {
            "contents": [self.content.model_dump(mode="json", by_alias=True, exclude_none=True)],
            "generationConfig": config,
            **({"systemInstruction": {"parts": [{"text": system}]}} if system else {}),
        }
        return json.dumps({"key": self.key, "request": request}).encode() + b"\n"

    def to_inline(self, model: str) -> types.InlinedRequest:
        return types.InlinedRequest(
            model=model,
            contents=[self.content],
            config=self.config,
            metadata={"key": self.key},
        )


async def submit(client: genai.Client, model: str, items: list[Item], *, name: str) -> str:
    """Send the items as one job called `name`; its id."""
    with tempfile.TemporaryFile() as file:
        for item in items:
            file.write(item.to_line())
        size = file.tell()
        file.seek(0)
        async with _patience():
            source: Any = [item.to_inline(model) for item in items]
            if len(items) > _MOST_INLINE or size >= _LARGEST_INLINE:
                source = await _upload(client, file, name)
            config = types.CreateBatchJobConfig(display_name=name)
            job = await _sure(client.aio.batches.create(model=model, src=source, config=config))
    return job.name or ""


async def _upload(client: genai.Client, file: IO[bytes], name: str) -> str:
    config = types.UploadFileConfig(display_name=name, mime_type="jsonl")
    uploaded = await _sure(client.aio.files.upload(file=file, config=config))  # type: ignore[arg-type]
    return uploaded.name or ""


async def find(client: genai.Client, name: str) -> str | None:
    """The id of the job of this name; names are the caller's, and unique."""

    async def search() -> str | None:
        async for job in await client.aio.batches.list(config={"page_size": 100}):
            if job.display_name == name:
                return job.name
        return None

    async with _patience():
        return await _sure(search())


async def cancel(client: genai.Client, job: str) -> None:
    async with _patience():
        try:
            await _sure(client.aio.batches.cancel(name=job))
        except ProviderError as error:
            if error.cause is not Cause.GONE:  # then it is the job that is gone, not the model
                raise


async def poll(client: genai.Client, job: str, details: Mapping[str, Any]) -> BatchState:
    """What became of the job; `details` go with every outcome."""
    try:
        async with _patience():
            found = await call(client.aio.batches.get(name=job))
            if not found.done:
                return BatchState(False)
            results = await _fetch(client, found, {**details, "batch": job})
    except BadAnswer:
        return BatchState(True, failed="The batch job's answers are not of the form documented.")
    except ProviderError as error:
        if error.cause is Cause.GONE:
            return BatchState(True, failed="The service no longer has this batch job.")
        raise
    failed = _ENDINGS.get(found.state.name if found.state else "", "")
    return BatchState(True, results, failed)


async def _fetch(
    client: genai.Client, job: types.BatchJob, details: dict[str, Any]
) -> Mapping[str, Result]:
    if job.dest and job.dest.file_name:
        results = ResultFile(details)
        with answer_to_file(_LARGEST_FILE):
            name = job.dest.file_name
            await _sure(client.aio.files.download(file=name, destination=results.file))
        return results.find_places()
    inline = (job.dest and job.dest.inlined_responses) or []
    return {(each.metadata or {}).get("key", ""): _read_inline(each, details) for each in inline}


def _read_inline(item: types.InlinedResponse, details: dict[str, Any]) -> Result:
    if item.response is None:
        return explain_item(item.error.model_dump(exclude_none=True) if item.error else {})
    return _conclude(item.response, details)


class ResultFile(Mapping[str, Result]):
    """The answers of a job in their file: each is read when it is asked for, not before.

    A hundred pictures in 2K are a gigabyte, which nobody wants in memory at once.
    """

    def __init__(self, details: dict[str, Any]) -> None:
        self.file: Any = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this
        self.details = details
        self.places: dict[str, int] = {}
        weakref.finalize(self, self.file.close)

    def find_places(self) -> Self:
        """Note where each key's line begins."""
        self.file.seek(0)
        place = 0
        for line in self.file:
            if key := _read_key(line):
                self.places[key] = place
            place += len(line)
        return self

    def __getitem__(self, key: str) -> Result:
        self.file.seek(self.places[key])
        return _read_line(self.file.readline(), self.details)

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)


def _read_line(line: bytes, details: dict[str, Any]) -> Result:
    try:
        item = json.loads(line)
        if "response" not in item:
            return explain_item(item.get("error") or {})
        hush_warnings()
        # Newer fields than the SDK knows must not make an answer unreadable.
        response = types.GenerateContentResponse.model_validate(item["response"], extra="ignore")
    except ValueError as error:
        failure = explain_error(error)
        if isinstance(failure, BadAnswer):
            return make_outcome((refuse_form(str(failure)),), details)
        return failure
    except Exception as error:  # a service may answer anything; the other lines are read
        return make_outcome((refuse_form(f"{type(error).__name__}: {error}"),), details)
    return _conclude(response, details)


def _read_key(line: bytes) -> str:
    """The key of a line, or nothing where the line is broken: its request has no result then."""
    try:
        return str(json.loads(line).get("key", ""))
    except (ValueError, AttributeError):
        return ""


def _conclude(response: types.GenerateContentResponse, details: dict[str, Any]) -> Outcome:
    return make_outcome((read_answer(response, turn=0),), details)


@asynccontextmanager
async def _patience() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_PATIENCE):
            yield
    except TimeoutError:
        reason = f"the service did not answer within {_PATIENCE} seconds"
        raise ProviderError(reason, cause=Cause.TIMEOUT) from None


async def _sure(answer: Awaitable[Returned]) -> Returned:
    """Await a call that has no outcome of its own: an answer out of form is a failure."""
    try:
        return await call(answer)
    except BadAnswer as error:
        failure = ProviderError("the answer is not of the form documented", raw_reason=str(error))
    raise failure
