"""The command that reviews raters now."""

import io
from pathlib import Path

import pytest
from django.core.management import call_command

from arenas.definitions.models import Arena
from arenas.votes.models import Flag
from tests import factories
from tests.factories import make_rater
from tests.showings import record, show_pairs

pytestmark = pytest.mark.django_db


def run(arena: Arena) -> str:
    out = io.StringIO()
    call_command("review_raters", arena.slug, stdout=out)
    return out.getvalue()


def test_it_says_what_the_votes_say(tmp_path: Path) -> None:
    settings = {"quality": {"raise_flags": ["pace"]}}
    arena = factories.make_world(tmp_path, 6, voting_settings=settings)
    rater, hurried = make_rater(), make_rater()
    record(arena, rater, show_pairs(arena, ["model_a"] * 4))
    record(arena, hurried, show_pairs(arena, ["tie"] * 12), every=0.1)
    first, second = run(arena).splitlines()
    assert first.startswith(f"{hurried.key}  12 votes")
    assert first.endswith(": pace")
    assert second == (
        f"{rater.key}  4 votes, gold –, repeats –, mirrors –, "
        "left 100\u202f%, with others 0\u202f%: nothing"
    )
    assert Flag.objects.get().rater == hurried


def test_without_votes_it_says_so(world: Arena) -> None:
    assert run(world) == "nobody has voted\n"
