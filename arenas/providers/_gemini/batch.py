"""Many requests as one job, answered within a day at half the price.

A small job travels inside its request. A larger one is a file, and so are its answers: answers
inside the job cannot be fetched any more when they get too large, although they are billed.
"""

import asyncio
import json
import tempfile
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import IO, Any, Generic, Self, TypeVar

from google import genai
from google.genai import types

from arenas.providers._gemini.client import call, hush_warnings
from arenas.providers._gemini.errors import BadAnswer, explain_error, explain_item
from arenas.providers._http import answer_to_file
from arenas.providers.base import BatchState, Cause, ProviderError, Result

_MOST_INLINE = 20
_LARGEST_INLINE = 15_000_000
_LARGEST_FILE = 2_000_000_000
_PATIENCE = 600  # seconds for all calls of one step: a file of answers may be large
_ENDINGS = {
    "JOB_STATE_FAILED": "The batch job failed; the service does not say why.",
    "JOB_STATE_CANCELLED": "The batch job was cancelled.",
    "JOB_STATE_EXPIRED": "The batch job was not done within the service's time limit.",
}

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


@dataclass(frozen=True, slots=True)
class Reader(Generic[Result]):
    """What a key's response came to, and a response that is out of form."""

    read: Callable[[str, types.GenerateContentResponse], Result | ProviderError]
    refuse: Callable[[str], Result]


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


async def poll(client: genai.Client, job: str, reader: Reader[Result]) -> BatchState[Result]:
    """What became of the job."""
    try:
        async with _patience():
            found = await call(client.aio.batches.get(name=job))
            if not found.done:
                return BatchState(False)
            results = await _fetch(client, found, reader)
    except BadAnswer:
        return BatchState(True, failed="The batch job's answers are not of the form documented.")
    except ProviderError as error:
        if error.cause is Cause.GONE:
            return BatchState(True, failed="The service no longer has this batch job.")
        raise
    failed = _ENDINGS.get(found.state.name if found.state else "", "")
    return BatchState(True, results, failed)


async def _fetch(
    client: genai.Client, job: types.BatchJob, reader: Reader[Result]
) -> Mapping[str, Result | ProviderError]:
    if job.dest and job.dest.file_name:
        results = ResultFile(reader)
        with answer_to_file(_LARGEST_FILE):
            name = job.dest.file_name
            await _sure(client.aio.files.download(file=name, destination=results.file))
        return results.find_places()
    inline = (job.dest and job.dest.inlined_responses) or []
    keyed = [((each.metadata or {}).get("key", ""), each) for each in inline]
    return {key: _read_inline(key, each, reader) for key, each in keyed}


def _read_inline(
    key: str, item: types.InlinedResponse, reader: Reader[Result]
) -> Result | ProviderError:
    if item.response is None:
        return explain_item(item.error.model_dump(exclude_none=True) if item.error else {})
    return reader.read(key, item.response)


class ResultFile(Mapping[str, Result | ProviderError]):
    """The answers of a job in their file: each is read when it is asked for, not before.

    A hundred pictures in 2K are a gigabyte, which nobody wants in memory at once.
    """

    def __init__(self, reader: Reader[Result]) -> None:
        self.file: Any = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this
        self.reader = reader
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

    def __getitem__(self, key: str) -> Result | ProviderError:
        self.file.seek(self.places[key])
        return _read_line(key, self.file.readline(), self.reader)

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)


def _read_line(key: str, line: bytes, reader: Reader[Result]) -> Result | ProviderError:
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
            return reader.refuse(str(failure))
        return failure
    except Exception as error:  # a service may answer anything; the other lines are read
        return reader.refuse(f"{type(error).__name__}: {error}")
    return reader.read(key, response)


def _read_key(line: bytes) -> str:
    """The key of a line, or nothing where the line is broken: its request has no result then."""
    try:
        return str(json.loads(line).get("key", ""))
    except (ValueError, AttributeError):
        return ""


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
