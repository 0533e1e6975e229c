"""Prompts for training and prompts for testing, so that nothing of one is in the other. Pure."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Task:
    """A prompt by its number, the hash of its content, and what others may share with it."""

    number: int
    content: str
    traits: frozenset[str]


@dataclass(frozen=True, slots=True)
class Split:
    """The share of prompts to be held out for testing, about, and the seed of the draw."""

    share: float
    seed: int = 0


def choose_test(tasks: Iterable[Task], split: Split) -> frozenset[int]:
    """The numbers of the prompts held out.

    Prompts that share anything, at first or at second hand, are a bundle and stay together. A
    bundle goes where its oldest prompt (of the lowest number) goes, and that is drawn from the
    seed and its content alone: a later split puts it in the same part, whatever was added.
    """
    bundles = group(tasks)
    held_out = [bundle for bundle in bundles if draw(bundle[0], split.seed) < split.share]
    return frozenset(task.number for bundle in held_out for task in bundle)


def draw(task: Task, seed: int) -> float:
    """A number in [0, 1) that is always the same for the content and seed."""
    digest = hashlib.sha256(f"{seed}:{task.content}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def group(tasks: Iterable[Task]) -> list[list[Task]]:
    """The bundles, each with its oldest prompt first: connected components over traits."""
    ordered = sorted(tasks, key=lambda task: task.number)
    above = {task.number: task.number for task in ordered}
    owners: dict[str, int] = {}

    def find(number: int) -> int:
        while above[number] != number:
            above[number] = above[above[number]]
            number = above[number]
        return number

    for task in ordered:
        for trait in task.traits:
            one, other = sorted((find(task.number), find(owners.setdefault(trait, task.number))))
            above[other] = one
    bundles: dict[int, list[Task]] = defaultdict(list)
    for task in ordered:
        bundles[find(task.number)].append(task)
    return list(bundles.values())
