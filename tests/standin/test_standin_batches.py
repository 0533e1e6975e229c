"""Batches and files, through the unmodified SDK."""

import asyncio
import io
import json

import pytest
from google import genai
from google.genai import errors, types

from evalsite.standin.server import StandIn

MODEL = "gemini-2.5-flash-image"


def make_request(text, **metadata):
    content = types.Content(role="user", parts=[types.Part(text=text)])
    return types.InlinedRequest(contents=[content], metadata=metadata or None)


def create(client, *texts, title="a batch"):
    requests = [make_request(text, key=text) for text in texts]
    config = types.CreateBatchJobConfig(display_name=title)
    return client.batches.create(model=MODEL, src=requests, config=config)


def look(client, batch, times=2):
    for _ in range(times):
        batch = client.batches.get(name=batch.name)
    return batch


def test_a_batch_waits_runs_and_ends(gemini):
    batch = create(gemini, "A kite.")
    states = [batch.state.name]
    states += [gemini.batches.get(name=batch.name).state.name for _ in range(2)]
    assert states == ["JOB_STATE_PENDING", "JOB_STATE_RUNNING", "JOB_STATE_SUCCEEDED"]


def test_the_responses_are_those_of_single_calls_with_their_metadata(gemini):
    batch = look(gemini, create(gemini, "A kite.", "A ball."))
    first, second = batch.dest.inlined_responses
    assert [first.metadata, second.metadata] == [{"key": "A kite."}, {"key": "A ball."}]
    single = gemini.models.generate_content(model=MODEL, contents="A kite.")
    assert first.response.parts == single.parts


def test_one_request_may_fail_alone(gemini):
    batch = look(gemini, create(gemini, "[fault:rate_limit]", "[fault:image_safety]", "A kite."))
    failed, blocked, shown = batch.dest.inlined_responses
    assert failed.error.code == 429
    assert blocked.response.candidates[0].finish_reason is types.FinishReason.IMAGE_SAFETY
    assert shown.response.parts


def test_a_batch_is_found_by_its_display_name(gemini):
    create(gemini, "A kite.", title="first")
    wanted = create(gemini, "A kite.", title="second")
    found = [batch.name for batch in gemini.batches.list() if batch.display_name == "second"]
    assert found == [wanted.name]


def test_a_batch_can_be_cancelled_and_deleted(gemini):
    batch = create(gemini, "A kite.")
    gemini.batches.cancel(name=batch.name)
    assert gemini.batches.get(name=batch.name).state.name == "JOB_STATE_CANCELLED"
    gemini.batches.delete(name=batch.name)
    with pytest.raises(errors.ClientError, match="does not exist"):
        gemini.batches.get(name=batch.name)


@pytest.mark.parametrize(
    ("fault", "state"),
    [("batch_failed", "JOB_STATE_FAILED"), ("batch_expired", "JOB_STATE_EXPIRED")],
)
def test_a_batch_may_end_without_responses(gemini, fault, state):
    batch = look(gemini, create(gemini, "A kite.", title=f"[fault:{fault}]"))
    assert batch.done
    assert batch.state.name == state
    assert batch.dest is None


@pytest.mark.parametrize(
    ("model", "title", "code"),
    [(MODEL, "[fault:rate_limit:1]", 429), ("no-such-model", "a batch", 404)],
)
def test_a_batch_may_be_refused(gemini, model, title, code):
    config = types.CreateBatchJobConfig(display_name=title)
    with pytest.raises(errors.ClientError) as refused:
        gemini.batches.create(model=model, src=[make_request("A kite.")], config=config)
    assert refused.value.code == code
    assert create(gemini, "A kite.", title=title)


def test_a_response_without_json_is_an_empty_one(gemini):
    batch = look(gemini, create(gemini, "[fault:cut_json]", "[fault:html_200]", "A kite."))
    cut, page, shown = (row.response for row in batch.dest.inlined_responses)
    assert [cut.candidates, page.candidates, bool(shown.candidates)] == [None, None, True]


def test_a_batch_may_succeed_and_be_out_of_reach(gemini):
    batch = look(gemini, create(gemini, "A kite.", title="[fault:batch_unfetchable]"), times=1)
    with pytest.raises(errors.ServerError, match="503"):
        look(gemini, batch)


def test_a_batch_can_be_sent_and_fetched_as_a_file(gemini):
    contents = [{"role": "user", "parts": [{"text": "A kite."}]}]
    lines = [{"key": key, "request": {"contents": contents}} for key in ("one", "two")]
    data = io.BytesIO("\n".join(map(json.dumps, lines)).encode())
    file = gemini.files.upload(file=data, config={"mime_type": "jsonl", "display_name": "asked"})
    batch = look(gemini, gemini.batches.create(model=MODEL, src=file.name))
    answers = gemini.files.download(file=batch.dest.file_name).decode().splitlines()
    assert [json.loads(answer)["key"] for answer in answers] == ["one", "two"]
    assert "candidates" in json.loads(answers[0])["response"]


def test_a_file_of_several_pieces_arrives_whole(gemini):
    size = 8 * 1024 * 1024 + 1  # the SDK sends 8 MB at a time
    file = gemini.files.upload(file=io.BytesIO(bytes(size)), config={"mime_type": "text/plain"})
    assert gemini.files.get(name=file.name).size_bytes == size
    assert [listed.name for listed in gemini.files.list()] == [file.name]


def test_a_deleted_file_is_gone(gemini):
    file = gemini.files.upload(file=io.BytesIO(b"x"), config={"mime_type": "text/plain"})
    gemini.files.delete(name=file.name)
    with pytest.raises(errors.ClientError, match="does not exist"):
        gemini.files.get(name=file.name)


def test_the_async_client_sends_and_fetches_batches():
    async def run(url):
        options = types.HttpOptions(base_url=url)
        async with genai.Client(api_key="a-key", http_options=options).aio as client:
            batch = await client.batches.create(model=MODEL, src=[make_request("A kite.")])
            batch = await client.batches.get(name=batch.name or "")
            upload = client.files.upload(file=io.BytesIO(b"x"), config={"mime_type": "text/plain"})
            return batch, await upload

    with StandIn(batch_looks=0) as service:
        batch, file = asyncio.run(run(service.url))
    assert batch.dest.inlined_responses[0].response.parts
    assert file.size_bytes == 1
