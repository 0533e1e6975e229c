"""A published file of real battles, imported and rated as a whole."""

import json

import evalica
import numpy as np
import pytest
from django.core.management import CommandError, call_command

from arenas.definitions.models import Arena
from arenas.votes.count import seal_and_fold
from arenas.votes.models import Vote
from metrics.leaderboards.build import build_snapshot, find_leaderboard
from metrics.stats.ratings import POINTS_PER_LOGIT
from tests.factories import SHARED, count_rows

FILE = SHARED / "votes" / "genai_arena_clean_battle_20240220.json"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not FILE.is_file(), reason=f"{FILE.name} is not beside the project"),
]
WINNERS = {"model_a": evalica.Winner.X, "model_b": evalica.Winner.Y}


def rate_with_evalica(rows, models):
    """Elo-scale ratings of one connected set, both kinds of tie as draws, centred on 1000."""
    mine = [row for row in rows if row["model_a"] in models]
    scores = evalica.bradley_terry(
        [row["model_a"] for row in mine],
        [row["model_b"] for row in mine],
        [WINNERS.get(row["winner"], evalica.Winner.Draw) for row in mine],
        tolerance=1e-13,
        limit=100_000,
    ).scores
    logits = np.log(scores)
    return dict(1000 + POINTS_PER_LOGIT * (logits - logits.mean()))


def test_the_whole_file_is_refused_because_a_model_meets_itself():
    rows = json.loads(FILE.read_text())
    first = next(n for n, row in enumerate(rows, 1) if row["model_a"] == row["model_b"])
    before = count_rows()
    with pytest.raises(CommandError, match=rf"row {first}: .* against itself"):
        call_command("import_votes", "genai", str(FILE), create=True)
    assert count_rows() == before


def test_its_blind_votes_are_two_sets_that_each_agree_with_evalica(capsys):
    call_command("import_votes", "genai", str(FILE), create=True, where=["anony=true"])
    rows = [row for row in json.loads(FILE.read_text()) if row["anony"]]
    assert Vote.objects.count() == len(rows)
    seal_and_fold(Vote.objects.latest("created_at").created_at)
    arena = Arena.objects.get()
    snapshot = build_snapshot(find_leaderboard(arena, arena.questions.get()))
    sets: dict[int, dict[str, float]] = {}
    for rating in snapshot.ratings.select_related("competitor"):
        sets.setdefault(rating.component, {})[rating.competitor.name] = rating.rating
    assert sorted(map(len, sets.values())) == [6, 7]
    for ours in sets.values():
        assert ours == pytest.approx(rate_with_evalica(rows, set(ours)), abs=0.05)
