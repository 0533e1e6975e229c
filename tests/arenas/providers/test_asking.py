"""A model asked about pictures, through the unmodified SDKs, in both protocols."""

import asyncio
import time

import pytest

from arenas.providers._replies import BadReply, find_fault, read_reply
from arenas.providers.base import Cause, ProviderError, Status, make_provider
from tests.arenas.providers.openai_calls import make_reference

SCHEMA = {
    "type": "object",
    "properties": {
        "reason": {"type": "string"},
        "overall": {"type": "string", "enum": ["A", "B", "tie"]},
    },
    "required": ["reason", "overall"],
    "additionalProperties": False,
}
MODELS = {"gemini": "gemini-2.5-flash", "openai": "gpt-5"}
BLUE, RED = (make_reference("Answer A", "A", "blue"), make_reference("Answer B", "B", "red"))


@pytest.fixture(params=MODELS)
def ask(request, service):
    """Asks one of the two which of two pictures is better; the words may hold a fault."""
    provider = make_provider(request.param, MODELS[request.param], {})

    def put(words="Which is better?", images=(BLUE, RED)):
        return asyncio.run(provider.ask(images, words, SCHEMA))

    return put


def swap(first, second):
    return (make(second, "A"), make(first, "B"))


def make(picture, slot):
    return type(picture)(f"Answer {slot}", slot, picture.data, picture.mime)


def test_a_reply_fits_its_schema_and_says_what_it_cost(ask):
    answer = ask()
    assert answer.status is Status.DONE
    assert answer.data["overall"] in ("A", "B")
    assert answer.usage["input_text_tokens"] > 0
    assert answer.usage["output_text_tokens"] > 0
    assert answer.model_version in MODELS.values()


def test_the_other_order_swaps_the_answer_of_who_looks(ask):
    answers = {ask().data["overall"], ask(images=swap(BLUE, RED)).data["overall"]}
    assert answers == {"A", "B"}


def test_who_prefers_the_first_does_in_both_orders(ask):
    words = "Which? [fault:first_slot]"
    answers = {ask(words).data["overall"], ask(words, swap(BLUE, RED)).data["overall"]}
    assert answers == {"A"}


@pytest.mark.parametrize("fault", ["fenced_json", "chatty_json"])
def test_fences_and_words_around_a_reply_are_passed_over(ask, fault):
    answer = ask(f"Which? [fault:{fault}]")
    assert answer.status is Status.DONE
    assert set(answer.data) == {"reason", "overall"}
    assert not answer.raw.startswith("{")


def test_a_reply_of_another_form_is_malformed_and_kept(ask):
    answer = ask("Which? [fault:wrong_json]")
    assert (answer.status, dict(answer.data)) == (Status.MALFORMED, {})
    assert "'reason' is missing" in answer.reason
    assert answer.raw == '{"unasked": null}'
    assert answer.usage["output_text_tokens"] > 0


def test_a_reply_that_was_cut_off_passes_and_was_billed(ask):
    with pytest.raises(ProviderError, match="cut off") as caught:
        ask("Which? [fault:truncated_json]")
    assert caught.value.cause is Cause.PASSING
    assert caught.value.raw_reason in ("MAX_TOKENS", "length")
    assert caught.value.usage["output_text_tokens"] > 0


@pytest.mark.parametrize(
    ("fault", "status"),
    [("prompt_blocked", Status.REFUSED_PROMPT), ("withheld", Status.REFUSED_OUTPUT),
     ("image_safety", Status.REFUSED_OUTPUT)],
)  # fmt: skip
def test_a_refusal_is_an_outcome_of_its_own(ask, fault, status):
    answer = ask(f"Which? [fault:{fault}]")
    assert answer.status is status
    assert answer.reason
    assert answer.raw_reason


def test_an_answer_of_other_types_is_malformed(ask):
    assert ask("Which? [fault:wrong_types]").status is Status.MALFORMED


def test_a_missing_count_of_tokens_is_no_error(ask):
    assert ask("Which? [fault:no_usage]").status is Status.DONE


@pytest.mark.parametrize(
    ("fault", "cause"),
    [("rate_limit", Cause.BUSY), ("unauthorized", Cause.KEY), ("reset", Cause.PASSING)],
)
def test_a_call_that_fails_is_an_error_as_elsewhere(ask, fault, cause):
    with pytest.raises(ProviderError) as caught:
        ask(f"Which? [fault:{fault}]")
    assert caught.value.cause is cause


def test_pictures_go_out_under_their_names_and_no_other(ask, service):
    ask()
    [call] = service.received
    said = str(call.body)
    assert "Answer A:" in said
    assert "Answer B:" in said
    assert "filename" not in said


def test_a_provider_that_cannot_judge_says_so():
    with pytest.raises(ProviderError, match="does not judge") as caught:
        asyncio.run(make_provider("imagen", "some", {}).ask([BLUE], "Which?", SCHEMA))
    assert caught.value.permanent


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "no JSON"), ("{", "no JSON"), ("[1]", "no JSON"), ('{"overall": "A"}', "missing"),
     ('{"reason": 1, "overall": "A"}', "no string"),
     ('{"reason": "x", "overall": "C"}', "none of A, B, tie"),
     ('{"reason": "x", "overall": "A", "more": 1}', "not asked for")],
)  # fmt: skip
def test_what_does_not_fit_says_why(text, words):
    with pytest.raises(BadReply, match=words):
        read_reply(text, SCHEMA)


def test_the_first_object_that_fits_counts():
    text = 'Like {"overall": "C"}? No: {"reason": "a {brace}", "overall": "tie"} {"reason": "late"}'
    assert read_reply(text, SCHEMA)["overall"] == "tie"


def test_numbers_and_lists_are_held_to_their_bounds():
    schema = {
        "type": "array", "minItems": 1, "maxItems": 2,
        "items": {"type": "integer", "minimum": 0, "maximum": 3},
    }  # fmt: skip
    assert find_fault([1, 3], schema) == ""
    for wrong in ([], [1, 2, 3], [4], [True], ["1"]):
        assert find_fault(wrong, schema)


def test_a_schema_that_says_more_than_is_checked_is_refused():
    with pytest.raises(ValueError, match="pattern"):
        find_fault("x", {"type": "string", "pattern": "x"})


def test_a_reply_of_brackets_alone_is_given_up_at_once():
    started = time.process_time()
    with pytest.raises(BadReply, match="no JSON"):
        read_reply('{"":' * 50_000, SCHEMA)
    assert time.process_time() - started < 1
