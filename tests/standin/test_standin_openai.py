"""OpenAI's protocol, through the unmodified SDK."""

import asyncio
import base64
import io

import openai as sdk
import pytest
from PIL import Image

MODEL = "gpt-image-1"


def generate(client, prompt="A kite.", **settings):
    return client.images.generate(model=MODEL, prompt=prompt, **settings)


def open_image(row):
    image = Image.open(io.BytesIO(base64.b64decode(row.b64_json)))
    image.load()
    return image


def test_as_many_pictures_come_as_asked_for(openai):
    answer = generate(openai, n=2, size="1536x1024")
    assert [open_image(row).size for row in answer.data] == [(384, 256)] * 2
    assert answer.data[0].b64_json != answer.data[1].b64_json


def test_the_async_client_gets_the_same_pictures(openai, service):
    async def ask():
        url = f"{service.url}/v1"
        async with sdk.AsyncOpenAI(api_key="a-key", base_url=url) as client:
            return await client.images.generate(model=MODEL, prompt="A kite.")

    assert asyncio.run(ask()).data == generate(openai).data


def test_the_format_is_honoured(openai):
    answer = generate(openai, output_format="webp")
    assert answer.output_format == "webp"
    assert open_image(answer.data[0]).format == "WEBP"


def test_usage_is_told_by_modality(openai):
    usage = generate(openai, n=2).usage
    assert usage.output_tokens == 2 * usage.output_tokens_details.image_tokens / 2 == 2112
    assert usage.input_tokens_details.text_tokens == 2


def test_an_edit_takes_several_pictures_and_a_mask(openai, service):
    answer = openai.images.edit(
        model=MODEL, prompt="Join them.", image=[b"first", b"second"], mask=b"mask"
    )
    sent = [(field.name, field.data) for field in service.received[0].fields if field.filename]
    assert sent == [("image[]", b"first"), ("image[]", b"second"), ("mask", b"mask")]
    assert answer.usage.input_tokens_details.image_tokens == 3 * 323


def test_an_edit_follows_from_its_picture(openai):
    first, other = (
        openai.images.edit(model=MODEL, prompt="Red.", image=image) for image in (b"a", b"b")
    )
    assert first.data != other.data


def test_models_are_listed(openai):
    assert MODEL in [model.id for model in openai.models.list()]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [({"size": "big"}, "'big'"), ({"n": 11}, "'n' must be"), ({"output_format": "gif"}, "'gif'")],
)
def test_settings_that_there_are_not_are_refused(openai, change, complaint):
    with pytest.raises(sdk.BadRequestError, match=complaint):
        generate(openai, **change)


def test_a_moderated_prompt_says_so(openai):
    with pytest.raises(sdk.BadRequestError) as refused:
        generate(openai, "[fault:moderation]")
    assert refused.value.code == "moderation_blocked"


def test_a_spent_quota_says_so(openai):
    with pytest.raises(sdk.RateLimitError) as refused:
        generate(openai, "[fault:quota_day]")
    assert refused.value.code == "insufficient_quota"


def test_a_full_minute_says_how_long_to_wait(openai):
    with pytest.raises(sdk.RateLimitError) as refused:
        generate(openai, "[fault:rate_limit]")
    assert refused.value.response.headers["retry-after"] == "3"


def test_the_refused_key_is_quoted(openai):
    with pytest.raises(sdk.AuthenticationError, match="a-key"):
        generate(openai, "[fault:unauthorized]")


def test_a_model_that_is_none_is_not_found(openai):
    with pytest.raises(sdk.NotFoundError):
        openai.images.generate(model="no-such-model", prompt="A kite.")
