"""Make another competitor an eval's baseline, or the present one anew; keep who did so and why."""

from datetime import datetime

from django.db import transaction

from arenas.competitors.models import Competitor
from metrics.regressions.models import Promotion, RegressionEval, Run


class PromotionRefused(ValueError):
    """A baseline that cannot be; the message says why."""


@transaction.atomic
def promote(
    evaluation: RegressionEval,
    after: Competitor,
    *,
    by: str,
    reason: str,
    now: datetime,
    run: Run | None = None,
) -> Promotion:
    """From its next run on the eval compares with `after`. Raises PromotionRefused.

    To promote the present baseline says that its runs so far are known, and good enough: a slow
    change that was found in them is told no more.
    """
    if not reason.strip():
        raise PromotionRefused("a promotion needs a reason")
    row = RegressionEval.objects.select_for_update().get(pk=evaluation.pk)
    if run and not run.outcome:
        raise PromotionRefused(f"{run} has come to no outcome")
    promotion = Promotion.objects.create(
        eval=row, before=row.baseline, after=after, by=by, at=now, reason=reason.strip(), run=run
    )
    row.baseline = after
    row.save(update_fields=["baseline"])
    return promotion
