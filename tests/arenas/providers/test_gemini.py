"""What is sent to Gemini, and what a plain answer comes to."""

import asyncio
import io
import pickle
from datetime import date

import pytest
from PIL import Image

from arenas.providers._gemini import client
from arenas.providers.base import (
    Cause,
    Expectation,
    ImagePart,
    Reference,
    Status,
    TextPart,
    make_provider,
)
from arenas.providers.gemini import Provider
from tests.arenas.providers.gemini_calls import (
    MODEL,
    THINKING,
    fail,
    generate,
    make_request,
    pictures,
)

KITE = "A red kite over a green hill."


def make_png(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(file, "PNG")
    return file.getvalue()


def test_a_plain_prompt_comes_back_as_text_and_a_picture(service):
    outcome = generate(KITE)
    assert outcome.status is Status.DONE
    assert [type(part) for part in outcome.parts] == [TextPart, ImagePart]
    assert Image.open(io.BytesIO(pictures(outcome)[0].data)).format == "PNG"


def test_what_the_service_says_of_itself_is_kept(service):
    outcome = generate(KITE, aspect_ratio="16:9", seed=5)
    assert outcome.model_version == MODEL
    assert outcome.response_id
    assert outcome.retires_on == date(2027, 3, 15)
    assert outcome.details["sdk"].startswith("google-genai 3.")
    assert outcome.details["surface"] == "developer"
    assert outcome.details["model"] == MODEL
    assert outcome.details["model_stage"] == "LEGACY"
    assert outcome.details["finish_reason"] == "STOP"
    assert outcome.details["config"]["seed"] == 5
    assert outcome.details["config"]["image_config"] == {"aspect_ratio": "16:9"}
    assert outcome.details["ratio_ok"] is True
    assert 0 < outcome.timings["first_turn"] <= outcome.timings["total"]


def test_usage_is_counted_by_kind(service):
    outcome = generate(
        KITE, references=(Reference("hill", "style", make_png("green"), "image/png"),)
    )
    assert outcome.usage["images"] == 1
    assert outcome.usage["output_image_tokens"] == 1290
    assert outcome.usage["input_image_tokens"] == 258
    assert outcome.usage["input_text_tokens"] > 0
    assert outcome.usage["output_text_tokens"] > 0


def test_thoughts_count_as_output_text(service):
    plain, thinking = generate(KITE).usage, generate(KITE, model=THINKING).usage
    assert thinking["output_text_tokens"] > plain["output_text_tokens"]


def test_without_usage_figures_only_the_images_are_counted(service):
    assert generate(f"{KITE} [fault:no_usage]").usage == {"images": 1}


def test_interleaved_text_and_pictures_keep_their_order(service):
    outcome = generate(f"{KITE} [interleave]")
    kinds = [type(part) for part in outcome.parts]
    assert kinds == [TextPart, ImagePart, TextPart, ImagePart]


def test_thoughts_are_kept_and_marked(service):
    outcome = generate(KITE, model=THINKING)
    shown = [part for part in pictures(outcome) if not part.thought]
    assert len(pictures(outcome)) == 2
    assert shown == [pictures(outcome)[-1]]
    assert "image_from_thought" not in outcome.details


def test_a_picture_that_is_only_a_thought_is_the_answer(service):
    outcome = generate(f"{KITE} [fault:thought_only_image]", model=THINKING)
    assert outcome.status is Status.DONE
    assert pictures(outcome)[-1].thought is False
    assert outcome.details["image_from_thought"] is True


def test_references_come_first_each_after_its_name_and_role(service):
    girl, hill = make_png("red"), make_png("green")
    generate(
        KITE,
        references=(
            Reference("girl", "subject", girl, "image/png"),
            Reference("hill", "style", hill, "image/png"),
        ),
    )
    parts = service.received[0].body["contents"][0]["parts"]
    assert [part.get("text") for part in parts] == [
        "Reference image (subject, id girl):",
        None,
        "Reference image (style, id hill):",
        None,
        KITE,
    ]


def test_the_parameters_reach_the_wire(service):
    params = {
        "aspect_ratio": "21:9",
        "image_size": "2K",
        "thinking_level": "LOW",
        "temperature": 0.5,
        "modalities": ["IMAGE"],
        "system": "Paint in oil.",
    }
    outcome = generate(KITE, model=THINKING, params=params, seed=2**40 + 7)
    body = service.received[0].body
    assert body["generationConfig"] == {
        "imageConfig": {"aspectRatio": "21:9", "imageSize": "2K"},
        "thinkingConfig": {"thinking_level": "LOW"},  # the SDK's spelling
        "temperature": 0.5,
        "responseModalities": ["IMAGE"],
        "seed": 7,
    }
    assert body["systemInstruction"]["parts"] == [{"text": "Paint in oil."}]
    assert all(isinstance(part, ImagePart) for part in outcome.parts if not part.thought)


def test_the_seed_can_be_kept_back(service):
    generate(KITE, params={"seed": False}, seed=5)
    assert "seed" not in service.received[0].body["generationConfig"]


def test_the_model_is_not_told_what_is_expected(service):
    generate(KITE, expect=Expectation(text=("SALE",), subject="girl"))
    assert "SALE" not in str(service.received[0].body)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("aspect_ratio", "17:3"),
        ("image_size", "1k"),
        ("thinking_level", "SOME"),
        ("temperature", 3),
        ("temperature", True),
        ("modalities", ["TEXT"]),
        ("seed", 1),
        ("enterprise", "yes"),
        ("system", ""),
    ],
)
def test_a_wrong_parameter_is_an_error_that_names_it(name, value):
    with pytest.raises(ValueError, match=name):
        make_provider("gemini", MODEL, {name: value})


def test_one_client_serves_a_hundred_calls(service):
    async def call_often():
        provider = Provider(MODEL, {})
        calls = [provider.generate(make_request(f"Kite {n}"), deadline=60) for n in range(100)]
        outcomes = await asyncio.gather(*calls)
        loop = asyncio.get_running_loop()
        return outcomes, sum(owner is loop for owner, _ in client._CLIENTS)

    outcomes, clients = asyncio.run(call_often())
    assert {outcome.status for outcome in outcomes} == {Status.DONE}
    assert len(service.received) == 100
    assert clients == 1


def test_a_provider_that_has_called_can_be_pickled(service):
    provider = Provider(MODEL, {"temperature": 1})
    asyncio.run(provider.generate(make_request(KITE), deadline=30))
    assert pickle.loads(pickle.dumps(provider)).params == {"temperature": 1}


def test_a_client_ends_with_its_loop(service):
    before = dict(client._CLIENTS)  # of a loop that another test left running
    generate(KITE)
    assert before == client._CLIENTS


def test_no_key_is_said_before_any_call(service, monkeypatch):
    monkeypatch.delenv("GEMINI_API_KEY")
    error = fail(KITE)
    assert error.cause is Cause.KEY
    assert str(error).startswith("GEMINI_API_KEY is not set")
    assert service.received == []


def test_the_other_name_of_the_key_will_do(service, monkeypatch):
    monkeypatch.delenv("GEMINI_API_KEY")
    monkeypatch.setenv("GOOGLE_API_KEY", "another-key-987654321")
    generate(KITE)
    assert service.received[0].headers["x-goog-api-key"] == "another-key-987654321"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GOOGLE_GENAI_USE_ENTERPRISE", "true"),
        ("GOOGLE_GENAI_USE_VERTEXAI", "true"),
        ("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:9"),
        ("GOOGLE_VERTEX_BASE_URL", "http://127.0.0.1:9"),
        ("GOOGLE_GENAI_API_VERSION", "v9"),
        ("GOOGLE_GENAI_CLIENT_MODE", "replay"),
        ("GOOGLE_API_KEY", "another-key-987654321"),
        ("HTTP_PROXY", "http://127.0.0.1:9"),
    ],
)
@pytest.mark.parametrize("enterprise", [False, True])
def test_the_environment_cannot_lead_calls_astray(service, monkeypatch, enterprise, name, value):
    monkeypatch.setenv(name, value)
    assert generate(KITE, params={"enterprise": enterprise}).status is Status.DONE
    place = (
        "/v1beta1/projects/our-project/locations/global/publishers/google" if enterprise else "/v1"
    )
    assert service.received[0].path == f"{place}/models/{MODEL}:generateContent"
    assert service.received[0].headers.get("x-goog-api-key") != "another-key-987654321"


def test_the_enterprise_platform_is_reached_by_project_and_location(service, monkeypatch):
    monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", "europe-west4")
    outcome = generate(KITE, params={"enterprise": True})
    assert service.received[0].path.startswith(
        "/v1beta1/projects/our-project/locations/europe-west4/"
    )
    assert "x-goog-api-key" not in service.received[0].headers
    assert outcome.details["surface"] == "enterprise"


def test_the_account_is_named_without_its_key(service):
    assert Provider(MODEL, {}).account == "developer"
    assert Provider(MODEL, {"enterprise": True}).account == "project:our-project"


def test_no_project_is_said_before_any_call(service, monkeypatch):
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT")
    error = fail(KITE, params={"enterprise": True})
    assert error.cause is Cause.KEY
    assert str(error) == "GOOGLE_CLOUD_PROJECT is not set"
