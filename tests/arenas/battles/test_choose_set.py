import random
from collections import Counter
from itertools import combinations
from math import comb
from pathlib import Path

import pytest

from arenas.battles.choose import Pool
from arenas.battles.choose_set import Met, choose_samples, choose_set
from arenas.battles.models import Ballot, Battle
from arenas.candidates.models import Candidate
from arenas.definitions.models import Arena
from arenas.votes.models import Vote
from tests import factories
from tests.factories import hold, make_rater
from tests.sets import FIVE, give, make_ranked, make_second_samples


def make_pool(prompts: int = 3, competitors: int = 5, samples: int = 1) -> Pool:
    """Every competitor has answered every prompt; the numbers tell who made what."""
    candidates = {
        (prompt, competitor): tuple(
            1000 * prompt + 10 * competitor + sample for sample in range(samples)
        )
        for prompt in range(prompts)
        for competitor in range(competitors)
    }
    everybody = tuple(range(competitors))
    return Pool(candidates, {}, competitors=dict.fromkeys(range(prompts), everybody))


def draw_all(pool: Pool, size: int, seed: int = 0) -> Met:
    met: list[tuple[int, tuple[int, ...]]] = []
    rng = random.Random(seed)
    while drawn := choose_set(pool, met, rng, size=size):
        met.append((drawn.prompt, tuple(pk % 1000 // 10 for pk in drawn.candidates)))
    return met


@pytest.mark.parametrize("size", [3, 4])
def test_each_set_is_drawn_once_and_then_nothing(size: int) -> None:
    met = draw_all(make_pool(), size)
    assert len(met) == len(set(met)) == 3 * comb(5, size)


def test_the_prompts_take_turns() -> None:
    met = draw_all(make_pool(), 4)
    assert max(Counter(prompt for prompt, _ in met[:6]).values()) == 2


def test_the_probability_is_that_of_prompt_and_set() -> None:
    pool, rng = make_pool(prompts=2, competitors=4), random.Random(1)
    met = [(0, (0, 1, 2)), (1, (1, 2, 3))]
    drawn = [choose_set(pool, met, rng, size=3) for _ in range(6000)]
    counts = Counter(each.candidates for each in drawn if each)
    assert {each.probability for each in drawn if each} == {1 / 6}
    assert {each.uniform_probability for each in drawn if each} == {1 / 6}
    assert len(counts) == 6
    assert all(abs(count - 1000) < 4 * 30 for count in counts.values())


def test_pairs_that_a_rater_has_met_count_as_meeting_the_prompt() -> None:
    drawn = choose_set(make_pool(), [(0, (0, 1)), (2, (3, 4))], random.Random(0), size=4)
    assert drawn
    assert (drawn.prompt, drawn.probability) == (1, 1 / 5)


def test_too_few_competitors_make_no_set() -> None:
    assert choose_set(make_pool(competitors=2), [], random.Random(0), size=3) is None


def test_a_set_with_one_who_has_left_takes_no_place() -> None:
    pool = make_pool(prompts=1, competitors=3)
    assert choose_set(pool, [(0, (0, 1, 9))], random.Random(0), size=3)


def test_two_samples_of_one_competitor_are_drawn_once_each() -> None:
    pool, rng = make_pool(prompts=2, competitors=2, samples=3), random.Random(0)
    met: list[tuple[int, tuple[int, ...]]] = []
    chances = []
    while drawn := choose_samples(pool, met, rng):
        one, other = drawn.candidates
        assert one < other
        assert one // 10 == other // 10
        met.append((drawn.prompt, (one % 1000 // 10,) * 2))
        chances.append(drawn.probability)
    assert (len(set(met)), chances) == (4, [1 / 4, 1 / 2, 1 / 2, 1])


def test_without_second_samples_nothing_is_drawn() -> None:
    assert choose_samples(make_pool(), [], random.Random(0)) is None


@pytest.fixture
def ranked(db: None, tmp_path: Path) -> Arena:
    return make_ranked(tmp_path)


def test_a_ballot_shows_four_pictures_of_one_prompt(ranked: Arena) -> None:
    ballot = hold(ranked, make_rater())[0]
    battle = ballot.battle
    assert battle is not None
    members = [each.pk for each in battle.candidates]
    assert len(members) == len(set(members)) == 4
    assert members == sorted(members)
    assert {each.prompt for each in battle.candidates} == {battle.prompt}
    assert [members[slot] for slot in ballot.slots] == ballot.candidates
    assert (ballot.policy, ballot.arm) == ("sets", "random")
    assert ballot.probability == ballot.uniform_probability == pytest.approx(1 / 15)


def test_one_ballot_is_one_vote(ranked: Arena) -> None:
    rater = make_rater()
    ballot = hold(ranked, rater)[0]
    vote = give(ranked, rater, ballot, ranking=(2, 1, 2, 3))
    assert (vote.winner, vote.ranking) == ("", [2, 1, 2, 3])
    assert [vote.candidate_a_id, vote.candidate_b_id] == ballot.candidates[:2]
    assert Vote.objects.count() == 1


def test_a_rater_never_sees_a_set_twice_nor_a_pair_from_a_set(ranked: Arena) -> None:
    rater, sizes = make_rater(), Counter[int]()
    seen: set[tuple[int, ...]] = set()
    while held := hold(ranked, rater):
        shown = tuple(sorted(held[0].candidates))
        assert shown not in seen
        sizes[len(shown)] += 1
        # Once all sets are used up, every pair was in one of them.
        seen |= {shown, *combinations(shown, 2)}
        give(ranked, rater, held[0], ranking=(1, 2, 3, 4))
    assert sizes == {4: 15}


def test_where_a_prompt_has_too_few_pictures_a_pair_is_shown(ranked: Arena) -> None:
    Candidate.objects.filter(competitor__name__in=FIVE[2:]).update(status="failed")
    assert [len(ballot.candidates) for ballot in hold(ranked, make_rater())] == [2, 2]


def test_every_slot_is_as_likely_for_everybody(ranked: Arena) -> None:
    first = Counter(
        Candidate.objects.get(
            pk=hold(ranked, make_rater(), seed=n)[0].candidates[0]
        ).competitor.name
        for n in range(60)
    )
    assert set(first) == set(FIVE)


def test_the_share_of_sets_is_the_arena_s(db: None, tmp_path: Path) -> None:
    arena = make_ranked(tmp_path, pictures=3, pictures_share=0.5)
    sizes = Counter(
        len(ballot.candidates) for n in range(60) for ballot in hold(arena, make_rater(), seed=n)
    )
    assert set(sizes) == {2, 3}
    assert 40 < sizes[2] < 80


def test_a_battle_of_a_set_is_made_once(ranked: Arena) -> None:
    for n in range(20):
        hold(ranked, make_rater(), seed=n)
    assert Ballot.objects.count() == 40
    assert Battle.objects.count() <= 15


def test_two_samples_of_one_competitor_meet_as_often_as_asked(db: None, tmp_path: Path) -> None:
    arena = factories.make_world(tmp_path, voting_settings={"aa_share": 0.3})
    make_second_samples(arena)
    arms = Counter(ballot.arm for n in range(60) for ballot in hold(arena, make_rater(), seed=n))
    assert 20 < arms["aa"] < 55
    battle = Ballot.objects.filter(arm="aa").select_related("battle__first")[0].battle
    assert battle is not None
    assert battle.first.competitor == battle.second.competitor
    assert battle.first != battle.second
