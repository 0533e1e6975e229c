"""What an arena's author wrote is shown in the rater's language, or marked as another one."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from arenas.definitions.load import load_arena
from arenas.definitions.models import Arena
from arenas.raters.models import Participation
from arenas.suites.load import load_suite
from tests.factories import NOW, suite_file, write_yaml
from tests.pages import text

pytestmark = pytest.mark.django_db

START = "/arenas/small/start/"
FILE: dict[str, Any] = {
    "slug": "small",
    "title": {"text": "Posters", "translations": {"de": "Plakate"}},
    "description": {"text": "All about posters.", "translations": {"de": "Alles über Plakate."}},
    "suite": "small",
    "questions": [{"id": "better", "text": "Which is better?"}],
    "raters": {
        "pay": {"text": "2.40 GBP", "translations": {"de": "2,40 GBP"}},
        "content": {"text": "No violence.", "translations": {"de": "Keine Gewalt."}},
        "consent": {"text": "I agree.", "translations": {"de": "Ich stimme zu."}},
    },
}
PLAIN = {
    **FILE,
    "title": "Posters",
    "description": "All about posters.",
    "raters": {"pay": "2.40 GBP", "content": "No violence.", "consent": {"text": "I agree."}},
}


@pytest.fixture
def german() -> Client:
    return Client(headers={"Accept-Language": "de-AT,de;q=0.9"})


def load(folder: Path, content: dict[str, Any]) -> Arena:
    load_suite(suite_file(folder))
    return load_arena(write_yaml(folder / "arena.yaml", content), now=NOW).arena


def test_the_start_page_speaks_the_raters_language(
    tmp_path: Path, german: Client, client: Client
) -> None:
    load(tmp_path, FILE)
    pages = text(german.get(START)), text(client.get(START))
    for said in (
        ("Plakate</h1>", "Posters</h1>"),
        ("Alles über Plakate.", "All about posters."),
        ("2,40 GBP", "2.40 GBP"),
        ("Keine Gewalt.", "No violence."),
        ("Ich stimme zu.", "I agree."),
    ):
        for page, own, other in zip(pages, said, reversed(said), strict=True):
            assert own in page
            assert other not in page


def test_what_is_translated_carries_no_language(tmp_path: Path, german: Client) -> None:
    load(tmp_path, FILE)
    assert 'lang="en"' not in text(german.get(START))


def test_what_is_not_translated_carries_the_arenas_language(tmp_path: Path, german: Client) -> None:
    load(tmp_path, PLAIN)
    page = text(german.get(START))
    for said in ("Posters</h1>", "All about posters.</p>", "2.40 GBP</dd>", "No violence.</dd>"):
        assert f'lang="en">{said}' in page
    assert '<div class="consent-text" lang="en">' in page


def test_an_arena_in_the_language_of_the_page_needs_no_mark(
    tmp_path: Path, german: Client, client: Client
) -> None:
    load(tmp_path, {**PLAIN, "language": "de"})
    assert "<h1>Posters</h1>" in text(german.get(START))
    assert 'lang="de">Posters</h1>' in text(client.get(START))


def test_the_front_page_speaks_the_raters_language(tmp_path: Path, german: Client) -> None:
    load(tmp_path, FILE)
    page = text(german.get("/"))
    assert '<html lang="de"' in page
    for said in ("Plakate</h2>", "Alles über Plakate.", "Welches Bildmodell", "<b>3</b> Aufgaben"):
        assert said in page


def test_readers_pages_mark_a_title_in_another_language(tmp_path: Path, client: Client) -> None:
    load(tmp_path, {**PLAIN, "language": "de"})
    page = text(client.get("/arenas/small/leaderboard/"))
    assert '<h1 lang="de">Posters</h1>' in page


def test_the_consent_that_is_kept_is_of_the_text_that_was_shown(
    tmp_path: Path, german: Client
) -> None:
    load(tmp_path, FILE)
    page = text(german.get(START))
    shown = page.partition('name="shown" value="')[2].partition('"')[0]
    assert german.post(START, {"consent": "on", "shown": shown}).status_code == 302
    assert Participation.objects.get().consent == shown


def test_a_translation_of_a_title_is_a_new_revision_and_the_same_question(tmp_path: Path) -> None:
    before = load(tmp_path, PLAIN)
    question = before.questions.get()
    after = load(tmp_path, {**PLAIN, "title": FILE["title"]})
    assert after.revision == before.revision + 1
    assert after.questions.get() == question
    assert after.title == "Posters"


def test_a_plain_text_and_one_without_translations_are_the_same_file(tmp_path: Path) -> None:
    before = load(tmp_path, PLAIN)
    assert load(tmp_path, {**PLAIN, "title": {"text": "Posters"}}).revision == before.revision


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("/none-such/", 404, "Hier ist nichts"),
        ("/arenas/none/vote/", 404, "Hier ist nichts"),
        ("/arenas/none/start/", 404, "Alle Arenen"),
    ],
)
def test_nothing_is_found_in_the_raters_language(
    german: Client, address: str, status: int, said: str
) -> None:
    response = german.get(address)
    assert response.status_code == status
    page = text(response)
    assert '<html lang="de"' in page
    assert said in page
    assert "Accept-Language" in response.headers["Vary"]


def test_a_refusal_is_in_the_raters_language(german: Client, django_user_model: Any) -> None:
    german.force_login(django_user_model.objects.create_user("bob"))
    response = german.get("/workbench/")
    assert response.status_code == 403
    assert "Diese Seite ist für Mitarbeitende." in text(response)


def test_a_form_without_its_protection_is_refused_in_the_raters_language() -> None:
    client = Client(enforce_csrf_checks=True, headers={"Accept-Language": "de"})
    response = client.post("/language/", {"language": "de"})
    assert response.status_code == 403
    assert "Der Schutz des Formulars passte nicht." in text(response)


def test_the_vote_page_marks_what_is_not_translated(
    world: Arena, german: Client, client: Client
) -> None:
    page = text(german.get("/arenas/small/vote/"))
    assert '<legend dir="auto" lang="en">Which is better?' in page
    assert '<span class="where" lang="en">Small arena</span>' in page
    assert '<span dir="auto">Ich kann es nicht sagen</span>' in page
    assert 'lang="en"' not in text(client.get("/arenas/small/vote/"))
