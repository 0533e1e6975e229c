"""OpenAI's SDK, unmodified, against the stand-in."""

import asyncio
import io

import pytest
from PIL import Image

from arenas.providers._openai.connect import connect
from arenas.providers.base import Cause, Status
from arenas.providers.openai import Provider
from tests.arenas.providers.openai_calls import MODEL, fail, generate, make_reference

pytestmark = pytest.mark.usefixtures("service")


def test_a_prompt_becomes_a_picture(service):
    outcome = generate("A red kite.")
    assert outcome.status is Status.DONE
    assert [part.mime for part in outcome.parts] == ["image/png"]
    assert Image.open(io.BytesIO(outcome.parts[0].data)).size[0] > 0
    assert service.received[0].path == "/v1/images/generations"
    assert service.received[0].body["prompt"] == "A red kite."


@pytest.mark.parametrize(
    ("ratio", "size"), [("1:1", "1024x1024"), ("16:9", "1536x1024"), ("3:4", "1024x1536")]
)
def test_the_aspect_ratio_chooses_the_size(service, ratio, size):
    generate("A kite.", aspect_ratio=ratio)
    assert service.received[0].body["size"] == size


def test_parameters_are_sent_as_they_are(service):
    params = {"size": "1024x1536", "quality": "low", "output_format": "webp", "moderation": "low"}
    generate("A kite.", params=params, aspect_ratio="16:9")
    assert params.items() <= service.received[0].body.items()


def test_extra_fields_and_the_seed_are_sent_where_they_are_asked_for(service):
    generate("A kite.", params={"extra": {"steps": 4}, "seed": True}, seed=11)
    body = service.received[0].body
    assert (body["steps"], body["seed"]) == (4, 11)


def test_the_seed_is_not_sent_unasked(service):
    generate("A kite.", seed=11)
    assert "seed" not in service.received[0].body


def test_other_models_are_asked_for_base64(service):
    generate("A kite.", model="some-local-model")
    assert service.received[0].body["response_format"] == "b64_json"


def test_a_model_that_knows_only_base64_is_not_asked_for_it(service):
    generate("A kite.")
    assert "response_format" not in service.received[0].body


def test_several_pictures_come_of_one_call(service):
    outcome = generate("Three kites.", n_images=3)
    assert len(outcome.parts) == 3
    assert outcome.usage["images"] == 3
    assert len(service.received) == 1


def test_references_go_with_the_prompt_all_of_them(service):
    references = (make_reference("dog"), make_reference("style", "style", "blue"))
    generate("The dog in that style.", references=references, params={"moderation": "low"})
    request = service.received[0]
    assert request.path == "/v1/images/edits"
    sent = [field.data for field in request.fields if field.filename]
    assert sent == [reference.data for reference in references]


def test_a_later_turn_edits_the_picture_before_it(service):
    outcome = generate("A kite.", "Make it blue.", references=(make_reference("dog"),), n_images=2)
    assert [part.turn for part in outcome.parts] == [0, 1]
    sent = [field for field in service.received[1].fields if field.filename]
    assert [field.data for field in sent] == [outcome.parts[0].data]
    assert outcome.details["conversation"] == "edits of the previous picture"


def test_usage_is_counted_by_kind_over_all_turns():
    one, both = generate("A kite."), generate("A kite.", "A kite.")
    assert one.usage["output_image_tokens"] > 0
    assert both.usage["input_text_tokens"] == 2 * one.usage["input_text_tokens"]
    assert both.usage["output_image_tokens"] == 2 * one.usage["output_image_tokens"]
    assert both.usage["input_image_tokens"] > 0
    assert both.usage["images"] == 2


def test_without_usage_figures_only_pictures_are_counted():
    assert generate("A kite. [fault:no_usage]").usage == {"images": 1}


def test_the_outcome_tells_what_was_sent():
    details = generate("A kite.", params={"quality": "low"}).details
    assert details["sdk"].startswith("openai ")
    assert details["model"] == MODEL
    assert details["config"]["quality"] == "low"


def test_a_refusal_amid_a_conversation_keeps_what_was_made():
    outcome = generate("A kite.", "Now worse. [fault:moderation]", "And on.")
    assert outcome.status is Status.REFUSED_PROMPT
    assert [part.turn for part in outcome.parts] == [0]


def test_a_conversation_goes_on_where_it_broke_off(service):
    turns = ("A kite.", "Make it blue. [fault:server_error:1]")
    error = fail(*turns)
    assert error.usage["images"] == 1
    before = len(service.received)
    outcome = generate(*turns, resume=error.resume)
    assert len(service.received) == before + 1
    assert [part.turn for part in outcome.parts] == [0, 1]
    assert outcome.usage["images"] == 1  # the first was billed with the first try
    assert service.received[-1].path == "/v1/images/edits"


def test_a_deadline_amid_a_conversation_keeps_what_was_made():
    error = fail("A kite.", "Make it blue. [fault:hang]", deadline=2)
    assert error.cause is Cause.TIMEOUT
    assert isinstance(error.resume, tuple)
    assert len(error.resume) == 1


def test_a_missing_key_is_a_failure_of_the_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("OPENAI_BASE_URL")
    error = fail("A kite.")
    assert error.cause is Cause.KEY
    assert "OPENAI_API_KEY" in str(error)


def test_a_local_server_needs_no_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    assert generate("A kite.").status is Status.DONE


def test_the_account_is_the_server(monkeypatch):
    assert Provider(MODEL, {}).account == "127.0.0.1"
    monkeypatch.delenv("OPENAI_BASE_URL")
    assert Provider(MODEL, {}).account == "default"


def test_calls_of_one_loop_share_a_connection_which_is_closed_with_it():
    async def connect_twice():
        return await connect(), await connect()

    first, second = asyncio.run(connect_twice())
    assert first is second
    assert first.http.is_closed


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size", "large"),
        ("quality", "best"),
        ("background", "none"),
        ("output_format", "svg"),
        ("moderation", "off"),
        ("extra", [1]),
        ("seed", 1),
    ],
)
def test_a_wrong_parameter_is_named(name, value):
    with pytest.raises(ValueError, match=name):
        Provider(MODEL, {name: value})
