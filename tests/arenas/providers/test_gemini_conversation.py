"""Several turns as one conversation, and going on where an earlier try broke off."""

import asyncio
from typing import Any

import pytest

from arenas.providers.base import ImagePart, ProviderError, Reference, Status
from arenas.providers.gemini import Provider
from tests.arenas.providers.gemini_calls import (
    THINKING,
    fail,
    generate,
    make_request,
    pictures,
)

TURNS = ("A fox in the snow.", "Now at night.", "Now asleep.")


def read_roles(call: Any) -> list[str]:
    return [content["role"] for content in call.body["contents"]]


def read_model_parts(call: Any) -> list[dict[str, Any]]:
    contents = call.body["contents"]
    return [part for each in contents if each["role"] == "model" for part in each["parts"]]


def total(*usages: Any) -> int:
    return sum(usage["output_image_tokens"] for usage in usages)


def resume(error: ProviderError, *turns: str) -> Any:
    request = make_request(*turns, resume=error.resume)
    return asyncio.run(Provider(THINKING, {}).generate(request, deadline=30))


def test_three_turns_are_one_conversation(service):
    outcome = generate(*TURNS, model=THINKING)
    assert outcome.status is Status.DONE
    assert [read_roles(call) for call in service.received] == [
        ["user"],
        ["user", "model", "user"],
        ["user", "model", "user", "model", "user"],
    ]


def test_earlier_pictures_go_back_with_their_signatures(service):
    generate(*TURNS, model=THINKING)
    sent = read_model_parts(service.received[2])
    shown = [part for part in sent if "inlineData" in part and not part.get("thought")]
    assert len(shown) == 2
    assert all(part["thoughtSignature"] for part in shown)
    assert read_model_parts(service.received[1]) == sent[: len(sent) // 2]


def test_each_part_knows_its_turn(service):
    outcome = generate(*TURNS)
    assert [part.turn for part in pictures(outcome)] == [0, 1, 2]


def test_the_usage_of_all_turns_is_added_up(service):
    outcome = generate(*TURNS)
    assert outcome.usage["images"] == 3
    assert outcome.usage["output_image_tokens"] == 3 * 1290
    assert outcome.usage["input_image_tokens"] == (0 + 1 + 2) * 258


def test_references_come_with_the_first_turn_alone(service):
    png = pictures(generate("A girl."))[0].data
    service.clear()
    generate(*TURNS, references=(Reference("girl", "subject", png, "image/png"),))
    texts = [
        part.get("text", "")
        for content in service.received[2].body["contents"]
        for part in content["parts"]
    ]
    assert sum(text.startswith("Reference image") for text in texts) == 1
    assert texts[0] == "Reference image (subject, id girl):"


def test_a_turn_in_words_stays_in_the_conversation(service):
    outcome = generate("A fox. [fault:text_only]", "Red.")
    assert outcome.status is Status.NO_IMAGE
    assert outcome.reason.startswith("It answered with text only")
    assert [part.turn for part in pictures(outcome)] == [1]
    assert read_model_parts(service.received[1])[0]["text"].startswith("Which of the two")


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("prompt_blocked", Status.REFUSED_PROMPT),
        ("image_safety", Status.REFUSED_OUTPUT),
        ("no_image", Status.NO_IMAGE),
        ("empty_body", Status.MALFORMED),
        ("bad_base64", Status.MALFORMED),
    ],
)
def test_a_conversation_ends_with_a_turn_without_content(service, fault, status):
    outcome = generate("A fox.", f"Now at night. [fault:{fault}]", "Now asleep.")
    assert outcome.status is status
    assert [part.turn for part in pictures(outcome)] == [0]
    assert outcome.usage["images"] == 1
    assert len(service.received) == 2


def test_a_ratio_that_one_turn_ignores_is_noted(service):
    outcome = generate("A fox. [fault:ratio_ignored]", "Now at night.")
    assert outcome.details["ratio_ok"] is False


def test_an_error_says_what_was_billed_by_then(service):
    error = fail("A fox.", "Now at night. [fault:server_error]", model=THINKING)
    assert error.usage["images"] == 1
    assert error.usage["output_image_tokens"] == 1290


def test_a_first_turn_that_fails_was_not_billed(service):
    error = fail("A fox. [fault:server_error]", "Now at night.")
    assert error.usage == {}
    assert error.resume is None


def test_another_try_goes_on_without_paying_again(service):
    turns = ("A fox.", "Now at night. [fault:server_error:1]", "Now asleep.")
    error = fail(*turns, model=THINKING)
    outcome = resume(error, *turns)
    assert outcome.status is Status.DONE
    assert [part.turn for part in pictures(outcome) if not part.thought] == [0, 1, 2]
    assert [read_roles(call)[-1] for call in service.received] == ["user"] * 4
    assert len(read_roles(service.received[2])) == 3
    assert total(error.usage, outcome.usage) == 3 * 1290


def test_a_second_failure_bills_only_its_own_turns(service):
    turns = ("A fox.", "Now at night. [fault:server_error:1]", "Now asleep. [fault:server_error:1]")
    first = fail(*turns, model=THINKING)
    with pytest.raises(ProviderError) as caught:
        resume(first, *turns)
    outcome = resume(caught.value, *turns)
    usages = (first.usage, caught.value.usage, outcome.usage)
    assert [usage["images"] for usage in usages] == [1, 1, 1]
    assert outcome.status is Status.DONE


def test_the_deadline_is_for_all_turns_and_keeps_those_that_were_answered(service):
    error = fail("A fox.", "Now at night. [fault:hang]", deadline=1.5)
    assert str(error) == "the model did not answer within 1.5 seconds"
    assert error.usage["images"] == 1


def test_a_conversation_in_one_turn_may_hold_several_pictures(service):
    outcome = generate("A fox. [interleave]", "Now at night.")
    assert [part.turn for part in outcome.parts if isinstance(part, ImagePart)] == [0, 0, 1]
