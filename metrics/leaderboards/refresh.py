"""Keep the public boards fresh, batch by batch: a single vote changes nothing visible."""

import logging
from collections.abc import Iterator

from django.db import transaction
from django.db.models import F, Q, QuerySet

from arenas.battles.models import Ballot
from arenas.definitions.models import Arena, Question
from arenas.raters.models import Rater, RaterKind
from arenas.votes.models import Flag, Vote, VoteCount
from metrics.leaderboards.build import build_snapshot, complete_snapshot, find_leaderboard
from metrics.leaderboards.forms import EACH, METHODS, ORDERS, PAIRS, find_form, list_forms
from metrics.leaderboards.models import Leaderboard, Snapshot
from metrics.stats.methods.base import NotConverged

logger = logging.getLogger(__name__)

PEOPLE = sorted([RaterKind.PERSON, RaterKind.EXTERNAL])
SIMULATED = [RaterKind.SIMULATED.value]
EXCLUDE, INCLUDE = "exclude", "include"  # flagged votes

# The rows that change a board: votes with its kind of answer, and those that take one back.
CHANGES = {
    PAIRS: Q(winner__gt="") | Q(retracted=True, revises__winner__gt=""),
    ORDERS: Q(ranking__isnull=False) | Q(retracted=True, revises__ranking__isnull=False),
    EACH: Q(answers__isnull=False) | Q(retracted=True, revises__answers__isnull=False),
}


def board_kinds(arena: Arena) -> list[list[str]]:
    """Whose votes the arena's boards can be switched between, its own choice first."""
    kinds = [sorted(arena.board_raters)]
    # By rater, as there are far fewer of them than votes.
    if Rater.objects.filter(kind=RaterKind.SIMULATED, votes__arena=arena).exists():
        kinds += [PEOPLE, SIMULATED]
    return [kind for index, kind in enumerate(kinds) if kind not in kinds[:index]]


def board_categories(arena: Arena) -> list[str]:
    """The categories of the arena's prompts, in the suite's order."""
    found = arena.prompts().exclude(category="").values_list("category", flat=True)
    return list(dict.fromkeys(found))


def board_flagged(arena: Arena) -> list[str]:
    """Whether flagged votes are left out, and whether a board that counts them too is another."""
    flagged = VoteCount.objects.filter(arena=arena, flagged=True, count__gt=0)
    return [EXCLUDE, INCLUDE] if flagged.exists() else [EXCLUDE]


def refresh_arena(arena: Arena, *, force: bool = False) -> int:
    """Build the boards that a whole batch of new votes, or a flag, waits for; return how many.

    A board whose newest snapshot is still to be completed waits for that.
    """
    questions = arena.questions.filter(retired_at=None)
    boards = [
        board
        for question in questions
        for form in list_forms(arena, question)
        for kinds in board_kinds(arena)
        if force or has_batch(next(list_leaderboards(arena, question, kinds, form)))
        for flagged in board_flagged(arena)
        for board in list_leaderboards(arena, question, kinds, form, flagged=flagged)
        if force or has_news(board)
    ]
    return sum(build_or_log(board) for board in boards)


def build_or_log(board: Leaderboard) -> bool:
    """A board whose ratings do not settle keeps its last snapshot, and holds up no other."""
    try:
        build_snapshot(board)
    except NotConverged as error:
        logger.warning("%s keeps its last snapshot: %s", board, error)
        return False
    return True


def list_leaderboards(
    arena: Arena, question: Question, kinds: list[str], form: str, *, flagged: str = EXCLUDE
) -> Iterator[Leaderboard]:
    """The boards of one question, form and some raters: of all prompts, then of each category."""
    method = METHODS[form]
    for category in ["", *board_categories(arena)]:
        yield find_leaderboard(
            arena,
            question,
            category=category,
            rater_kinds=kinds,
            method=method,
            flagged=flagged,
        )


def list_public(arena: Arena) -> Iterator[Leaderboard]:
    """Every board that the arena's pages show, but those that count flagged votes too."""
    for question in arena.questions.filter(retired_at=None):
        for form in list_forms(arena, question):
            for kinds in board_kinds(arena):
                yield from list_leaderboards(arena, question, kinds, form)


def find_newest(board: Leaderboard) -> Snapshot | None:
    return board.snapshots.first()


def is_complete(snapshot: Snapshot) -> bool:
    return bool(snapshot.settings.get("complete", True))


def has_batch(board: Leaderboard) -> bool:
    """Whether a batch of the board's votes was sealed since its newest snapshot, or a flag."""
    newest = find_newest(board)
    batch = board.arena.board_batch
    if newest and not is_complete(newest):
        return False
    votes = select_new_votes(board, newest).values_list("pk")[:batch]
    return len(votes) >= batch or bool(newest and has_new_flag(board, newest))


def has_news(board: Leaderboard) -> bool:
    newest = find_newest(board)
    if newest and not is_complete(newest):
        return False
    found = select_new_votes(board, newest).exists()
    return found or bool(newest and has_new_flag(board, newest))


def select_new_votes(board: Leaderboard, newest: Snapshot | None) -> QuerySet[Vote]:
    """The votes by the board's raters that were sealed since its newest snapshot."""
    return select_votes(board).filter(seq__gt=newest.watermark if newest else 0)


def select_votes(board: Leaderboard) -> QuerySet[Vote]:
    normal = Q(ballot=None) | Q(ballot__kind=Ballot.Kind.NORMAL)
    votes = Vote.objects.filter(
        CHANGES[find_form(board)] & normal,
        arena=board.arena_id,
        question=board.question_id,
        rater_kind__in=board.rater_kinds,
    ).exclude(competitor_a=F("competitor_b"))
    return votes.filter(prompt__category=board.category) if board.category else votes


def has_new_flag(board: Leaderboard, newest: Snapshot) -> bool:
    """Whether a flag on the board's votes was raised or lifted since its newest snapshot."""
    votes, several = select_votes(board), find_form(board) != PAIRS
    here = Q(arena=None) | Q(arena=board.arena_id)
    for flag in Flag.objects.filter(here, seq__gt=newest.watermark):
        touched = (
            Q(pk=flag.vote_id) if flag.vote_id
            else Q(rater=flag.rater_id) if flag.rater_id
            else Q(ballot__battle=flag.battle_id) if flag.battle_id
            else Q(ballot__candidates__contains=[flag.candidate_id]) if several
            else Q(candidate_a=flag.candidate_id) | Q(candidate_b=flag.candidate_id)
        )  # fmt: skip
        if votes.filter(touched).exists():
            return True
    return False


def complete_boards() -> int:
    """Rebuild from the single votes what a refresh built from counts; return how many boards."""
    newest = Snapshot.objects.order_by("leaderboard", "-watermark", "-id").distinct("leaderboard")
    waiting = [snapshot.leaderboard_id for snapshot in newest if not is_complete(snapshot)]
    return sum(complete_newest(board) for board in waiting)


@transaction.atomic
def complete_newest(board: int) -> bool:
    """Complete a board's newest snapshot, unless another worker is at it or was first."""
    locked = Leaderboard.objects.select_for_update(skip_locked=True).filter(pk=board).first()
    newest = find_newest(locked) if locked else None
    if newest is None or is_complete(newest):
        return False
    complete_snapshot(newest)
    return True
