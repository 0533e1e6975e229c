"""Keep the public boards fresh, batch by batch: a single vote changes nothing visible."""

import logging
from collections.abc import Iterator

from django.db.models import QuerySet

from arenas.definitions.models import Arena, Question
from arenas.raters.models import RaterKind
from arenas.votes.models import Vote
from metrics.leaderboards.build import build_snapshot, find_leaderboard
from metrics.leaderboards.models import Leaderboard
from metrics.stats.methods.base import NotConverged

logger = logging.getLogger(__name__)

PEOPLE = sorted([RaterKind.PERSON, RaterKind.EXTERNAL])
SIMULATED = [RaterKind.SIMULATED.value]


def board_kinds(arena: Arena) -> list[list[str]]:
    """Whose votes the arena's boards can be switched between, its own choice first."""
    kinds = [sorted(arena.board_raters)]
    present = set(
        Vote.objects.filter(arena=arena).order_by().values_list("rater_kind", flat=True).distinct()
    )
    if RaterKind.SIMULATED in present:
        kinds += [PEOPLE, SIMULATED]
    return [kind for index, kind in enumerate(kinds) if kind not in kinds[:index]]


def board_categories(arena: Arena) -> list[str]:
    """The categories of the arena's prompts, in the suite's order."""
    found = arena.prompts().exclude(category="").values_list("category", flat=True)
    return list(dict.fromkeys(found))


def refresh_arena(arena: Arena, *, force: bool = False) -> int:
    """Build the boards that a whole batch of new votes waits for; return how many."""
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


def has_batch(board: Leaderboard) -> bool:
    """Whether a batch of the votes that the board counts was sealed since its newest snapshot."""
    batch = board.arena.board_batch
    return len(select_new_votes(board).values_list("pk")[:batch]) >= batch


def has_news(board: Leaderboard) -> bool:
    return select_new_votes(board).exists()


def select_new_votes(board: Leaderboard) -> QuerySet[Vote]:
    """The votes by the board's raters that were sealed since its newest snapshot."""
    newest = board.snapshots.first()
    votes = Vote.objects.filter(
        arena=board.arena_id,
        question=board.question_id,
        rater_kind__in=board.rater_kinds,
        seq__gt=newest.watermark if newest else 0,
    )
    return votes.filter(prompt__category=board.category) if board.category else votes
