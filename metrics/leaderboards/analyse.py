"""Further looks at the votes behind the public boards, made in the background.

An analysis is one file of `metrics/leaderboards/analyses` with a function `analyse(snapshot)`
that returns figures as JSON has them. The file's name is the analysis' name: adding one
touches no other file. It is made of boards of pairs, unless its `FORMS` name others.
"""

import logging
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from time import perf_counter
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from arenas.definitions.models import Arena
from metrics.leaderboards.board import find_shown
from metrics.leaderboards.build_shares import SHARES
from metrics.leaderboards.forms import PAIRS, find_form
from metrics.leaderboards.models import Analysis, Leaderboard, Snapshot
from metrics.leaderboards.refresh import list_public

PACKAGE = "metrics.leaderboards.analyses"
NEWS = 0.02
# These come with every snapshot, and are none of the analyses.
PARTS = ("gaps", SHARES)
logger = logging.getLogger(__name__)


def analysis_names() -> list[str]:
    """The analyses that exist: the files of their package, without those that begin with `_`."""
    found = pkgutil.iter_modules(import_module(PACKAGE).__path__)
    return sorted(name for _, name, _ in found if not name.startswith("_"))


def analysis_forms(name: str) -> tuple[str, ...]:
    """Of which boards the analysis is made: pairs, orders, each."""
    forms: tuple[str, ...] = getattr(import_module(f"{PACKAGE}.{name}"), "FORMS", (PAIRS,))
    return forms


def run_analysis(name: str, snapshot: Snapshot) -> dict[str, Any]:
    """The figures of the analysis `name`."""
    figures: dict[str, Any] = import_module(f"{PACKAGE}.{name}").analyse(snapshot)
    return figures


def find_missing() -> Iterator[tuple[Snapshot, str]]:
    """What the shown snapshots of the boards of all prompts lack, and is due.

    A board without votes lacks nothing.
    """
    forms = {name: analysis_forms(name) for name in analysis_names()}
    for arena in Arena.objects.filter(temporary=False).select_related("suite_version"):
        for board in list_public(arena):
            snapshot = (
                None if board.category else find_shown(Leaderboard.objects.filter(pk=board.pk))
            )
            if snapshot and snapshot.votes:
                made = {each.name: each.snapshot.votes for each in newest_analyses(snapshot)}
                yield from (
                    (snapshot, name)
                    for name in forms
                    if find_form(board) in forms[name] and is_due(made.get(name, 0), snapshot.votes)
                )


def is_due(analysed: int, votes: int) -> bool:
    """Whether votes have grown by NEWS since so many were analysed, or flags took some away.

    So a board that changes with every vote is not analysed at every vote.
    """
    return votes < analysed or votes >= analysed * (1 + NEWS)


def newest_analyses(snapshot: Snapshot) -> QuerySet[Analysis]:
    """The board's newest analysis of each name, none of later votes than the snapshot's."""
    return (
        Analysis.objects.exclude(name__in=PARTS)
        .filter(
            snapshot__leaderboard=snapshot.leaderboard_id,
            snapshot__watermark__lte=snapshot.watermark,
        )
        .select_related("snapshot")
        .order_by("name", "-snapshot__watermark", "-snapshot_id")
        .distinct("name")
    )


def analyse_missing() -> int:
    """Make what is missing; return how many. One that fails is logged, and tried again later."""
    return sum(analyse_or_log(snapshot, name) for snapshot, name in find_missing())


def analyse_or_log(snapshot: Snapshot, name: str) -> bool:
    try:
        return analyse(snapshot, name)
    except Exception:
        logger.exception("%s of snapshot %s failed", name, snapshot.pk)
        return False


@transaction.atomic
def analyse(snapshot: Snapshot, name: str) -> bool:
    """Store one analysis, unless another worker is at this snapshot or was first."""
    mine = Snapshot.objects.select_for_update(skip_locked=True).filter(pk=snapshot.pk)
    if not mine.exclude(analyses__name=name).exists():
        return False
    start = perf_counter()
    data = run_analysis(name, snapshot)
    Analysis.objects.create(
        snapshot=snapshot,
        name=name,
        data=data,
        seconds=perf_counter() - start,
        code_version=settings.VERSION,
    )
    return True
