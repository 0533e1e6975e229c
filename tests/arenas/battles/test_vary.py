"""Ballots that test the rater: what is drawn, and that it looks like any other."""

import random
import re
from collections import Counter
from pathlib import Path

import pytest
from django.db.models import Sum
from django.test import Client
from django.utils import timezone

from arenas.battles.expect import find_right, instruct
from arenas.battles.models import Ballot, Gold
from arenas.battles.serve import HELD
from arenas.battles.sitting import sit_down
from arenas.battles.stock import find_stock
from arenas.battles.vary import AGO, draw_attention, draw_gold, draw_mirror, draw_repeat
from arenas.definitions.models import Arena
from arenas.raters.admit import lock_participation
from arenas.raters.models import Participation, Rater
from arenas.votes.count import seal_and_fold
from arenas.votes.models import VoteCount
from tests import factories
from tests.factories import NOW, hold, make_rater
from tests.pages import VOTE, body, read_pictures, text
from tests.showings import answer_some, make_gold, make_with_gold, sit

pytestmark = pytest.mark.django_db
KINDS = Gold.Kind


def keep_gold(kind: str) -> Gold:
    """The only gold left: the first of its kind."""
    gold = Gold.objects.filter(kind=kind).order_by("pk")[0]
    Gold.objects.exclude(pk=gold.pk).delete()
    return gold


def list_kinds(arena: Arena, rater: Rater) -> Counter[str]:
    return Counter(rater.ballots.filter(arena=arena).values_list("kind", flat=True))


def test_without_shares_only_normal_ballots_are_drawn(world: Arena) -> None:
    rater = make_rater()
    answer_some(world, rater, 8)
    assert set(list_kinds(world, rater)) == {"normal"}


def test_gold_comes_as_often_as_the_arena_says(tmp_path: Path) -> None:
    arena = make_with_gold(tmp_path, prompts=5, gold_share=0.4, aa_share=0)
    kinds: Counter[str] = Counter()
    for _ in range(6):
        rater = make_rater()
        answer_some(arena, rater, 12)
        kinds += list_kinds(arena, rater)
    assert 0.25 < kinds["gold"] / kinds.total() < 0.55


def test_nobody_sees_gold_twice(tmp_path: Path) -> None:
    arena = make_with_gold(tmp_path, gold_share=0.5, aa_share=0)
    Gold.objects.exclude(pk__in=Gold.objects.values("pk")[:3]).delete()
    rater = make_rater()
    answer_some(arena, rater, 14)
    shown = Counter(rater.ballots.exclude(gold=None).values_list("gold", flat=True))
    assert len(shown) == 3
    assert set(shown.values()) == {1}


def test_practice_comes_before_the_first_pair_that_counts(tmp_path: Path) -> None:
    arena = make_with_gold(tmp_path, practice=3)
    rater = make_rater()
    ballots = answer_some(arena, rater, 6)
    assert [ballot.kind for ballot in ballots] == ["practice"] * 3 + ["normal"] * 3
    assert Participation.objects.get(rater=rater).practised == 3


def test_practice_does_not_begin_in_the_middle(tmp_path: Path) -> None:
    arena = factories.make_world(tmp_path, 4, voting_settings={"practice": 2})
    rater = make_rater()
    answer_some(arena, rater, 1)
    make_gold()
    answer_some(arena, rater, 4)
    assert list_kinds(arena, rater)["practice"] == 0


def test_practice_is_no_part_of_the_quota(tmp_path: Path) -> None:
    arena = make_with_gold(tmp_path, practice=2)
    Arena.objects.update(votes_per_rater=3)
    arena.refresh_from_db()
    rater = make_rater()
    answer_some(arena, rater, 5)
    assert hold(arena, rater) == []


@pytest.mark.parametrize("kind", [KINDS.IDENTICAL, KINDS.WRONG_PROMPT, KINDS.CORRUPTED])
def test_the_good_side_is_on_both_sides_alike_often(tmp_path: Path, kind: str) -> None:
    arena = make_with_gold(tmp_path, gold_share=0.1)
    gold = keep_gold(kind)
    stock = find_stock(arena.slug)
    slots: Counter[tuple[int, ...]] = Counter()
    for seed in range(60):
        sitting = sit_down(stock, lock_participation(arena, make_rater()), now=NOW)
        ballot = draw_gold(sitting, random.Random(seed))
        assert ballot
        assert ballot.gold == gold
        slots[tuple(ballot.slots)] += 1
    assert min(slots.values()) > 15


def test_a_repeat_shows_an_earlier_pair_as_it_was(tmp_path: Path) -> None:
    arena = make_with_gold(tmp_path, prompts=4)
    rater = make_rater()
    first, *_ = answer_some(arena, rater, 1 + AGO - HELD + 1)
    ballot = draw_repeat(sit(arena, rater, 20), random.Random(1))
    assert ballot
    assert (ballot.repeats, ballot.candidates, ballot.slots) == (
        first, first.candidates, first.slots,
    )  # fmt: skip


def test_a_mirror_shows_it_with_the_sides_swapped(tmp_path: Path) -> None:
    arena = make_with_gold(tmp_path, prompts=4)
    rater = make_rater()
    first, *_ = answer_some(arena, rater, 1 + AGO - HELD + 1)
    ballot = draw_mirror(sit(arena, rater, 20), random.Random(1))
    assert ballot
    assert (ballot.repeats, ballot.candidates) == (first, first.candidates[::-1])


def test_a_pair_comes_back_after_some_others_and_once(tmp_path: Path) -> None:
    arena = make_with_gold(tmp_path, prompts=9, repeat_share=0.25, mirror_share=0.25, aa_share=0)
    rater = make_rater()
    ballots = answer_some(arena, rater, 40)
    places = {ballot.pk: place for place, ballot in enumerate(ballots)}
    again = [ballot for ballot in ballots if ballot.repeats_id]
    assert {ballot.kind for ballot in again} == {"repeat", "mirror"}
    assert len({ballot.repeats_id for ballot in again}) == len(again)
    assert all(places[b.pk] - places[b.repeats_id] > AGO for b in again if b.repeats_id)


def test_what_was_skipped_does_not_come_back(tmp_path: Path) -> None:
    arena = make_with_gold(tmp_path, prompts=6)
    rater = make_rater()
    answer_some(arena, rater, 8)
    Ballot.objects.filter(answered_at__isnull=False).update(skipped="unsure")
    assert draw_repeat(sit(arena, rater, 20), random.Random(1)) is None


def open_page(client: Client, arena: Arena, kind: str) -> str:
    """The vote page with a ballot on the only gold of this kind, or on a normal pair."""
    client.get(VOTE)
    rater = Rater.objects.get()
    Ballot.objects.all().delete()
    if kind != "normal":
        keep_gold(kind)
        part = lock_participation(arena, rater)
        sitting = sit_down(find_stock(arena.slug), part, now=timezone.now())
        draw = draw_attention if kind == KINDS.INSTRUCTED else draw_gold
        ballot = draw(sitting, random.Random(5))
        assert ballot
        ballot.save()
    return text(client.get(VOTE))


def blank(page: str) -> str:
    """The page without what differs from one normal ballot to the next, too."""
    page = re.sub(r'name="(token|csrfmiddlewaretoken)" value="[^"]*"', "", page)
    page = re.sub(r"/images/[0-9a-f]{64}", "/images/", page)
    return re.sub(r'(<p class="prompt"[^>]*>)[^<]*', r"\1", page)


@pytest.mark.parametrize("kind", KINDS.values)
def test_a_gold_page_differs_from_others_in_content_alone(
    tmp_path: Path, client: Client, kind: str
) -> None:
    arena = make_with_gold(tmp_path, gold_share=0.2, attention_share=0.2)
    normal = open_page(client, arena, "normal")
    gold = open_page(client, arena, kind)
    assert Ballot.objects.order_by("pk")[0].gold
    assert blank(gold) == blank(normal)


@pytest.mark.parametrize("kind", KINDS.values)
def test_its_pictures_have_addresses_and_lengths_like_any_other(
    tmp_path: Path, client: Client, kind: str
) -> None:
    arena = make_with_gold(tmp_path, gold_share=0.2, attention_share=0.2)
    pictures = read_pictures(open_page(client, arena, kind))
    answers = [client.get(url) for url in pictures]
    assert len(set(pictures)) == 2
    assert {len(body(each)) for each in answers} == {arena.profile.size}
    assert len({str(each.headers) for each in answers}) == 1


def test_an_instruction_names_each_side_half_of_the_time(tmp_path: Path) -> None:
    arena = make_with_gold(tmp_path, attention_share=0.3)
    told: Counter[str] = Counter()
    for seed in range(60):
        sitting = sit_down(find_stock(arena.slug), lock_participation(arena, make_rater()), now=NOW)
        ballot = draw_attention(sitting, random.Random(seed))
        assert ballot
        (right,) = find_right(ballot, KINDS.INSTRUCTED)
        told[right] += 1
        assert ("Right" if right == "model_b" else "Left") in instruct(ballot)
    assert min(told.values()) > 15


def test_an_instruction_is_what_the_page_says(tmp_path: Path, client: Client) -> None:
    arena = make_with_gold(tmp_path, attention_share=0.3)
    page = open_page(client, arena, KINDS.INSTRUCTED)
    assert "This is a check that you read the task." in page
    prompt = Ballot.objects.order_by("pk")[0].prompt
    assert prompt.text not in page


def test_what_belongs_to_quality_control_counts_on_no_board(tmp_path: Path) -> None:
    shares = {"gold_share": 0.15, "attention_share": 0.1, "mirror_share": 0.1}
    arena = make_with_gold(tmp_path, prompts=8, repeat_share=0.1, practice=2, aa_share=0, **shares)
    for _ in range(3):
        rater = make_rater()
        answer_some(arena, rater, 15)
    seal_and_fold(NOW)
    kinds = Counter(Ballot.objects.exclude(answered_at=None).values_list("kind", flat=True))
    assert set(kinds) == {"normal", "gold", "repeat", "mirror", "practice"}
    counted = VoteCount.objects.aggregate(number=Sum("count"))["number"]
    assert counted == kinds["normal"]
