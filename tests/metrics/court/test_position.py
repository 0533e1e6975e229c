"""Whether a judge sticks to its word: by pair and prompt, in answers of its own."""

import pytest

from arenas.battles.models import Battle
from arenas.candidates.models import Candidate
from arenas.competitors.judges import Judge
from arenas.definitions.models import Arena
from arenas.judging.models import Judgment
from metrics.court.position import measure_judgments, measure_position
from metrics.court.subjects import Subject
from metrics.stats.agreement import wilson

SAME = ({"overall": "A", "instruction": "A"}, {"overall": "B", "instruction": "B"})


def test_aspects_of_a_pair_are_no_pairs_of_their_own() -> None:
    asked = [(pair, order, pair, SAME[order]) for pair in range(10) for order in (0, 1)]
    assert measure_judgments(asked, level=0.95).same == wilson(10.0, 10)


def test_a_pair_counts_with_the_share_of_its_answers() -> None:
    asked = [(1, 0, 1, SAME[0]), (1, 1, 1, {**SAME[1], "overall": "A"})]
    assert measure_judgments(asked, level=0.95).same.share == 0.5


def test_pairs_of_one_prompt_are_as_sure_as_one() -> None:
    asked = [(pair, order, 7, SAME[order]) for pair in range(10) for order in (0, 1)]
    same = measure_judgments(asked, level=0.95).same
    assert (same.of, same.lower) == (10, wilson(1.0, 1).lower)


@pytest.mark.usefixtures("brightness")
def test_copied_answers_say_nothing_new(world: Arena) -> None:
    judge = Judge.objects.create(name="vision-1", provider="procedural")
    prompt = world.prompts()[0]
    first, second, third = Candidate.objects.filter(prompt=prompt).order_by("pk")[:3]
    copied: Judgment | None = None
    for other in (second, third):
        battle = Battle.objects.create(arena=world, prompt=prompt, first=first, second=other)
        for order in (0, 1):
            copied = Judgment.objects.create(
                judge=judge, battle=battle, order=order, prompt_version="1", status="done",
                answers=SAME[order], copied_from=copied if other == third else None,
            )  # fmt: skip
    subject = Subject("judge:vision-1 v1", "vision-1 v1", "", rater=1)
    assert measure_position(subject, 0, level=0.95).same.of == 1
