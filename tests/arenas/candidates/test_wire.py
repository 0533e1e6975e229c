"""From a planned candidate to what raters see, over the wire: the SDKs are the real ones."""

import io
import json
import logging
import random
from datetime import timedelta

import pytest
from django.apps import apps
from django.conf import settings as site
from django.core import serializers
from django.utils import timezone
from PIL import Image as Pillow

from arenas.candidates.generate import Pump
from arenas.candidates.limit import get_limiter
from arenas.candidates.models import Attempt, Candidate, ServicePause
from arenas.candidates.open_images import open_received
from arenas.candidates.runs import Wish, start_run
from arenas.competitors.models import Competitor
from arenas.exports.tables import export_candidates
from arenas.images.models import Rendition
from arenas.images.store import read_bytes
from arenas.suites.load import load_suite
from tests.factories import make_arena, png, suite_file
from tests.service import KEY

pytestmark = pytest.mark.django_db
PLANTED = b"PLANTED-METADATA"
PRICE = {"image": 0.039, "input_text": 0.3, "output_text": 2.5, "output_image": 30}


@pytest.fixture
def ask(service, tmp_path):
    """Has a model generate these prompts, as workers would, and returns the candidates."""

    def generate(*prompts, provider="gemini", model="gemini-3-pro-image", params=None):
        rows = [
            {"id": f"prompt-{n}", **({"text": each} if isinstance(each, str) else each)}
            for n, each in enumerate(prompts)
        ]
        version = load_suite(suite_file(tmp_path, rows)).version
        Competitor.objects.create(
            name="nano", provider=provider, model=model, params=params or {}, price=PRICE
        )
        arena = make_arena(version, ["nano"])
        start_run(arena, Wish(), by="alice", now=timezone.now())
        return work()

    return generate


def work(lease=timedelta(seconds=30)):
    """What workers do until nothing is due at once."""
    came: list[int] = []
    limiter = get_limiter(site.REDIS_URL)
    Pump(lease=lease, limiter=limiter, received=came.extend).run(60)
    for pk in came:
        open_received(pk, now=timezone.now(), rng=random.Random(1))
    return list(Candidate.objects.order_by("pk"))


def calls(service):
    return [each for each in service.received if "generateContent" in each.path]


def test_three_turns_are_one_conversation_with_its_pictures_and_signatures(ask, service):
    [candidate] = ask({"turns": ["Draw a cat.", "Give it a hat.", "Make it night."]})
    assert candidate.status == "done"
    last = calls(service)[2].body["contents"]
    assert [each["role"] for each in last] == ["user", "model", "user", "model", "user"]
    for answer in (last[1], last[3]):
        [picture] = [p for p in answer["parts"] if "inlineData" in p and not p.get("thought")]
        assert picture["thoughtSignature"]
    shown = candidate.parts.exclude(image=None).filter(thought=False)
    assert [part.turn for part in shown] == [0, 1, 2]
    assert len({part.image.sha256 for part in shown}) == 3
    assert Rendition.objects.count() == 3


def test_an_interleaved_answer_is_stored_in_order(ask):
    [candidate] = ask("A cat by day and by night. [interleave]", model="gemini-2.5-flash-image")
    parts = candidate.parts.filter(thought=False)
    assert ["image" if part.image else "text" for part in parts] == ["text", "image"] * 2


@pytest.mark.parametrize("form", ["", " [jpeg]", " [webp]"])
def test_planted_metadata_stays_with_the_original_and_reaches_no_rater(ask, form):
    [candidate] = ask(f"A cat.{form}")
    original = read_bytes(candidate.parts.exclude(image=None).last().image.path)
    assert PLANTED in original
    for rendition in Rendition.objects.all():
        data = read_bytes(rendition.path)
        assert PLANTED not in data
        assert b"gemini" not in data.lower()
        with Pillow.open(io.BytesIO(data)) as picture:
            assert not picture.getexif()
            assert set(picture.info) <= {"loop", "background", "timestamp", "duration"}


def test_a_conversation_that_breaks_off_goes_on_where_it_was(ask, service):
    [candidate] = ask(
        {"turns": ["Draw a cat.", "Give it a hat. [fault:reset:1]", "Make it night."]}
    )
    assert candidate.status == "done"
    assert len(calls(service)) == 4  # the first turn is paid for once
    assert [attempt.cause for attempt in candidate.attempts.all()] == ["passing", ""]
    broken, last = candidate.attempts.all()
    assert broken.cost_usd is None  # the picture may have been made: the estimate stands
    assert broken.estimate_usd > 0
    assert last.cost_usd > 0


def test_after_a_busy_answer_the_next_try_comes_when_the_service_said(ask, service):
    [candidate] = ask("A cat. [fault:rate_limit:1]")
    assert candidate.status == "done"
    first, second = calls(service)
    assert 3 <= second.at - first.at <= 6
    assert candidate.attempts.count() == 2


def test_what_was_used_is_what_it_cost(ask):
    [candidate] = ask("A cat.", model="gemini-2.5-flash-image")
    assert candidate.usage["output_image_tokens"] == 1290
    assert float(candidate.cost_usd) == pytest.approx(0.0387, abs=0.001)
    assert not candidate.cost_estimated


def test_without_a_count_the_list_price_stands_and_is_called_an_estimate(ask):
    [candidate] = ask("A cat. [fault:no_usage]", model="gemini-2.5-flash-image")
    assert (float(candidate.cost_usd), candidate.cost_estimated) == (0.039, True)


def test_where_an_answer_came_from_is_kept(ask):
    [candidate] = ask("A cat.")
    assert candidate.model_version.startswith("gemini-3-pro-image")
    assert candidate.response_id
    assert candidate.details["sdk"].startswith("google-genai ")
    assert candidate.details["model"] == "gemini-3-pro-image"


def test_a_model_that_is_gone_is_marked_as_retired_and_called_no_more(ask, service):
    rows = ask("A cat.", "A dog.", "A fox.", model="gemini-retired-image")
    assert {row.status for row in rows} == {"failed"}
    nano = Competitor.objects.get()
    assert nano.retired_on == timezone.now().date()
    assert "found on" in nano.retired_note


def test_a_refusal_is_kept_with_its_reason_and_asked_for_once(ask, service):
    [candidate] = ask("A cat. [fault:prompt_blocked]")
    assert candidate.status == "refused_prompt"
    assert candidate.reason
    assert len(calls(service)) == 1


def test_a_refused_key_leaves_candidates_planned_and_closes_the_account(ask, service):
    rows = ask("A cat. [fault:unauthorized]", "A dog. [fault:unauthorized]")
    assert {row.status for row in rows} == {"planned"}
    pause = ServicePause.objects.get()
    assert pause.scope == "gemini/developer"
    assert all(row.not_before == pause.until for row in rows)


def test_a_service_that_is_not_there_fails_nobody(ask, monkeypatch):
    monkeypatch.setenv("GEMINI_BASE_URL", "http://127.0.0.1:9")
    [candidate] = ask("A cat.")
    assert (candidate.status, candidate.reason) == ("planned", "no connection to 127.0.0.1:9")


def test_it_goes_on_by_itself_once_the_key_is_taken_again(ask):
    ask("A cat. [fault:unauthorized:1]", "A dog.")
    past = timezone.now() - timedelta(seconds=1)
    ServicePause.objects.update(until=past)
    Candidate.objects.update(not_before=None)
    assert {row.status for row in work()} == {"done"}
    assert not ServicePause.objects.exists()


def test_a_key_is_found_nowhere(ask, service, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    ask(
        "A cat. [fault:key_invalid]",
        f"Write {KEY} on a wall. [fault:text_only]",
        f"Write {KEY} again. [fault:bad_request]",
        "A fox. [fault:reset:2]",
    )
    arena = Competitor.objects.get().entries.get().arena
    # The prompts are the user's own words; everything that was made of them is ours.
    rows = [
        row
        for model in (Candidate, Attempt, ServicePause, apps.get_model("arenas", "Part"))
        for row in model.objects.all()
    ]
    exported = export_candidates(arena).write_json()
    printed = capsys.readouterr()
    for place in (serializers.serialize("json", rows), exported, printed.out, printed.err):
        assert KEY not in place
    assert "text" in json.dumps([row.reason for row in Candidate.objects.all()])
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    ("provider", "model"), [("openai", "gpt-image-2"), ("imagen", "imagen-4.0-generate-001")]
)
def test_other_providers_pictures_are_shown_without_their_metadata(ask, provider, model):
    [candidate] = ask("A cat.", provider=provider, model=model)
    assert (candidate.status, candidate.reason) == ("done", "")
    assert PLANTED not in read_bytes(Rendition.objects.get().path)


def test_a_reference_goes_with_the_first_turn(ask, service, tmp_path):
    (tmp_path / "cat.png").write_bytes(png("teal"))
    reference = {"id": "cat", "role": "subject", "file": "cat.png"}
    [candidate] = ask({"text": "This cat on a roof.", "references": [reference]})
    assert candidate.status == "done"
    words, picture, prompt = calls(service)[0].body["contents"][0]["parts"]
    assert "cat" in words["text"]
    assert "inlineData" in picture
    assert prompt["text"] == "This cat on a roof."
