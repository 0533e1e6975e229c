"""Imagen's protocol, through the unmodified SDK."""

import asyncio
import io

import pytest
from google.genai import errors, types
from PIL import Image

pytestmark = pytest.mark.filterwarnings("ignore:The generate_images method is deprecated")
MODEL = "imagen-4.0-generate-001"


def generate(client, prompt="A kite.", **config):
    settings = types.GenerateImagesConfig(**config)
    return client.models.generate_images(model=MODEL, prompt=prompt, config=settings)


def test_as_many_pictures_come_as_asked_for(enterprise):
    first, second = generate(enterprise, number_of_images=2).generated_images
    assert first.image.image_bytes != second.image.image_bytes
    assert first.image.mime_type == "image/png"


def test_the_async_client_gets_the_same_pictures(enterprise):
    async def ask():
        async with enterprise.aio as client:
            return await client.models.generate_images(model=MODEL, prompt="A kite.")

    assert asyncio.run(ask()).generated_images[0].image == generate(enterprise).images[0]


def test_the_ratio_and_the_format_are_honoured(enterprise):
    answer = generate(enterprise, aspect_ratio="16:9", output_mime_type="image/jpeg")
    image = answer.generated_images[0].image
    assert image.mime_type == "image/jpeg"
    with Image.open(io.BytesIO(image.image_bytes)) as opened:
        assert (opened.format, opened.size) == ("JPEG", (341, 192))


def test_a_filtered_picture_vanishes(enterprise):
    assert generate(enterprise, "[fault:rai_filtered]").generated_images is None
    assert len(generate(enterprise, "[fault:rai_filtered]", number_of_images=2).images) == 1


def test_a_filtered_picture_tells_why_where_asked(enterprise):
    answer = generate(
        enterprise, "[fault:rai_filtered]", number_of_images=2, include_rai_reason=True
    )
    filtered, shown = answer.generated_images
    assert "filtered out" in filtered.rai_filtered_reason
    assert shown.image.image_bytes


def test_a_blocked_prompt_is_a_bad_request(enterprise):
    with pytest.raises(errors.ClientError, match="sensitive words"):
        generate(enterprise, "[fault:prompt_blocked]")
