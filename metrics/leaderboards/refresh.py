"""Keep the public boards fresh, batch by batch: a single vote changes nothing visible."""

from collections.abc import Iterator

from django.db.models import Q

from arenas.definitions.models import Arena, Question
from arenas.raters.models import RaterKind
from arenas.votes.models import Vote
from metrics.leaderboards.build import build_snapshot, find_leaderboard
from metrics.leaderboards.models import Leaderboard, Snapshot

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


def list_leaderboards(arena: Arena) -> Iterator[Leaderboard]:
    """Every board of the arena's pages."""
    for question in arena.questions.filter(retired_at=None):
        for kinds in board_kinds(arena):
            for category in ["", *board_categories(arena)]:
                yield find_leaderboard(arena, question, category=category, rater_kinds=kinds)


def refresh_arena(arena: Arena, *, force: bool = False) -> int:
    """Build the boards that a whole batch of new votes waits for; return how many."""
    questions = arena.questions.filter(retired_at=None)
    if not force and not any(has_batch(arena, question) for question in questions):
        return 0
    boards = [board for board in list_leaderboards(arena) if force or has_news(board)]
    for board in boards:
        build_snapshot(board)
    return len(boards)


def has_batch(arena: Arena, question: Question) -> bool:
    """Whether the question has a batch of sealed votes that its newest snapshot lacks."""
    newest = Snapshot.objects.filter(leaderboard__question=question).first()
    watermark = newest.watermark if newest else 0
    new = Vote.objects.filter(arena=arena, question=question, seq__gt=watermark)
    return len(new.values_list("pk")[: arena.board_batch]) >= arena.board_batch


def has_news(board: Leaderboard) -> bool:
    """Whether votes that the board counts were sealed since its newest snapshot."""
    newest = board.snapshots.first()
    wanted = Q(arena=board.arena_id, question=board.question_id, rater_kind__in=board.rater_kinds)
    if board.category:
        wanted &= Q(prompt__category=board.category)
    return Vote.objects.filter(wanted, seq__gt=newest.watermark if newest else 0).exists()
