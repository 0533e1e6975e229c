"""Nothing that a prompt for training has is in a prompt for testing."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arenas.exports.split import Split, Task, choose_test, group

SHARED = st.frozensets(st.integers(0, 12).map("image:{}".format), max_size=3)
PROMPTS = st.lists(st.tuples(st.integers(0, 15), SHARED), max_size=25)
SPLITS = st.builds(Split, st.floats(0.05, 0.95), st.integers(0, 3))


def make_tasks(drawn: Sequence[tuple[int, frozenset[str]]]) -> list[Task]:
    """Prompts of those words and pictures."""
    return [
        Task(number, f"{words} {sorted(pictures)}", pictures | {f"text:{words}"})
        for number, (words, pictures) in enumerate(drawn)
    ]


def traits(tasks: Sequence[Task], numbers: frozenset[int], *, inside: bool) -> set[str]:
    return {each for task in tasks if (task.number in numbers) == inside for each in task.traits}


@given(PROMPTS, SPLITS)
def test_no_prompt_picture_or_words_are_in_both_parts(
    drawn: list[tuple[int, frozenset[str]]], split: Split
) -> None:
    tasks = make_tasks(drawn)
    held_out = choose_test(tasks, split)
    assert held_out <= {task.number for task in tasks}
    assert not traits(tasks, held_out, inside=True) & traits(tasks, held_out, inside=False)


@given(PROMPTS, SPLITS)
def test_a_prompt_added_later_moves_none_that_it_does_not_join(
    drawn: list[tuple[int, frozenset[str]]], split: Split
) -> None:
    tasks = make_tasks(drawn)
    new = Task(len(tasks), "new", frozenset({"text:new"} | (tasks[0].traits if tasks else set())))
    before, after = choose_test(tasks, split), choose_test([*tasks, new], split)
    assert after - {new.number} == before


@given(PROMPTS)
def test_bundles_hold_every_prompt_once_and_their_oldest_first(
    drawn: list[tuple[int, frozenset[str]]],
) -> None:
    tasks = make_tasks(drawn)
    bundles = group(reversed(tasks))
    numbers = [task.number for bundle in bundles for task in bundle]
    assert sorted(numbers) == list(range(len(tasks)))
    assert all(bundle[0].number == min(task.number for task in bundle) for bundle in bundles)


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_about_the_share_asked_for_is_held_out(share: float) -> None:
    tasks = make_tasks([(number, frozenset()) for number in range(2000)])
    assert len(choose_test(tasks, Split(share))) == pytest.approx(2000 * share, abs=90)  # 4 SD


def test_another_seed_is_another_split() -> None:
    tasks = make_tasks([(number, frozenset()) for number in range(50)])
    assert choose_test(tasks, Split(0.5)) != choose_test(tasks, Split(0.5, seed=1))
