"""Gold after a change of canvas, votes taken back, and ballots that test only what they can."""

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from arenas.battles.models import Ballot, Gold
from arenas.battles.sitting import Sitting
from arenas.battles.vary import draw_attention, draw_gold, draw_repeat, keep_unlike
from arenas.definitions.models import Arena, Question
from arenas.images.models import Image, RenditionProfile
from arenas.images.render import render
from arenas.ledger.seal import seal, verify
from arenas.quality import gold as making
from arenas.quality.gold import find_whole, lacks
from arenas.quality.models import RaterReview
from arenas.quality.review import review_new
from arenas.raters.finish import end
from arenas.raters.models import Participation, Rater
from arenas.votes.models import Vote
from tests import factories
from tests.factories import NOW, answer, make_rater
from tests.pages import VOTE, open_ballot, post, text
from tests.showings import answer_some, make_gold, make_with_gold, sit

pytestmark = pytest.mark.django_db
KINDS = Gold.Kind
State = Participation.State
YES_NO = [{"id": "yes", "text": "Yes"}, {"id": "no", "text": "No"}]


def change_canvas(arena: Arena, size: int = 48) -> None:
    """Show the arena's pictures on another canvas, its candidates' rendered already."""
    profile = RenditionProfile.objects.create(width=size, height=size, size=8192)
    for image in Image.objects.exclude(parts=None):
        render(image, profile)
    Arena.objects.filter(pk=arena.pk).update(profile=profile)
    arena.refresh_from_db()


def test_gold_of_an_old_canvas_counts_as_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "WANTED", 3)
    arena = make_with_gold(tmp_path, gold_share=0.3)
    assert not lacks(arena, list(KINDS.values[:3]))
    change_canvas(arena)
    assert not lacks(arena, [KINDS.WRONG_PROMPT])
    assert lacks(arena, [KINDS.CORRUPTED])


def test_gold_comes_back_on_the_new_canvas(tmp_path: Path) -> None:
    arena = make_with_gold(tmp_path, gold_share=0.3)
    before = find_whole(arena).count()
    change_canvas(arena)
    assert find_whole(arena).count() < before
    make_gold()
    assert find_whole(arena).count() == before
    assert make_gold() == 0


def test_a_spoilt_picture_is_as_large_as_the_new_canvas_shows_it(tmp_path: Path) -> None:
    arena = make_with_gold(tmp_path, gold_share=0.3)
    change_canvas(arena, 48)
    make_gold()
    spoilt = {gold.spoilt for gold in find_whole(arena) if gold.spoilt}
    assert {(image.width, image.height) for image in spoilt} == {(48, 48)}


def test_what_was_answered_on_old_gold_stays_as_the_ledger_names_it(tmp_path: Path) -> None:
    arena, rater = make_with_gold(tmp_path, gold_share=0.5, aa_share=0), make_rater()
    answer_some(arena, rater, 8)
    assert Vote.objects.exclude(ballot__gold__spoilt=None).exists()
    seal(NOW)
    change_canvas(arena)
    make_gold()
    verify()


def test_an_instruction_beside_what_left_the_arena_gets_another_neighbour(tmp_path: Path) -> None:
    arena = make_with_gold(tmp_path, attention_share=0.3)
    gold = Gold.objects.all()[0]
    assert gold.other
    arena.entries.filter(competitor=gold.other.competitor).update(withdrawn_at=NOW)
    make_gold()
    assert gold in find_whole(arena)


def test_a_window_of_votes_taken_back_does_not_stop_the_reviews(
    tmp_path: Path, client: Client
) -> None:
    arena = factories.make_world(tmp_path, 3, voting_settings={"aa_share": 0})
    token = open_ballot(client)
    for _ in range(3):
        post(client, token)
        client.post(VOTE, {"undo": token})
    other = make_rater()
    factories.cast_votes(arena, other, ["model_a"] * 2)
    seal(NOW)
    for _ in range(3):
        review_new(most=4, now=NOW)
    assert RaterReview.objects.get(rater=other).figures["votes"] == 2
    assert RaterReview.objects.exclude(rater=other).get().figures["votes"] == 0


def make_with_questions(folder: Path, **voting: Any) -> Arena:
    """An arena that asks about the pair, about each picture, and about the pair again."""
    arena = make_with_gold(folder, aa_share=0, **voting)
    Question.objects.create(
        arena=arena, key="whole", text="Whole?", position=1, form="each", options=YES_NO
    )
    Question.objects.create(arena=arena, key="closer", text="Which is closer?", position=2)
    return arena


def draw_told(arena: Arena, rater: Rater) -> tuple[Sitting, Ballot]:
    sitting = sit(arena, rater, 0)
    ballot = draw_attention(sitting, random.Random(1))
    assert ballot
    ballot.save()
    return sitting, ballot


def test_gold_asks_the_last_question_about_the_pair_alone(tmp_path: Path) -> None:
    sitting, ballot = draw_told(make_with_questions(tmp_path, attention_share=0.5), make_rater())
    assert [question.key for question in sitting.questions_on(ballot)] == ["closer"]


def test_the_question_that_gold_asks_is_the_one_that_is_judged(tmp_path: Path) -> None:
    arena, rater = make_with_questions(tmp_path, attention_share=0.5), make_rater()
    _, ballot = draw_told(arena, rater)
    answer(arena, rater, ballot, "tie")
    assert Participation.objects.get(rater=rater).lapses == 1


def test_where_only_single_pictures_are_asked_about_no_gold_is_drawn(tmp_path: Path) -> None:
    arena = make_with_gold(tmp_path, gold_share=0.3)
    Question.objects.update(form="each", options=YES_NO)
    assert draw_gold(sit(arena, make_rater(), 0), random.Random(1)) is None


def test_practice_is_of_every_kind_and_of_distinct_prompts(tmp_path: Path) -> None:
    arena = make_with_gold(tmp_path, prompts=5, practice=3)
    for _ in range(5):
        shown = [ballot.gold for ballot in answer_some(arena, make_rater(), 3)]
        assert len({gold.kind for gold in shown if gold}) == 3
        assert len({gold.prompt_id for gold in shown if gold}) == 3


def test_of_gold_alike_any_may_be_next() -> None:
    left = [Gold(pk=pk, kind=KINDS.CORRUPTED, prompt_id=pk) for pk in (1, 2)]
    assert keep_unlike(left, [Gold(kind=KINDS.CORRUPTED, prompt_id=9)]) == left
    assert keep_unlike([], left) == []


def test_two_samples_of_one_competitor_do_not_come_back(tmp_path: Path) -> None:
    arena, rater = factories.make_world(tmp_path, 6), make_rater()
    answer_some(arena, rater, 8)
    assert draw_repeat(sit(arena, rater, 20), random.Random(1))
    for ballot in rater.ballots.exclude(answered_at=None):
        Ballot.objects.filter(pk=ballot.pk).update(candidates=[ballot.candidates[0]] * 2)
    assert draw_repeat(sit(arena, rater, 20), random.Random(1)) is None


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (None, "<b>voting</b> since "),
        (State.VOTING, "<b>done</b> 1 "),
        (State.INATTENTIVE, "<b>inattentive</b> 1 "),
    ],
)
def test_the_page_says_since_when(
    world: Arena, client: Client, state: str | None, said: str
) -> None:
    rater = make_rater()
    factories.cast_votes(world, rater, ["tie"])
    part = Participation.objects.get(rater=rater)
    if state:
        end(part, state, now=NOW.replace(day=1) + timedelta(hours=1))
    client.force_login(factories.make_staff())
    page = text(client.get(f"/workbench/arenas/small/raters/{rater.key}/"))
    assert said in page
