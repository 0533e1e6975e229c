"""Many requests as one job."""

import asyncio
from typing import Any

import pytest

from arenas.providers._gemini import batch
from arenas.providers._gemini.conversation import make_reader
from arenas.providers.base import (
    BatchState,
    Cause,
    Outcome,
    ProviderError,
    Reference,
    Request,
    Status,
)
from arenas.providers.gemini import Provider
from evalsite.standin.server import StandIn
from tests.arenas.providers.gemini_calls import MODEL, make_request
from tests.service import KEY


def make_requests(count: int) -> dict[str, Request]:
    return {f"key-{n}": make_request(f"Kite number {n}.") for n in range(count)}


def submit(requests: dict[str, Request], **params: Any) -> str:
    return asyncio.run(Provider(MODEL, params).submit(requests, name="night-1"))


def poll(job: str) -> BatchState[Outcome]:
    return asyncio.run(Provider(MODEL, {}).poll(job))


def run(requests: dict[str, Request]) -> BatchState[Outcome]:
    return poll(submit(requests))


def test_a_small_batch_travels_inside_its_request(service):
    state = run(make_requests(3))
    assert state.ended
    assert state.failed == ""
    assert {each.status for each in state.results.values()} == {Status.DONE}
    assert set(state.results) == {"key-0", "key-1", "key-2"}
    assert [call.path for call in service.received if "upload" in call.path] == []


def test_a_batch_of_more_than_twenty_is_a_file(service):
    job = submit(make_requests(21))
    created = next(call for call in service.received if call.path.endswith(":batchGenerateContent"))
    assert set(created.body["batch"]["inputConfig"]) == {"fileName"}
    results = poll(job).results
    assert set(results) == {f"key-{n}" for n in range(21)}
    assert {each.usage["images"] for each in results.values()} == {1}


def test_a_batch_of_many_bytes_is_a_file(service):
    reference = Reference("noise", "style", b"\x89PNG\r\n\x1a\n" + bytes(12_000_000), "image/png")
    submit({"key": make_request("A kite.", references=(reference,))})
    uploads = [call for call in service.received if call.path.startswith("/upload/")]
    assert len(uploads) >= 2  # the start, and one piece or several


@pytest.mark.parametrize("count", [2, 21])
def test_both_ways_ask_the_same(service, count):
    params = {"aspect_ratio": "16:9", "system": "Paint in oil.", "thinking_level": "LOW"}
    requests = make_requests(count)
    job = asyncio.run(Provider("gemini-3.1-flash-image", params).submit(requests, name="n"))
    result = poll(job).results["key-0"]
    one = Provider("gemini-3.1-flash-image", params).generate(requests["key-0"], deadline=30)
    live = asyncio.run(one)
    assert result.usage == live.usage
    assert result.details["sizes"] == live.details["sizes"]


@pytest.mark.parametrize("count", [5, 25])
def test_each_request_has_an_end_of_its_own(service, count):
    requests = make_requests(count) | {
        "key-0": make_request("A kite. [fault:image_safety]"),
        "key-1": make_request("A kite. [fault:rate_limit]"),
        "key-2": make_request("A kite. [fault:bad_request]"),
        "key-3": make_request("A kite. [fault:text_only]"),
    }
    results = run(requests).results
    refused, busy, wrong, words, done = (results[f"key-{n}"] for n in range(5))
    assert isinstance(refused, Outcome)
    assert refused.status is Status.REFUSED_OUTPUT
    assert isinstance(busy, ProviderError)
    assert busy.cause is Cause.BUSY
    assert isinstance(wrong, ProviderError)
    assert wrong.cause is Cause.REQUEST
    assert words.status is Status.NO_IMAGE
    assert done.status is Status.DONE
    assert done.usage["images"] == 1


def test_an_outcome_names_its_job(service):
    job = submit(make_requests(1))
    result = poll(job).results["key-0"]
    assert result.details["batch"] == job
    assert result.details["surface"] == "developer"
    assert result.model_version == MODEL


def test_bytes_that_are_no_answer_are_malformed_in_a_file(service):
    requests = make_requests(21) | {"key-0": make_request("A kite. [fault:bad_base64]")}
    results = run(requests).results
    assert results["key-0"].status is Status.MALFORMED
    assert results["key-0"].try_again
    assert results["key-1"].status is Status.DONE


def test_a_batch_that_is_not_done_says_so(monkeypatch, service):
    with StandIn(batch_looks=1) as slow:
        monkeypatch.setenv("GEMINI_BASE_URL", slow.url)
        job = submit(make_requests(1))
        assert poll(job) == BatchState(False)
        assert poll(job).ended


@pytest.mark.parametrize(
    ("fault", "words"), [("batch_failed", "failed"), ("batch_expired", "time limit")]
)
def test_a_job_that_came_to_nothing_says_why(service, fault, words):
    provider = Provider(MODEL, {})
    job = asyncio.run(provider.submit(make_requests(1), name=f"n [fault:{fault}]"))
    state = poll(job)
    assert state.ended
    assert words in state.failed
    assert state.results == {}


def test_a_job_can_be_cancelled(monkeypatch, service):
    with StandIn(batch_looks=5) as slow:
        monkeypatch.setenv("GEMINI_BASE_URL", slow.url)
        job = submit(make_requests(1))
        asyncio.run(Provider(MODEL, {}).cancel(job))
        assert poll(job) == BatchState(True, failed="The batch job was cancelled.")


def test_a_job_is_found_by_its_name(service):
    provider = Provider(MODEL, {})
    job = asyncio.run(provider.submit(make_requests(1), name="a name of its own"))
    assert asyncio.run(provider.find("a name of its own")) == job
    assert asyncio.run(provider.find("no such name")) is None


def test_bytes_that_are_no_answer_end_a_job_that_holds_them_inside(service):
    state = run({"key": make_request("A kite. [fault:bad_base64]")})
    assert state.ended
    assert state.results == {}
    assert state.failed == "The batch job's answers are not of the form documented."


def test_to_cancel_what_is_gone_is_no_error(service):
    asyncio.run(Provider(MODEL, {}).cancel("batches/0123456789abcdef"))


def test_a_job_that_the_service_does_not_know_has_ended(service):
    assert poll("batches/0123456789abcdef").failed == "The service no longer has this batch job."


def test_results_that_cannot_be_fetched_are_an_error(service):
    provider = Provider(MODEL, {})
    job = asyncio.run(provider.submit(make_requests(1), name="large [fault:batch_unfetchable]"))
    with pytest.raises(ProviderError) as caught:
        poll(job)
    assert caught.value.cause is Cause.PASSING


def test_several_turns_do_not_go_into_a_batch(service):
    with pytest.raises(ValueError, match="key-b"):
        submit({"key-a": make_request("One."), "key-b": make_request("One.", "Two.")})
    assert service.received == []


def test_the_enterprise_platform_takes_no_batch(service):
    with pytest.raises(ProviderError, match="Developer API only"):
        submit(make_requests(1), enterprise=True)


def test_a_file_of_answers_may_be_larger_than_one_answer(service, monkeypatch):
    monkeypatch.setattr("arenas.providers._http.MAX_ANSWER", 1)
    monkeypatch.setattr(batch, "_LARGEST_FILE", 10_000)
    job = submit(make_requests(21))
    with pytest.raises(ProviderError, match="larger than 0 MB"):
        poll(job)


def test_the_service_may_hang_for_so_long_only(service, monkeypatch):
    monkeypatch.setattr(batch, "_PATIENCE", 0)
    with pytest.raises(ProviderError) as caught:
        submit(make_requests(1))
    assert caught.value.cause is Cause.TIMEOUT


def read_lines(lines: bytes) -> batch.ResultFile[Outcome]:
    results = batch.ResultFile(make_reader({}))
    results.file.write(lines)
    return results.find_places()


def test_a_line_that_was_cut_off_is_a_request_without_result():
    line = b'{"key": "a", "error": {"code": 8, "message": "busy"}}\n'
    results = read_lines(line + b'{"key": "b", "resp')
    assert list(results) == ["a"]
    assert results["a"].cause is Cause.BUSY


def test_newer_fields_do_not_make_an_answer_unreadable():
    answer = b'{"finishReason": "NO_IMAGE", "mood": "good"}'
    results = read_lines(
        b'{"key": "a", "response": {"news": 1, "candidates": [' + answer + b"]}}\n"
    )
    assert results["a"].raw_reason == "NO_IMAGE"


def test_the_key_is_in_no_batch_error(service):
    state = run({"key": make_request("A kite. [fault:unauthorized]")})
    assert state.results["key"].cause is Cause.KEY
    assert KEY not in str(state.results["key"])
