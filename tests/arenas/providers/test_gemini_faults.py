"""Answers without a picture, failed calls, and what nobody may see."""

import traceback
from datetime import UTC, datetime

import pytest

from arenas.providers._gemini.errors import explain_status, seconds_to_midnight
from arenas.providers.base import Cause, Status, TextPart
from tests.arenas.providers.gemini_calls import fail, generate, pictures
from tests.service import KEY

KITE = "A red kite over a green hill."


@pytest.mark.parametrize(
    ("fault", "status", "try_again", "raw_reason"),
    [
        ("prompt_blocked", Status.REFUSED_PROMPT, False, "SAFETY"),
        ("prohibited", Status.REFUSED_PROMPT, False, "PROHIBITED_CONTENT"),
        ("image_safety", Status.REFUSED_OUTPUT, False, "IMAGE_SAFETY"),
        ("image_prohibited", Status.REFUSED_OUTPUT, False, "IMAGE_PROHIBITED_CONTENT"),
        ("recitation", Status.REFUSED_OUTPUT, False, "IMAGE_RECITATION"),
        ("no_image", Status.NO_IMAGE, True, "NO_IMAGE"),
        ("image_other", Status.NO_IMAGE, True, "IMAGE_OTHER"),
        ("unknown_reason", Status.NO_IMAGE, False, "IMAGE_UNHEARD_OF"),
        ("text_only", Status.NO_IMAGE, False, "STOP"),
        ("max_tokens", Status.FAILED, False, "MAX_TOKENS"),
        ("no_parts", Status.MALFORMED, True, "STOP"),
        ("empty_body", Status.MALFORMED, True, ""),
        ("empty_object", Status.MALFORMED, True, ""),
        ("wrong_types", Status.MALFORMED, True, "ValidationError"),
        ("bad_base64", Status.MALFORMED, True, "ValidationError"),
        ("zero_bytes", Status.MALFORMED, True, "STOP"),
    ],
)
def test_an_answer_without_a_picture_says_why(service, fault, status, try_again, raw_reason):
    outcome = generate(f"{KITE} [fault:{fault}]")
    assert outcome.status is status
    assert outcome.try_again is try_again
    assert outcome.raw_reason == raw_reason
    assert outcome.reason[0].isupper()
    assert outcome.reason[-1] in ".?”"
    assert pictures(outcome) == []
    assert outcome.usage["images"] == 0


def test_an_answer_in_words_keeps_them(service):
    outcome = generate(f"{KITE} [fault:text_only]")
    words = "Which of the two colours would you like it to have?"
    assert outcome.parts == (TextPart(words),)
    assert outcome.reason == f"It answered with text only: {words}"


def test_the_services_own_words_are_quoted(service):
    outcome = generate(f"{KITE} [fault:image_safety]", params={"enterprise": True})
    assert outcome.reason == (
        "The service withheld the answer: the picture may break the safety rules. "
        "It said: “Unable to show the generated image.”"
    )


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("wrong_mime", "image/gif"),
        ("mislabelled", "image/jpeg"),
        ("text_mime", "image/png"),
        ("no_mime", "image/png"),
    ],
)
def test_a_wrong_label_is_kept_and_noted(service, fault, found):
    outcome = generate(f"{KITE} [fault:{fault}]")
    assert outcome.status is Status.DONE
    assert outcome.details["mime_mismatch"] == found
    assert outcome.details["mime_stated"] == pictures(outcome)[0].mime


@pytest.mark.parametrize("fault", ["corrupt_png", "bomb", "huge_png"])
def test_a_dangerous_picture_is_handed_on_undecoded(service, fault):
    outcome = generate(f"{KITE} [fault:{fault}]")
    assert outcome.status is Status.DONE
    assert len(pictures(outcome)) == 1


def test_another_ratio_than_asked_for_is_noted(service):
    assert (
        generate(f"{KITE} [fault:ratio_ignored]", aspect_ratio="16:9").details["ratio_ok"] is False
    )


@pytest.mark.parametrize(
    ("fault", "cause", "retry_after"),
    [
        ("rate_limit", Cause.BUSY, 3),
        ("rate_limit_header", Cause.BUSY, 3),
        ("server_error", Cause.PASSING, None),
        ("bad_gateway", Cause.PASSING, None),
        ("unavailable", Cause.PASSING, None),
        ("gateway_timeout", Cause.TIMEOUT, None),
        ("cancelled", Cause.PASSING, None),
        ("bad_request", Cause.REQUEST, None),
        ("too_large", Cause.REQUEST, None),
        ("key_invalid", Cause.KEY, None),
        ("unauthorized", Cause.KEY, None),
        ("forbidden", Cause.KEY, None),
        ("not_found", Cause.GONE, None),
        ("reset", Cause.PASSING, None),
        ("disconnect", Cause.PASSING, None),
        ("truncated", Cause.PASSING, None),
        ("cut_json", Cause.PASSING, None),
        ("html_200", Cause.PASSING, None),
    ],
)
def test_a_failed_call_says_what_follows(service, fault, cause, retry_after):
    error = fail(f"{KITE} [fault:{fault}]")
    assert error.cause is cause
    assert error.retry_after == retry_after
    assert "<html" not in str(error)
    assert len(service.received) == 1


def test_the_quota_of_a_day_returns_at_midnight_in_california(service):
    error = fail(f"{KITE} [fault:quota_day]")
    assert error.cause is Cause.QUOTA
    assert error.retry_after == pytest.approx(seconds_to_midnight(), abs=60)


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        (datetime(2026, 7, 1, 6, 0, tzinfo=UTC), 1),
        (datetime(2026, 12, 1, 7, 0, tzinfo=UTC), 1),
        (datetime(2026, 3, 8, 8, 0, tzinfo=UTC), 23),
        (datetime(2026, 11, 1, 7, 0, tzinfo=UTC), 25),
    ],
)
def test_midnight_is_found_in_summer_in_winter_and_between(now, hours):
    assert seconds_to_midnight(now) == hours * 3600


def test_a_limit_of_zero_is_no_matter_of_waiting():
    violation = {"quotaId": "GenerateRequestsPerMinute-FreeTier", "quotaValue": "0"}
    body = {"error": {"status": "RESOURCE_EXHAUSTED", "details": [{"violations": [violation]}]}}
    error = explain_status(429, body, {})
    assert (error.cause, error.retry_after) == (Cause.QUOTA, None)


def test_an_account_without_billing_is_no_fault_of_the_request():
    error = explain_status(400, {"error": {"status": "FAILED_PRECONDITION"}}, {})
    assert error.cause is Cause.KEY


def test_a_page_that_is_not_there_is_no_missing_model():
    error = explain_status(404, {"message": "<html>no such page</html>", "status": "Not Found"}, {})
    assert error.cause is Cause.REQUEST
    assert str(error) == "the service refuses this request (404 Not Found)"


def test_a_long_complaint_is_cut():
    body = {"error": {"message": "far too much " * 100, "status": "INVALID_ARGUMENT"}}
    assert len(str(explain_status(400, body, {}))) < 600


def test_a_service_that_is_not_there_is_unreachable_and_named(service, monkeypatch):
    monkeypatch.setenv("GEMINI_BASE_URL", "http://127.0.0.1:9")
    error = fail(KITE)
    assert error.cause is Cause.UNREACHABLE
    assert str(error) == "no connection to 127.0.0.1:9"


@pytest.mark.parametrize("fault", ["hang", "trickle"])
def test_the_deadline_ends_a_call_however_it_drags_on(service, fault):
    error = fail(f"{KITE} [fault:{fault}]", deadline=0.5)
    assert error.cause is Cause.TIMEOUT
    assert str(error) == "the model did not answer within 0.5 seconds"


@pytest.mark.parametrize("fault", ["key_invalid", "unauthorized"])
def test_the_key_is_in_nothing_that_an_error_shows(service, fault):
    error = fail(f"{KITE} [fault:{fault}]")
    shown = "".join(traceback.format_exception(error))
    assert "[secret]" in str(error)
    assert KEY not in shown + repr(error) + repr(vars(error))
    assert (error.__cause__, error.__context__) == (None, None)


def test_the_key_is_in_nothing_that_an_outcome_shows(service):
    assert KEY not in repr(generate(KITE))


def test_what_the_sdk_does_not_send_is_the_requests_fault(service):
    error = fail(KITE, model="../files?x")
    assert error.permanent
    assert str(error).startswith("the SDK does not send this request")
    assert service.received == []
