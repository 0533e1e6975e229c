"""Which closed services keep competitors waiting, and how a person has them tried again."""

from collections.abc import Iterable

from django.db import transaction

from arenas.candidates.models import Candidate, ServicePause
from arenas.competitors.models import Competitor


def find_pauses(competitors: Iterable[Competitor]) -> list[ServicePause]:
    """The pauses that keep one of these competitors waiting."""
    wanted = list(competitors)
    return [
        pause
        for pause in ServicePause.objects.order_by("scope")
        if any(concerns(pause, competitor) for competitor in wanted)
    ]


def concerns(pause: ServicePause, competitor: Competitor) -> bool:
    """Whether the pause closes the model: its scope is provider/account or provider/account/model.

    The account is not compared: only the workers' environment tells it.
    """
    provider, _, rest = pause.scope.partition("/")
    closed = rest.partition("/")[2]
    return provider == competitor.provider and closed in ("", competitor.model)


@transaction.atomic
def resume(pause: ServicePause) -> None:
    """Try the service now: forget the pause, and the waiting that it asked for."""
    provider = pause.scope.partition("/")[0]
    waiting = Candidate.objects.filter(
        status=Candidate.Status.PLANNED,
        not_before__isnull=False,
        competitor__in=[
            each.pk
            for each in Competitor.objects.filter(provider=provider)
            if concerns(pause, each)
        ],
    )
    waiting.update(not_before=None)
    pause.delete()
