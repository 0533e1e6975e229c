"""How doubtful a prompt is before any vote: by judges, by checks, or alike for all."""

from pathlib import Path

import pytest

from arenas.candidates.models import Candidate
from arenas.definitions.models import Arena
from arenas.ledger.append import append_all
from arenas.raters.models import Rater, RaterKind
from arenas.votes.flag import raise_flag
from arenas.votes.models import Vote
from metrics.regressions.doubt import Outlook, look_ahead
from metrics.regressions.gather import gather
from metrics.regressions.models import Run
from tests.factories import NOW
from tests.metrics.regressions.asking import HUMAN, find_arena, points
from tests.metrics.regressions.nights import CRITERION, answer, begin, make_night

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("brightness")]


def make_run(folder: Path, *, criteria: tuple[dict[str, object], ...] = (HUMAN,)) -> Run:
    """A run of four prompts whose differences from house-v3 are 0, −8, −16 and −24."""
    run = begin(make_night(folder, prompts=4, criteria=criteria, budget={"votes": 100}))
    answer(run, lambda n, who, sample: 100.0 - 8 * n * (who == "house-v4"))
    return run


def look(run: Run) -> Outlook:
    """In the order of the suite."""
    gathered = gather(run)
    return look_ahead(run, sorted(gathered.prompts, key=lambda each: each.key), gathered)


def judge(arena: Arena, prompt: str, winner: str, *, sample: int = 0) -> Vote:
    """A judge's vote on house-v3 (left) against house-v4."""
    left, right = (
        Candidate.objects.get(prompt__key=prompt, competitor__name=name, sample=number)
        for name, number in (("house-v3", sample), ("house-v4", 0))
    )
    rater, _ = Rater.objects.get_or_create(kind=RaterKind.JUDGE, name="judge")
    [vote] = append_all(
        [
            Vote(
                arena=arena, question=arena.questions.get(), rater=rater, rater_kind=rater.kind,
                prompt=left.prompt, competitor_a=left.competitor, competitor_b=right.competitor,
                candidate_a=left, candidate_b=right, winner=winner, source=Vote.Source.JUDGE,
                created_at=NOW,
            )
        ]
    )  # fmt: skip
    return vote


def test_without_judges_and_checks_all_prompts_are_alike(tmp_path: Path) -> None:
    outlook = look(make_run(tmp_path))
    assert points(outlook.predictions) == points(outlook.doubt) == [0.5] * 4


def test_a_judges_word_on_these_pictures_is_what_is_expected(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    for prompt, winner in (("p0", "model_a"), ("p1", "model_b"), ("p2", "tie")):
        judge(find_arena(run), prompt, winner, sample=2)
    outlook = look(run)
    assert points(outlook.predictions) == [0.25, 0.75, 0.5, 0.5]
    assert outlook.doubt[0] == outlook.doubt[1] < outlook.doubt[2] == outlook.doubt[3]


def test_a_judges_flagged_vote_and_one_on_other_samples_say_nothing(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    flagged = judge(find_arena(run), "p0", "model_a")
    raise_flag(flagged, rule="manual", reason="wrong", by="alice", now=NOW)
    other = judge(find_arena(run), "p1", "model_a")
    assert other.candidate_a
    Candidate.objects.filter(pk=other.candidate_a.pk).update(sample=7)
    assert points(look(run).predictions) == [0.5] * 4


def test_the_closer_a_check_is_to_its_threshold_the_more_doubtful(tmp_path: Path) -> None:
    """The margin is 8: the second prompt is right at it, and the fourth farthest off."""
    doubt = look(make_run(tmp_path, criteria=(CRITERION, HUMAN))).doubt
    assert doubt[1] == 0.5
    assert doubt[1] > doubt[0] == doubt[2] > doubt[3] > 0.25


def test_a_judges_word_counts_before_a_checks(tmp_path: Path) -> None:
    run = make_run(tmp_path, criteria=(CRITERION, HUMAN))
    judge(find_arena(run), "p3", "tie")
    outlook = look(run)
    assert (outlook.predictions[3], outlook.doubt[3]) == (0.5, 0.5)
