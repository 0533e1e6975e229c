"""What a rater is told when there is nothing left to answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from arenas.battles.sitting import Sitting
from arenas.raters.finish import WayBack, find_way_back
from arenas.raters.models import Participation
from arenas.votes.summarize import OwnRow, Summary, list_own_board, summarize


@dataclass(frozen=True, slots=True)
class Thanks:
    """The rater's own work, the way back to where they came from, and their own board.

    The way back waits for all pairs that were asked for; where pairs ran out, for half of them.
    The board names competitors, so it waits until no answer can be changed any more.
    """

    summary: Summary
    done: bool
    way_back: WayBack | None
    board: list[OwnRow]
    board_in: int


def thank(sitting: Sitting) -> Thanks:
    """The end of a sitting without anything left to answer."""
    arena, summary = sitting.stock.arena, summarize(sitting)
    done = is_done(sitting)
    earned = done or 0 < summary.answered >= summary.skipped
    reveals = done and arena.voting.personal_board and not arena.temporary
    wait = count_wait(summary.last_at, arena.voting.undo_seconds, sitting.now) if reveals else 0
    return Thanks(
        summary=summary,
        done=done,
        way_back=find_way_back(arena, Participation.State.VOTING) if earned else None,
        board=list_own_board(arena, sitting.rater) if reveals and not wait else [],
        board_in=wait,
    )


def is_done(sitting: Sitting) -> bool:
    """Whether the rater has answered as many pairs as were asked for."""
    return sitting.quota is not None and sitting.answered >= sitting.quota


def count_wait(last_at: datetime | None, seconds: int, now: datetime) -> int:
    """In how many whole seconds the last answer cannot be taken back any more."""
    if last_at is None:
        return 0
    left = (last_at + timedelta(seconds=seconds) - now).total_seconds()
    return max(0, ceil(left))
