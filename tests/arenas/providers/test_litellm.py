"""litellm, unmodified, against the stand-in. `make test-extras` has it; `make test` skips most."""

import asyncio
from importlib.util import find_spec

import pytest

from arenas.providers.base import Cause, ProviderError, Reference, Request, Status
from arenas.providers.litellm import Provider
from tests.arenas.providers.answering import answer_alike
from tests.service import KEY

MODEL = "openai/gpt-image-2"
# The library's own types make pydantic warn.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydantic")
needs_litellm = pytest.mark.skipif(find_spec("litellm") is None, reason="needs the litellm extra")


@pytest.fixture
def base(service):
    return f"{service.url}/v1"


def generate(base, *turns, deadline=60, params=None, **others):
    provider = Provider(MODEL, {"api_base": base, **(params or {})})
    return asyncio.run(provider.generate(Request("prompt", turns, **others), deadline=deadline))


def fail(base, *turns, **others):
    with pytest.raises(ProviderError) as caught:
        generate(base, *turns, **others)
    return caught.value


@needs_litellm
def test_a_prompt_becomes_a_picture(service, base):
    outcome = generate(base, "A red kite.", aspect_ratio="16:9")
    assert outcome.status is Status.DONE
    assert [part.mime for part in outcome.parts] == ["image/png"]
    body = service.received[0].body
    assert (body["model"], body["size"]) == ("gpt-image-2", "1536x1024")


@needs_litellm
def test_settings_of_the_model_are_sent(service, base):
    generate(base, "A kite.", params={"size": "1024x1536", "extra": {"quality": "low"}})
    body = service.received[0].body
    assert (body["size"], body["quality"]) == ("1024x1536", "low")


@needs_litellm
def test_tokens_are_counted_and_the_cost_is_estimated(base):
    outcome = generate(base, "A kite.")
    assert outcome.usage["output_image_tokens"] > 0
    assert outcome.usage["images"] == 1
    assert outcome.cost_usd > 0


@needs_litellm
def test_references_and_later_turns_are_edits(service, base):
    picture = generate(base, "A dog.").parts[0]
    reference = Reference("dog", "subject", picture.data, picture.mime)
    outcome = generate(base, "The dog by day.", "And by night.", references=(reference,))
    assert [part.turn for part in outcome.parts] == [0, 1]
    edits = [request for request in service.received if request.path.endswith("/edits")]
    sent = [[field.data for field in edit.fields if field.filename] for edit in edits]
    assert sent == [[reference.data], [outcome.parts[0].data]]


@needs_litellm
@pytest.mark.parametrize("edit", [False, True])
@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("rate_limit", Cause.BUSY),
        ("quota_day", Cause.QUOTA),
        ("unauthorized", Cause.KEY),
        ("forbidden", Cause.KEY),
        ("not_found", Cause.GONE),
        ("bad_request", Cause.REQUEST),
        ("server_error", Cause.PASSING),
        ("unavailable", Cause.PASSING),
        ("gateway_timeout", Cause.TIMEOUT),
        ("reset", Cause.PASSING),
        ("disconnect", Cause.PASSING),
    ],
)
def test_a_failure_has_its_cause_and_is_not_tried_again(service, base, fault, cause, edit):
    references = (Reference("dog", "subject", b"\x89PNG\r\n\x1a\n", "image/png"),) if edit else ()
    error = fail(base, f"A kite. [fault:{fault}]", references=references)
    assert error.cause is cause
    assert KEY not in str(error)
    assert len(service.received) == 1


@needs_litellm
def test_a_busy_service_says_how_long_to_wait(base):
    assert fail(base, "A kite. [fault:rate_limit]").retry_after == 3


@needs_litellm
def test_silence_ends_at_the_deadline(base):
    generate(base, "A kite.")  # the library is loaded within the first deadline
    assert fail(base, "A kite. [fault:hang]", deadline=0.5).cause is Cause.TIMEOUT


@needs_litellm
def test_a_prompt_refused_by_moderation_is_an_outcome(base):
    outcome = generate(base, "A kite. [fault:moderation]")
    assert outcome.status is Status.REFUSED_PROMPT
    assert outcome.raw_reason == "moderation_blocked"


@needs_litellm
@pytest.mark.parametrize("fault", ["cut_json", "html_200", "empty_body", "bad_base64"])
def test_an_answer_that_cannot_be_read_is_malformed(base, fault):
    outcome = generate(base, f"A kite. [fault:{fault}]")
    assert (outcome.status, outcome.try_again) == (Status.MALFORMED, True)


@needs_litellm
def test_an_answer_of_other_types_is_malformed(base):
    assert generate(base, "A kite. [fault:wrong_types]").status is Status.MALFORMED


@needs_litellm
def test_nothing_is_left_of_a_call_when_its_loop_has_ended(base):
    generate(base, "A kite.")
    from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER

    assert GLOBAL_LOGGING_WORKER.pending_count == 0


@needs_litellm
def test_a_picture_anywhere_else_is_not_fetched(base):
    with answer_alike() as said, answer_alike() as elsewhere:
        said.post = {"created": 1, "data": [{"url": f"{elsewhere.url}/secret"}]}
        outcome = generate(f"{said.url}/v1", "A kite.")
        assert elsewhere.fetched == []
    assert outcome.status is Status.MALFORMED


@pytest.mark.skipif(find_spec("litellm") is not None, reason="the extra is installed")
def test_a_missing_library_is_a_failure_that_says_what_to_install():
    error = fail("http://127.0.0.1:1/v1", "A kite.")
    assert error.permanent
    assert "pip install evalsite[litellm]" in str(error)


@pytest.mark.parametrize("model", ["gemini/gemini-3-pro-image", "vertex_ai/imagen-4.0"])
def test_gemini_has_a_provider_of_its_own(model):
    with pytest.raises(ValueError, match="gemini provider"):
        Provider(model, {})


@pytest.mark.parametrize("name", ["api_key", "base_url", "api_base", "mock_response", "model"])
def test_extra_settings_are_the_models_own(name):
    with pytest.raises(ValueError, match=name):
        Provider(MODEL, {"extra": {name: "x"}})


def test_an_arena_cannot_have_the_key_sent_elsewhere():
    with pytest.raises(ValueError, match="api_base"):
        Provider(MODEL, {"api_base": "https://elsewhere.example/v1"})
