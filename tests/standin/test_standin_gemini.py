"""Gemini's protocol, through the unmodified SDK."""

import asyncio
import io
from enum import StrEnum

import pytest
from google import genai
from google.genai import errors, types
from PIL import Image
from pydantic import BaseModel, Field

from evalsite.standin.server import StandIn

FLASH, PRO = "gemini-2.5-flash-image", "gemini-3-pro-image"
PIXEL = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9cc`\0\0"
    b"\0\x02\0\x01H\xaf\xa4q\0\0\0\0IEND\xaeB`\x82"
)


def generate(client, contents="A kite.", model=FLASH, **config):
    settings = types.GenerateContentConfig(**config) if config else None
    return client.models.generate_content(model=model, contents=contents, config=settings)


def list_images(answer, *, thought=False):
    parts = [part for part in answer.parts if bool(part.thought) is thought]
    return [part.inline_data.data for part in parts if part.inline_data]


def measure(data):
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.size


def test_an_answer_has_text_and_a_picture(gemini):
    text, picture = generate(gemini).parts
    assert text.text
    assert picture.inline_data.mime_type == "image/png"
    assert measure(picture.inline_data.data) == (256, 256)


def test_the_async_client_gets_the_same_answer(gemini, service):
    async def ask():
        options = types.HttpOptions(base_url=service.url)
        async with genai.Client(api_key="a-key", http_options=options).aio as client:
            return await client.models.generate_content(model=FLASH, contents="A kite.")

    assert list_images(asyncio.run(ask())) == list_images(generate(gemini))


@pytest.mark.parametrize(
    ("ratio", "scale", "size"),
    [("16:9", "1K", (341, 192)), ("9:16", None, (192, 341)), ("1:1", "2K", (512, 512))],
)
def test_ratio_and_size_are_honoured(gemini, ratio, scale, size):
    config = types.ImageConfig(aspect_ratio=ratio, image_size=scale)
    assert measure(list_images(generate(gemini, image_config=config))[0]) == size


def test_a_picture_alone_comes_without_text(gemini):
    answer = generate(gemini, response_modalities=["IMAGE"])
    assert [part.text for part in answer.parts] == [None]


def test_a_seed_makes_the_difference(gemini):
    first, again, other = (list_images(generate(gemini, seed=seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_models_draw_differently(gemini):
    assert list_images(generate(gemini)) != list_images(generate(gemini, model="other-image"))


def test_interleaved_answers_alternate(gemini):
    answer = generate(gemini, "[interleave] A story.")
    assert [bool(part.text) for part in answer.parts] == [True, False, True, False]
    first, second = list_images(answer)
    assert first != second


def test_usage_is_told_by_modality(gemini):
    usage = generate(gemini, [types.Part.from_bytes(data=PIXEL, mime_type="image/png"), "A kite."])
    usage = usage.usage_metadata
    inputs = {detail.modality.name: detail.token_count for detail in usage.prompt_tokens_details}
    outputs = {d.modality.name: d.token_count for d in usage.candidates_tokens_details}
    assert inputs == {"TEXT": 2, "IMAGE": 258}
    assert outputs["IMAGE"] == 1290
    assert usage.total_token_count == sum(inputs.values()) + sum(outputs.values())


@pytest.mark.parametrize("spelling", ["inlineData", "inline_data"])
def test_pictures_are_read_in_both_spellings(gemini, spelling):
    mime = "mimeType" if spelling == "inlineData" else "mime_type"
    part = {spelling: {mime: "image/png", "data": "AAAA"}}
    body = {"contents": [{"role": "user", "parts": [part]}]}
    answer = gemini._api_client.request("post", f"models/{FLASH}:generateContent", body)
    assert '"IMAGE", "tokenCount": 258' in answer.body


def test_the_developer_api_tells_when_a_model_ends(gemini):
    status = generate(gemini).model_status
    assert status.model_stage is types.ModelStage.LEGACY
    assert status.retirement_time.year == 2027


def test_the_enterprise_api_answers_on_its_own_path(enterprise, service):
    answer = generate(enterprise)
    assert list_images(answer)
    assert answer.model_status is None
    assert "/projects/a-project/locations/global/" in service.received[0].path
    assert service.received[0].key == "a-token"


def test_both_versions_of_the_developer_api_are_spoken(service):
    options = types.HttpOptions(base_url=service.url, api_version="v1beta")
    with genai.Client(api_key="a-key", http_options=options) as client:
        assert list_images(generate(client))
    assert service.received[0].path.startswith("/v1beta/")


def test_a_thinking_model_thinks_in_text_and_pictures_first(gemini):
    answer = generate(gemini, model=PRO)
    assert [part.thought for part in answer.parts] == [True, True, None, None]
    assert list_images(answer, thought=True) != list_images(answer)
    assert answer.usage_metadata.thoughts_token_count


def test_a_conversation_goes_on_and_its_pictures_change(gemini):
    chat = gemini.chats.create(model=PRO)
    first, second = chat.send_message("A kite."), chat.send_message("A kite.")
    assert list_images(first) != list_images(second)


def make_history(answer, **change):
    parts = [part.model_copy(update=change) for part in answer.parts if not part.thought]
    return [
        types.Content(role="user", parts=[types.Part(text="A kite.")]),
        types.Content(role="model", parts=parts),
        types.Content(role="user", parts=[types.Part(text="Make it red.")]),
    ]


def test_a_turn_without_its_signature_is_refused(gemini):
    history = make_history(generate(gemini, model=PRO, response_modalities=["IMAGE"]))
    assert list_images(generate(gemini, history, model=PRO))
    history[1].parts[0].thought_signature = None
    place = "content position 2, part position 1"
    with pytest.raises(errors.ClientError, match=f"missing a thought_signature in {place}"):
        generate(gemini, history, model=PRO)


def test_a_turn_with_the_signature_of_another_is_refused(gemini):
    other = generate(gemini, "Another.", model=PRO).parts[-1].thought_signature
    history = make_history(generate(gemini, model=PRO), thought_signature=other)
    with pytest.raises(errors.ClientError, match="Corrupted thought signature"):
        generate(gemini, history, model=PRO)


@pytest.mark.parametrize("model", [FLASH, "gemini-3.1-flash-image"])
def test_other_models_do_not_ask_for_signatures(gemini, model):
    history = make_history(generate(gemini, model=model), thought_signature=None)
    assert list_images(generate(gemini, history, model=model))


def test_a_picture_in_a_turn_of_the_user_needs_no_signature(gemini):
    picture = types.Part.from_bytes(data=PIXEL, mime_type="image/png")
    assert list_images(generate(gemini, [picture, "Make it red."], model=PRO))


class Winner(StrEnum):
    A = "A"
    B = "B"


class Verdict(BaseModel):
    winner: Winner
    sure: float = Field(ge=0.5, le=1)
    reasons: list[str] = Field(min_length=2)
    note: str | None
    faithful: bool


def test_a_judge_answers_in_the_schema(gemini):
    answer = generate(
        gemini, model="gemini-judge", response_mime_type="application/json", response_schema=Verdict
    )
    assert isinstance(answer.parsed, Verdict)


def test_a_judge_answers_in_a_json_schema(gemini):
    schema = Verdict.model_json_schema()
    answer = generate(
        gemini, model=PRO, response_mime_type="application/json", response_json_schema=schema
    )
    assert 0.5 <= Verdict.model_validate_json(answer.text).sure <= 1


def test_a_model_of_words_answers_in_words(gemini):
    assert "gemini-judge" in generate(gemini, model="gemini-judge").text


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ({"image_config": types.ImageConfig(aspect_ratio="17:3")}, "aspect ratio '17:3'"),
        ({"image_config": types.ImageConfig(image_size="1k")}, "image size '1k'"),
        ({"thinking_config": types.ThinkingConfig(thinking_budget=0)}, "not enabled"),
    ],
)
def test_settings_that_the_model_does_not_have_are_refused(gemini, config, complaint):
    with pytest.raises(errors.ClientError, match=complaint):
        generate(gemini, **config)


@pytest.mark.parametrize("model", ["no-such-image", "gemini-retired-image"])
def test_some_models_do_not_exist(gemini, model):
    assert read_status(lambda: generate(gemini, model=model)) == 404
    assert read_status(lambda: gemini.models.get(model=model)) == 404


def test_models_are_described(gemini):
    assert gemini.models.get(model=FLASH).name == f"models/{FLASH}"
    assert FLASH in [model.display_name for model in gemini.models.list()]


@pytest.mark.parametrize(("key", "status"), [("right", 200), ("wrong", 401)])
def test_only_given_keys_are_taken(key, status):
    with StandIn(keys={"right"}) as service:
        options = types.HttpOptions(base_url=service.url)
        with genai.Client(api_key=key, http_options=options) as client:
            assert read_status(lambda: generate(client)) == status


def read_status(call):
    try:
        call()
    except errors.ClientError as error:
        return error.code
    return 200
