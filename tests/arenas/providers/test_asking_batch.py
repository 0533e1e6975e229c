"""Many questions about pictures as one job: asked and read as single ones are."""

import asyncio

import pytest

from arenas.providers._gemini.asking import make_question
from arenas.providers._gemini.batch import Item
from arenas.providers._gemini.settings import make_asking_config
from arenas.providers.base import Answer, Cause, ProviderError, Question, Status
from arenas.providers.gemini import Provider
from tests.arenas.providers.test_asking import BLUE, MODELS, RED, SCHEMA

MODEL = MODELS["gemini"]
PARAMS = {"temperature": 0, "system": "Look twice.", "thinking_level": "LOW"}


def make_questions(count, *words):
    texts = [*words, *(f"Which is better, {n}?" for n in range(count - len(words)))]
    return {f"key-{n}": Question((BLUE, RED), text, SCHEMA) for n, text in enumerate(texts)}


async def run(questions, params):
    provider = Provider(MODEL, params)
    job = await provider.submit_questions(questions, name="night-1")
    return await provider.poll_questions(job, dict.fromkeys(questions, SCHEMA))


def ask(questions, params=None):
    return asyncio.run(run(questions, params or {}))


def find_asked(service):
    """The first request of the job, wherever it travelled."""
    [created] = [each for each in service.received if "batchGenerateContent" in each.path]
    [first, *_] = created.body["batch"]["inputConfig"]["requests"]["requests"]
    return first["request"]


# Up to twenty travel inside their request, more as a file.
@pytest.mark.parametrize("count", [2, 21])
def test_a_question_gets_the_same_reply_alone_and_in_a_batch(service, count):
    questions = make_questions(count)
    state = ask(questions, PARAMS)
    first = questions["key-0"]
    alone = asyncio.run(Provider(MODEL, PARAMS).ask(first.images, first.text, SCHEMA))
    assert (state.ended, state.failed, len(state.results)) == (True, "", count)
    assert state.results["key-0"] == alone


@pytest.mark.parametrize("count", [6, 21])
def test_each_question_of_a_batch_has_an_end_of_its_own(service, count):
    faults = ("fenced_json", "wrong_json", "truncated_json", "withheld", "unavailable")
    results = ask(make_questions(count, *(f"[fault:{each}]" for each in faults))).results
    fenced, wrong, cut, withheld, closed, plain = (results[f"key-{n}"] for n in range(6))
    assert fenced.status is plain.status is Status.DONE
    assert set(fenced.data) == {"reason", "overall"}
    assert (wrong.status, wrong.raw) == (Status.MALFORMED, '{"unasked": null}')
    assert withheld.status is Status.REFUSED_OUTPUT
    assert isinstance(cut, ProviderError)
    assert (cut.cause, cut.usage["output_text_tokens"] > 0) == (Cause.PASSING, True)
    assert isinstance(closed, ProviderError)
    assert not closed.usage


def test_a_response_out_of_form_is_malformed_and_spoils_no_other(service):
    results = ask(make_questions(21, "Which? [fault:wrong_types]")).results
    assert results["key-0"].status is Status.MALFORMED
    assert isinstance(results["key-1"], Answer)
    assert results["key-1"].status is Status.DONE


def test_only_what_the_service_documents_is_sent(service):
    ask(make_questions(1), PARAMS)
    config = find_asked(service)["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    assert config["responseJsonSchema"] == SCHEMA
    assert not [name for name in config if name.startswith("automatic")]


def test_no_line_of_a_file_holds_what_is_the_sdks_own():
    config = make_asking_config({"temperature": 0.0}, SCHEMA)
    line = Item("key", make_question((BLUE,), "Which?"), config).to_line()
    assert b"automatic" not in line


def test_questions_are_put_in_batches_on_the_developer_api_only(service):
    provider = Provider(MODEL, {"enterprise": True})
    with pytest.raises(ProviderError, match="Developer API only") as caught:
        asyncio.run(provider.submit_questions(make_questions(1), name="n"))
    assert caught.value.permanent
