"""A site whose votes and check results are drawn, for the court to sit on."""

from pathlib import Path

from django.utils import timezone

from arenas.battles.models import Battle
from arenas.candidates.models import Candidate
from arenas.competitors.judges import Judge
from arenas.definitions.models import Arena
from arenas.judging.models import Judgment
from arenas.ledger.append import append_all
from arenas.raters.models import Rater, RaterKind
from arenas.votes.count import seal_and_fold
from arenas.votes.models import Import, Vote
from benchmarks.court import MODELS, Knows, World, draw_evidence
from metrics.court.models import CourtRuling
from metrics.results.models import CheckResult
from metrics.stats.court import Evidence
from tests.factories import NOW, make_arena, make_suite

NAMES = ("ant", "bee", "cat", "dog", "eel", "fox")
WORLD = World(inner=3.0, taste=0.2, prompts=30, raters=30)
SHARP = Knows(strength=1.0, merit=1.0, noise=0.1)
WINNER = {1.0: "model_a", 0.0: "model_b", 0.5: "tie"}


def make_site(folder: Path, votes: int, *, knows: Knows = SHARP, seed: int = 1) -> Arena:
    """An arena of six without pictures, the check's results on all of them, and people's votes."""
    arena = make_arena(make_suite(folder, WORLD.prompts), NAMES, checks=["brightness"])
    drawn = draw_evidence(seed, WORLD, knows, votes=votes)
    candidates = make_bare_candidates(arena)
    add_results(candidates, drawn)
    add_people(arena, candidates, drawn)
    return arena


def make_bare_candidates(arena: Arena) -> list[Candidate]:
    """In the order of the simulation's codes: competitor by competitor."""
    return Candidate.objects.bulk_create(
        Candidate(prompt=prompt, competitor=competitor, status="done", finished_at=NOW)
        for competitor in arena.competitors().order_by("name")
        for prompt in arena.prompts()
    )


def add_results(candidates: list[Candidate], drawn: Evidence, version: str = "1") -> None:
    known = dict(zip(drawn.candidate_a.tolist(), drawn.value_a.tolist(), strict=True))
    known |= dict(zip(drawn.candidate_b.tolist(), drawn.value_b.tolist(), strict=True))
    CheckResult.objects.bulk_create(
        CheckResult(candidate=candidates[code], check_name="brightness", version=version,
                    values={"mean": value, "images": 1}, seconds=0.5)
        for code, value in known.items()
    )  # fmt: skip


def add_people(
    arena: Arena, candidates: list[Candidate], drawn: Evidence, kind: str = RaterKind.EXTERNAL
) -> list[Vote]:
    """The drawn votes, on the arena's only question."""
    imported, _ = Import.objects.get_or_create(arena=arena, filename="votes.csv", rows=1)
    raters = Rater.objects.bulk_create(Rater(kind=kind) for _ in range(WORLD.raters))
    question = arena.questions.get()
    is_import = kind == RaterKind.EXTERNAL
    rows = zip(drawn.candidate_a, drawn.candidate_b, drawn.rater, drawn.points, strict=True)
    made = append_all(
        [
            Vote(arena=arena, question=question, rater=raters[rater], rater_kind=kind,
                 prompt=candidates[a].prompt, candidate_a=candidates[a],
                 candidate_b=candidates[b], competitor_a=candidates[a].competitor,
                 competitor_b=candidates[b].competitor, winner=WINNER[float(points)],
                 source="import" if is_import else "simulated",
                 imported=imported if is_import else None, created_at=NOW)
            for a, b, rater, points in rows
        ]
    )  # fmt: skip
    seal_and_fold(timezone.now())
    return made


def judge_all(arena: Arena, candidates: list[Candidate], *, first: bool = False) -> Rater:
    """A judge that answers each pair of a prompt in both orders, by the lower id or the side."""
    judge = Rater.objects.create(kind=RaterKind.JUDGE, name="vision-1")
    size = len(candidates) // MODELS
    pairs = [(p, p + size) for p in range(size)] + [(p + size, p) for p in range(size)]
    append_all(
        [
            Vote(arena=arena, question=arena.questions.get(), rater=judge, rater_kind="judge",
                 prompt=candidates[a].prompt, candidate_a=candidates[a],
                 candidate_b=candidates[b], competitor_a=candidates[a].competitor,
                 competitor_b=candidates[b].competitor, source="judge", created_at=NOW,
                 winner="model_a" if first or a < b else "model_b")
            for a, b in pairs
        ]
    )  # fmt: skip
    seal_and_fold(timezone.now())
    return judge


def ask_judge(arena: Arena) -> None:
    """The judge's votes, and one battle on which it said A in both orders, for 0.02 USD each."""
    candidates = list(Candidate.objects.order_by("pk"))
    judge = Judge.objects.create(name="vision-1", provider="procedural")
    battle = Battle.objects.create(
        arena=arena, prompt=candidates[0].prompt, first=candidates[0],
        second=candidates[WORLD.prompts],
    )  # fmt: skip
    Judgment.objects.bulk_create(
        Judgment(judge=judge, battle=battle, order=order, prompt_version="1", status="done",
                 answers={"reason": "A", "overall": "A"}, cost_usd="0.02")
        for order in (0, 1)
    )  # fmt: skip
    rater = judge_all(arena, candidates)
    Rater.objects.filter(pk=rater.pk).update(name="vision-1 v1")


def overall(subject: str = "brightness") -> CourtRuling:
    return CourtRuling.objects.filter(subject=subject, category="").latest()
