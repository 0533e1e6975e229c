"""Preference pairs: what votes together say of two pictures, and whose votes they are."""

import json
from pathlib import Path

import pytest

from arenas.battles.models import Ballot
from arenas.candidates.models import Candidate
from arenas.definitions.models import Arena
from arenas.exports.preferences import Wanted, export_preferences, read_preferences
from arenas.images.models import Image
from arenas.raters.models import Rater, RaterKind
from arenas.suites.load import load_suite
from arenas.votes.flag import raise_flag
from arenas.votes.models import Vote
from tests import factories
from tests.factories import NOW, hold, make_rater, suite_file
from tests.sets import give

BY_VOTE = Wanted(by_vote=True)


@pytest.fixture
def duel(db: None, tmp_path: Path) -> Arena:
    """Two pictures for one prompt with a reference: every ballot shows the same pair."""
    (tmp_path / "house.png").write_bytes(factories.png("teal"))
    reference = {"id": "house", "role": "source", "file": "house.png"}
    prompt = {"id": "p", "category": "plain", "turns": ["One.", "Two."], "references": [reference]}
    settings = {
        "spots": True,
        "reasons": [{"id": "pasted", "text": "looks pasted on"}],
    }
    version = load_suite(suite_file(tmp_path, [prompt])).version
    arena = factories.make_arena(version, ("ant", "bee"), voting_settings=settings)
    factories.make_candidates(arena)
    return arena


def prefer(arena: Arena, name: str, *, kind: str = RaterKind.PERSON, **said: object) -> Vote:
    """A new rater's vote for the competitor of that name, or another outcome."""
    rater = make_rater()
    ballot = hold(arena, rater, seed=Rater.objects.count())[0]
    names = [each.competitor.name for each in ballot.shown]
    winner = ("model_a", "model_b")[names.index(name)] if name in names else name
    vote = give(arena, rater, ballot, winner=winner, **said)
    Vote.objects.filter(pk=vote.pk).update(rater_kind=kind)
    return vote


def test_a_pair_has_one_row_that_adds_its_votes_up(duel: Arena) -> None:
    for name in ("ant", "ant", "ant", "bee", "tie", "both_bad"):
        prefer(duel, name)
    row = export_preferences(duel).row(0, named=True)
    assert (row["chosen"], row["rejected"], row["votes"]) == ("ant", "bee", 6)
    assert (row["wins"], row["losses"], row["ties"], row["both_bad"]) == (3, 1, 1, 1)
    assert (row["margin"], row["agreement"]) == (pytest.approx(2 / 6), pytest.approx(3 / 6))
    assert len(export_preferences(duel, BY_VOTE)) == 4


def test_a_row_says_what_was_asked_and_shows_the_pictures_by_hash(duel: Arena) -> None:
    prefer(duel, "bee")
    row = export_preferences(duel).row(0, named=True)
    source = Image.objects.get(sha256=json.loads(row["references"])[0]["sha256"])
    assert json.loads(row["references"])[0] == {
        "id": "house", "role": "source", "path": source.path, "sha256": source.sha256,
    }  # fmt: skip
    assert (json.loads(row["turns"]), row["prompt_text"]) == (["One.", "Two."], "One.\n\nTwo.")
    made = Candidate.objects.get(competitor__name="bee").parts.get().image
    assert made
    assert (row["chosen_sha256"], row["chosen_paths"]) == (made.sha256, made.path)


def test_pairs_without_a_majority_are_told_vote_by_vote_alone(duel: Arena) -> None:
    for name in ("ant", "bee", "tie"):
        prefer(duel, name)
    assert export_preferences(duel).is_empty()
    assert read_preferences(duel, Wanted()).undecided == 1
    assert sorted(export_preferences(duel, BY_VOTE)["chosen"]) == ["ant", "bee"]


@pytest.mark.parametrize(
    ("wanted", "rows"),
    [
        (Wanted(least_votes=3), 1),
        (Wanted(least_votes=4), 0),
        (Wanted(least_agreement=0.66), 1),
        (Wanted(least_agreement=0.67), 0),
        (Wanted(least_agreement=0.67, by_vote=True), 0),
        (Wanted(question="better", category="plain"), 1),
        (Wanted(category="fancy"), 0),
    ],
)
def test_pairs_are_filtered_by_votes_and_agreement(duel: Arena, wanted: Wanted, rows: int) -> None:
    for name in ("ant", "ant", "bee"):
        prefer(duel, name)
    assert len(export_preferences(duel, wanted)) == rows


@pytest.mark.parametrize("what", ["vote", "rater", "candidate", "battle"])
def test_flagged_votes_train_nobody(duel: Arena, what: str) -> None:
    vote = prefer(duel, "ant")
    assert vote.ballot
    subjects = {
        "vote": vote,
        "rater": vote.rater,
        "candidate": vote.candidate_b,
        "battle": vote.ballot.battle,
    }
    subject = subjects[what]
    assert subject
    raise_flag(subject, rule="manual", reason="bad", by="alice", now=NOW)
    made = read_preferences(duel, Wanted())
    assert (len(made.table), made.read.flagged) == (0, 1)
    assert export_preferences(duel, BY_VOTE).is_empty()


@pytest.mark.parametrize("kind", ["judge", "simulated"])
def test_judges_and_simulated_raters_are_heard_when_asked_for(duel: Arena, kind: str) -> None:
    prefer(duel, "ant")
    prefer(duel, "bee", kind=kind)
    made = read_preferences(duel, Wanted())
    assert (made.table["chosen"].to_list(), made.read.other_kinds) == (["ant"], {kind: 1})
    asked = export_preferences(duel, Wanted(raters=(kind,)))
    assert (asked["chosen"].to_list(), asked["rater_kind"].to_list()) == (["bee"], [kind])


@pytest.mark.parametrize("kind", ["repeat", "mirror", "practice", "gold"])
def test_controls_are_no_preferences(duel: Arena, kind: str) -> None:
    prefer(duel, "ant")
    Ballot.objects.update(kind=kind)
    assert export_preferences(duel).is_empty()


def test_a_vote_that_was_revised_is_not_told(duel: Arena) -> None:
    first, second = prefer(duel, "ant"), prefer(duel, "bee")
    Vote.objects.filter(pk=second.pk).update(revises=first)
    assert export_preferences(duel)["chosen"].to_list() == ["bee"]


def test_reasons_are_counted_and_regions_kept_by_picture(duel: Arena) -> None:
    for x in (0.25, 0.5):
        rater = make_rater()
        ballot = hold(duel, rater, seed=int(8 * x))[0]
        names = [each.competitor.name for each in ballot.shown]
        ant, bee = names.index("ant"), names.index("bee")
        give(
            duel, rater, ballot, winner=("model_a", "model_b")[ant],
            reasons=((bee, "pasted"),), spots=((bee, 0, 0, x, 0.5),),
        )  # fmt: skip
    row = export_preferences(duel).row(0, named=True)
    assert json.loads(row["rejected_reasons"]) == {"pasted": 2}
    assert json.loads(row["rejected_regions"]) == [[0, 0, 0.25, 0.5], [0, 0, 0.5, 0.5]]
    assert (row["chosen_reasons"], row["chosen_regions"]) == (None, None)
    by_vote = export_preferences(duel, BY_VOTE)
    assert [json.loads(each) for each in by_vote["rejected_reasons"]] == [{"pasted": 1}] * 2
