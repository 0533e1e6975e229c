"""What the OpenAI provider makes of errors, refusals, broken answers and pictures by URL."""

import pytest

from arenas.providers.base import Cause, Status
from tests.arenas.providers.answering import answer_alike
from tests.arenas.providers.openai_calls import fail, generate, make_reference
from tests.service import KEY

pytestmark = pytest.mark.usefixtures("service")


@pytest.fixture
def answering(service, monkeypatch):
    with answer_alike() as said:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{said.url}/v1")
        yield said


def test_each_call_is_made_once(service):
    fail("A kite. [fault:rate_limit]")
    assert len(service.received) == 1


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("rate_limit", Cause.BUSY),
        ("quota_day", Cause.QUOTA),
        ("unauthorized", Cause.KEY),
        ("forbidden", Cause.KEY),
        ("not_found", Cause.GONE),
        ("bad_request", Cause.REQUEST),
        ("too_large", Cause.REQUEST),
        ("server_error", Cause.PASSING),
        ("bad_gateway", Cause.PASSING),
        ("unavailable", Cause.PASSING),
        ("gateway_timeout", Cause.TIMEOUT),
        ("reset", Cause.PASSING),
        ("disconnect", Cause.PASSING),
        ("truncated", Cause.PASSING),
    ],
)
def test_a_failure_has_the_cause_that_says_what_to_do(fault, cause):
    error = fail(f"A kite. [fault:{fault}]")
    assert error.cause is cause
    assert 0 < len(str(error)) <= 500


def test_a_busy_service_says_how_long_to_wait():
    assert fail("A kite. [fault:rate_limit]").retry_after == 3


def test_a_wait_in_milliseconds_is_understood(answering):
    answering.status, answering.post = 429, {"error": {"message": "Slow down."}}
    answering.headers = {"retry-after-ms": "1500", "retry-after": "2"}
    assert fail("A kite.").retry_after == 1.5


def test_an_exhausted_quota_has_no_wait():
    assert fail("A kite. [fault:quota_day]").retry_after is None


def test_a_path_that_is_not_there_does_not_retire_the_model(answering):
    answering.status, answering.post = 404, {"error": {"message": "No such path."}}
    error = fail("A kite.")
    assert error.cause is Cause.REQUEST
    assert "No such path." in str(error)


def test_a_refused_key_is_not_repeated():
    error = fail("A kite. [fault:key_invalid]")
    assert error.cause is Cause.KEY
    assert KEY not in f"{error} {error.raw_reason}"


def test_a_page_of_html_is_not_quoted():
    assert "<" not in str(fail("A kite. [fault:bad_gateway]"))


def test_silence_ends_at_the_deadline():
    assert fail("A kite. [fault:hang]", deadline=0.5).cause is Cause.TIMEOUT


def test_a_trickle_ends_at_the_deadline():
    assert fail("A kite. [fault:trickle]", deadline=0.5).cause is Cause.TIMEOUT


def test_a_service_that_is_not_there_is_unreachable(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    assert fail("A kite.").cause is Cause.UNREACHABLE


def test_a_prompt_refused_by_moderation_is_an_outcome():
    outcome = generate("A kite. [fault:moderation]")
    assert outcome.status is Status.REFUSED_PROMPT
    assert outcome.raw_reason == "moderation_blocked"
    assert "safety system" in outcome.reason
    assert not outcome.try_again


@pytest.mark.parametrize(
    "error",
    [
        {"message": "The output was blocked.", "code": "content_policy_violation"},
        {
            "message": "Your request was rejected.",
            "code": "moderation_blocked",
            "moderation_details": {"moderation_stage": "output"},
        },
    ],
)
def test_a_picture_withheld_by_moderation_is_another_outcome(answering, error):
    answering.status, answering.post = 400, {"error": error}
    assert generate("A kite.").status is Status.REFUSED_OUTPUT


@pytest.mark.parametrize(
    "fault",
    ["cut_json", "html_200", "empty_body", "wrong_types", "bad_base64", "zero_bytes"],
)
def test_an_answer_that_cannot_be_read_is_malformed(fault):
    outcome = generate(f"A kite. [fault:{fault}]")
    assert outcome.status is Status.MALFORMED
    assert outcome.try_again
    assert outcome.reason


@pytest.mark.parametrize("fault", ["no_image", "empty_object"])
def test_an_answer_without_pictures_may_be_tried_again(fault):
    outcome = generate(f"A kite. [fault:{fault}]")
    assert (outcome.status, outcome.try_again) == (Status.NO_IMAGE, True)


def test_a_picture_is_called_what_it_is():
    assert generate("A kite. [fault:mislabelled]").parts[0].mime == "image/jpeg"


def test_a_revised_prompt_is_a_detail_and_not_shown(answering):
    encoded = "data:image/png;base64,iVBORw0KGgo="
    answering.post = {"data": [{"b64_json": encoded, "revised_prompt": "A big red kite."}]}
    outcome = generate("A kite.")
    assert len(outcome.parts) == 1
    assert outcome.details["revised_prompts"] == ["A big red kite."]


def test_a_picture_at_the_service_itself_is_fetched(answering):
    picture = make_reference("kite").data
    answering.post, answering.get = {"data": [{"url": "/files/kite.png"}]}, picture
    assert generate("A kite.").parts[0].data == picture


def test_a_picture_anywhere_else_is_not_fetched(answering):
    with answer_alike() as elsewhere:
        answering.post = {"data": [{"url": f"{elsewhere.url}/secret"}]}
        outcome = generate("A kite.")
        assert elsewhere.fetched == []
    assert outcome.status is Status.MALFORMED
    assert "127.0.0.1" in outcome.reason


def test_a_picture_does_not_lead_anywhere_else(answering):
    with answer_alike() as elsewhere:
        answering.post = {"data": [{"url": f"{answering.url}/kite.png"}]}
        answering.get_headers = {"Location": f"{elsewhere.url}/secret"}
        outcome = generate("A kite.")
        assert elsewhere.fetched == []
    assert outcome.status is Status.MALFORMED
