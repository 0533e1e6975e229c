"""What asking judges costs: before a call, after it, and all together."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum

from arenas.candidates.cost import find_provider
from arenas.competitors.judges import Judge
from arenas.competitors.price import MILLION, Work
from arenas.definitions.seats import JudgePrice, Seat
from arenas.judging.models import Inquiry, Judgment, JudgmentStatus
from arenas.providers.base import Answer, BatchProvider, ProviderError

REPLY_TOKENS = 300  # for estimates alone: a short reason and a few choices
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Paid:
    """USD of one try, and whether nobody can tell it exactly."""

    usd: Decimal
    estimated: bool = False


def is_free(judge: Judge) -> bool:
    return find_provider(judge.provider).is_free


def read_price(judge: Judge) -> JudgePrice | None:
    return JudgePrice.model_validate(judge.price) if judge.price else None


def takes_batches(judge: Judge) -> bool:
    return issubclass(find_provider(judge.provider), BatchProvider)


def estimate_question(
    judge: Judge, question: str, *, pictures: int, in_batch: bool = False
) -> Decimal | None:
    """USD of one call, thoughts left out; None where no price is known."""
    if is_free(judge):
        return ZERO
    price = read_price(judge)
    if price is None:
        return None
    asked = price.estimate(Work(1, 0, len(question), pictures_read=pictures))
    said = price.output_text if price.output_text is not None else price.input_text or ZERO
    return (asked + REPLY_TOKENS * said / MILLION) * (price.batch if in_batch else 1)


def measure_cost(
    judge: Judge, end: Answer | ProviderError, *, estimate: Decimal, in_batch: bool = False
) -> Paid:
    """What a try cost; its estimate where nobody can tell."""
    if isinstance(end, Answer) and end.cost_usd is not None:
        return Paid(end.cost_usd)
    if isinstance(end, ProviderError) and not end.usage:
        return Paid(estimate, estimated=True) if end.perhaps_billed else Paid(ZERO)
    price = read_price(judge)
    if price is None:
        return Paid(ZERO, estimated=not is_free(judge))
    if not end.usage:
        return Paid(estimate, estimated=True)
    return Paid(*price_usage(price, end.usage, in_batch=in_batch))


def price_usage(
    price: JudgePrice, usage: Mapping[str, int], *, in_batch: bool
) -> tuple[Decimal, bool]:
    cost = price.cost({**usage, "output_image_tokens": 0}, in_batch=in_batch)
    return cost.usd, cost.estimated


def select_judgments(seat: Seat) -> QuerySet[Judgment]:
    """All that the judge was asked about battles of the arena, under whichever words."""
    return Judgment.objects.filter(judge=seat.judge_id, battle__arena=seat.arena_id)


def sum_spent(seat: Seat) -> Decimal:
    """USD that the judge has cost in the arena; calls under way count with their estimates."""
    rows = select_judgments(seat)
    return sum_costs(rows) + sum_costs(seat.inquiries.all())


def sum_costs(rows: QuerySet[Judgment] | QuerySet[Inquiry]) -> Decimal:
    going = Sum("estimate_usd", filter=Q(status=JudgmentStatus.RUNNING))
    sums = rows.aggregate(paid=Sum("cost_usd"), going=going)
    return (sums["paid"] or ZERO) + (sums["going"] or ZERO)


def find_left(seat: Seat) -> Decimal | None:
    """USD that the judge may still cost here; None where there is no budget."""
    return None if seat.budget_usd is None else seat.budget_usd - sum_spent(seat)
