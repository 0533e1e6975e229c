"""Keep the public boards fresh, batch by batch: a single vote changes nothing visible."""

import logging
from collections.abc import Iterator

from django.db import transaction
from django.db.models import Q, QuerySet

from arenas.definitions.models import Arena, Question
from arenas.raters.models import Rater, RaterKind
from arenas.votes.models import Flag, Vote
from metrics.leaderboards.build import build_snapshot, complete_snapshot, find_leaderboard
from metrics.leaderboards.models import Leaderboard, Snapshot
from metrics.stats.methods.base import NotConverged

logger = logging.getLogger(__name__)

PEOPLE = sorted([RaterKind.PERSON, RaterKind.EXTERNAL])
SIMULATED = [RaterKind.SIMULATED.value]


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


def refresh_arena(arena: Arena, *, force: bool = False) -> int:
    """Build the boards that a whole batch of new votes, or a flag, waits for; return how many.

    A board whose newest snapshot is still to be completed waits for that.
    """
    questions = arena.questions.filter(retired_at=None)
    boards = [
        board
        for question in questions
        for kinds in board_kinds(arena)
        if force or has_batch(find_leaderboard(arena, question, rater_kinds=kinds))
        for board in list_leaderboards(arena, question, kinds)
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


def list_leaderboards(arena: Arena, question: Question, kinds: list[str]) -> Iterator[Leaderboard]:
    """The boards of one question and some raters: of all prompts, then of each category."""
    for category in ["", *board_categories(arena)]:
        yield find_leaderboard(arena, question, category=category, rater_kinds=kinds)


def list_public(arena: Arena) -> Iterator[Leaderboard]:
    """Every board that the arena's pages show."""
    for question in arena.questions.filter(retired_at=None):
        for kinds in board_kinds(arena):
            yield from list_leaderboards(arena, question, kinds)


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
    votes = Vote.objects.filter(
        arena=board.arena_id, question=board.question_id, rater_kind__in=board.rater_kinds
    )
    return votes.filter(prompt__category=board.category) if board.category else votes


def has_new_flag(board: Leaderboard, newest: Snapshot) -> bool:
    """Whether a flag on the board's votes was raised or lifted since its newest snapshot."""
    votes = select_votes(board)
    for flag in Flag.objects.filter(seq__gt=newest.watermark):
        touched = (
            Q(pk=flag.vote_id) if flag.vote_id
            else Q(rater=flag.rater_id) if flag.rater_id
            else Q(ballot__battle=flag.battle_id) if flag.battle_id
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
