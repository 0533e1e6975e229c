"""Ballots on more than a pair: orders of several pictures, and two samples of one competitor."""

from pathlib import Path
from typing import Any

from arenas.battles.models import Ballot
from arenas.battles.tokens import derive_token
from arenas.candidates.models import Candidate, Part
from arenas.candidates.store import render_for_arenas
from arenas.definitions.models import Arena
from arenas.raters.models import Rater
from arenas.votes.cast import Answer, cast
from arenas.votes.models import Vote
from tests.factories import NOW, make_image, make_world

FIVE = ("ant", "bee", "cat", "dog", "eel")


def make_ranked(folder: Path, prompts: int = 3, **settings: Any) -> Arena:
    """An arena of five competitors whose ballots show four pictures each."""
    settings = {"pictures": 4, "aa_share": 0, **settings}
    return make_world(folder, prompts, names=FIVE, voting_settings=settings)


def give(arena: Arena, rater: Rater, ballot: Ballot, **said: Any) -> Vote:
    """The rater's answer on a ballot, whatever its form."""
    return cast(arena, rater, Answer(derive_token(ballot.nonce), **said), now=NOW)


def make_second_samples(arena: Arena) -> None:
    """Another picture by every competitor for every prompt."""
    for index, first in enumerate(Candidate.objects.filter(sample=0)):
        second = Candidate.objects.create(
            prompt=first.prompt,
            competitor=first.competitor,
            sample=1,
            status=Candidate.Status.DONE,
            finished_at=NOW,
        )
        image = make_image((index * 17 % 256, 200, index * 53 % 256))
        Part.objects.create(candidate=second, position=0, image=image)
        render_for_arenas(second, [image])
