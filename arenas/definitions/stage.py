"""Which arenas are on the front page, are told about, and may still change."""

from django.db.models import Q, QuerySet

from arenas.definitions.models import Arena

OVER = Q(temporary=True, stage=Arena.Stage.CLOSED)


def select_shown() -> QuerySet[Arena]:
    """The arenas on the front page: those that are prepared are not, nor temporary ones after."""
    return Arena.objects.exclude(stage=Arena.Stage.PREPARED).exclude(OVER)


def select_lasting() -> QuerySet[Arena]:
    """All but the temporary arenas that are closed: nothing is made for these any more."""
    return Arena.objects.exclude(OVER)


def select_told(*, staff: bool) -> QuerySet[Arena]:
    """The arenas that pages and the API tell about: of temporary ones, staff alone are told."""
    return Arena.objects.all() if staff else Arena.objects.filter(temporary=False)
