"""Imagen: one text in, pictures or a filter's reason out."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from arenas.providers.base import Cause, Outcome, ProviderError, Reference, Request, Status
from arenas.providers.imagen import Provider
from tests.arenas.providers.gemini_calls import pictures

MODEL = "imagen-4.0-generate-001"
KITE = "A red kite over a green hill."


def generate(
    *turns: str, params: Mapping[str, Any] | None = None, deadline: float = 30, **others: Any
) -> Outcome:
    request = Request("prompt", turns, **others)
    return asyncio.run(Provider(MODEL, params or {}).generate(request, deadline=deadline))


def fail(*turns: str, **others: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        generate(*turns, **others)
    return caught.value


def test_a_prompt_comes_back_as_a_picture(service):
    outcome = generate(KITE, aspect_ratio="16:9")
    assert outcome.status is Status.DONE
    assert len(pictures(outcome)) == 1
    assert outcome.usage == {"images": 1}
    assert outcome.details["ratio_ok"] is True


def test_it_is_reached_on_the_enterprise_platform(service):
    generate(KITE)
    assert service.received[0].path == (
        f"/v1beta1/projects/our-project/locations/global/publishers/google/models/{MODEL}:predict"
    )
    assert Provider(MODEL, {}).account == "project:our-project"


def test_the_parameters_reach_the_wire(service):
    params = {
        "aspect_ratio": "3:4",
        "image_size": "2K",
        "person_generation": "ALLOW_ADULT",
        "language": "en",
        "negative_prompt": "rain",
    }
    generate(KITE, params=params, n_images=3)
    sent = service.received[0].body["parameters"]
    assert sent["aspectRatio"] == "3:4"
    assert sent["sampleImageSize"] == "2K"
    assert sent["personGeneration"] == "ALLOW_ADULT"
    assert sent["language"] == "en"
    assert sent["negativePrompt"] == "rain"
    assert sent["sampleCount"] == 3
    assert sent["includeRaiReason"] is True
    assert "seed" not in sent
    assert "addWatermark" not in sent


def test_a_seed_takes_the_watermark_off(service):
    generate(KITE, params={"seed": True}, seed=7)
    sent = service.received[0].body["parameters"]
    assert (sent["seed"], sent["addWatermark"]) == (7, False)


def test_never_more_than_four_pictures_are_asked_for(service):
    assert len(pictures(generate(KITE, n_images=9))) == 4


def test_a_filtered_picture_is_a_refusal_with_its_reason(service):
    outcome = generate(f"{KITE} [fault:rai_filtered]")
    assert outcome.status is Status.REFUSED_OUTPUT
    assert outcome.try_again is False
    assert "usage guidelines" in outcome.reason


def test_what_the_filter_left_is_an_answer(service):
    outcome = generate(f"{KITE} [fault:rai_filtered]", n_images=2)
    assert outcome.status is Status.DONE
    assert len(pictures(outcome)) == 1
    assert len(outcome.details["filtered"]) == 1


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("no_image", Status.NO_IMAGE),
        ("wrong_types", Status.MALFORMED),
        ("bad_base64", Status.MALFORMED),
        ("zero_bytes", Status.MALFORMED),
        ("empty_object", Status.NO_IMAGE),
    ],
)
def test_an_accident_may_be_tried_again(service, fault, status):
    outcome = generate(f"{KITE} [fault:{fault}]")
    assert outcome.status is status
    assert outcome.try_again
    assert outcome.reason.endswith(".")


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("rate_limit", Cause.BUSY),
        ("server_error", Cause.PASSING),
        ("not_found", Cause.GONE),
        ("forbidden", Cause.KEY),
        ("reset", Cause.PASSING),
        ("cut_json", Cause.PASSING),
    ],
)
def test_a_failed_call_says_what_follows(service, fault, cause):
    assert fail(f"{KITE} [fault:{fault}]").cause is cause


def test_the_deadline_ends_a_call(service):
    error = fail(f"{KITE} [fault:hang]", deadline=0.5)
    assert error.cause is Cause.TIMEOUT


def test_a_conversation_is_not_for_it(service):
    error = fail("One.", "Two.", "Three.")
    assert error.permanent
    assert str(error) == "Imagen draws from one text alone; this prompt has 3 turns"
    assert service.received == []


def test_references_are_not_for_it(service):
    error = fail(KITE, references=(Reference("girl", "subject", b"", "image/png"),))
    assert error.permanent
    assert "reference" in str(error)


@pytest.mark.parametrize(
    ("name", "value"),
    [("image_size", "4K"), ("person_generation", "some"), ("seed", 7), ("language", "xx")],
)
def test_a_wrong_parameter_is_an_error_that_names_it(name, value):
    with pytest.raises(ValueError, match=name):
        Provider(MODEL, {name: value})
