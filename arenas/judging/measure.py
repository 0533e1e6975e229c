"""How a judge does in an arena: how far it is, what it costs, and how far it may be trusted."""

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np
from django.db.models import Min, QuerySet
from django.utils.functional import cached_property

from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from arenas.definitions.seats import Seat
from arenas.judging.budget import is_free, select_judgments, sum_spent
from arenas.judging.claim import is_spent
from arenas.judging.models import JudgingBatch, Judgment, JudgmentStatus
from arenas.judging.plan import select_votes
from arenas.judging.settle import FIRST, MEANT, SECOND, combine, find_questions, name_rater
from arenas.judging.words import ASPECTS, PROMPT_VERSION
from arenas.providers.base import Status as OutcomeStatus
from arenas.raters.models import RaterKind
from arenas.votes.models import Vote
from metrics.stats.shares import Share, estimate_share

Status = JudgmentStatus
WHOM = {"model_a": FIRST, "model_b": SECOND}


@dataclass(frozen=True, slots=True)
class Bias:
    """Of one aspect: how often the answer shown first was preferred (½ without a habit), and how
    often the two orders contradicted each other, which made a tie.
    """

    aspect: str
    first: Share
    disagreed: Share


@dataclass(frozen=True, slots=True)
class Sent:
    """What waits in batch jobs: judgments, jobs, and when the oldest of these was sent."""

    judgments: int
    jobs: int
    since: datetime | None

    def __str__(self) -> str:
        return f"{count(self.judgments, 'question')} in {count(self.jobs, 'batch job')}"


@dataclass(frozen=True)
class Report:
    """One judge in one arena. The judgments are those under the present words."""

    seat: Seat
    kin: Sequence[Competitor]
    counts: Counter[str]
    calls: int
    parse_failures: int
    copied: int
    sent: Sent
    cost_usd: Decimal
    cost_estimated: bool
    biases: Sequence[Bias]
    agreement: Share
    votes: int

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def open(self) -> int:
        return self.counts[Status.PLANNED] + self.counts[Status.RUNNING]

    @property
    def ended(self) -> int:
        return self.total - self.open

    @property
    def percent(self) -> int:
        return 100 * self.ended // self.total if self.total else 0

    @property
    def segments(self) -> list[tuple[str, int, float, float]]:
        """The bar's pieces: a name, how many, and where from and how wide in percent."""
        counts, left = self.counts, 0.0
        failed = counts[Status.MALFORMED] + counts[Status.FAILED]
        found = []
        for name, count in (
            ("done", counts[Status.DONE]), ("running", counts[Status.RUNNING]),
            ("planned", counts[Status.PLANNED]), ("refused", counts[Status.REFUSED]),
            ("failed", failed),
        ):  # fmt: skip
            width = 100 * count / max(self.total, 1)
            found.append((name, count, left, width))
            left += width
        return found

    @property
    def trust_name(self) -> str:
        """Under which name the court hears it."""
        return f"judge:{name_rater(self.seat.judge)}"

    @cached_property
    def malformed(self) -> Share:
        """Replies of another form, among all replies; those that a second try mended count."""
        return share_of(self.parse_failures, self.calls)

    @cached_property
    def refused(self) -> Share:
        return share_of(self.counts[Status.REFUSED], self.ended)

    @property
    def is_free(self) -> bool:
        return is_free(self.seat.judge)

    @cached_property
    def is_spent(self) -> bool:
        """Whether the next question costs more than is left of the budget."""
        return is_spent(self.seat)


def report(seat: Seat) -> Report:
    rows = select_judgments(seat).filter(prompt_version=PROMPT_VERSION)
    everything = select_judgments(seat)
    tries: Counter[str] = Counter()
    for each in rows.values_list("tries", flat=True):
        tries.update(each)
    pairs = pair_up(rows)
    return Report(
        seat=seat,
        kin=seat.find_kin(),
        counts=Counter(rows.values_list("status", flat=True)),
        calls=tries[OutcomeStatus.DONE] + tries[OutcomeStatus.MALFORMED],
        parse_failures=tries[OutcomeStatus.MALFORMED],
        copied=rows.exclude(copied_from=None).count(),
        sent=measure_sent(seat),
        cost_usd=sum_spent(seat),
        cost_estimated=everything.filter(cost_estimated=True).exists(),
        biases=[measure_bias(aspect, pairs) for aspect in list_asked(pairs)],
        agreement=measure_agreement(seat, pairs),
        votes=Vote.objects.filter(
            arena=seat.arena_id, rater__kind=RaterKind.JUDGE, rater__name=name_rater(seat.judge)
        ).count(),
    )


def measure_sent(seat: Seat) -> Sent:
    jobs = seat.batches.exclude(state=JudgingBatch.State.ENDED)
    waiting = Judgment.objects.filter(batch__in=jobs, status=Status.RUNNING)
    return Sent(waiting.count(), jobs.count(), jobs.aggregate(since=Min("sent_at"))["since"])


def count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def pair_up(rows: QuerySet[Judgment]) -> dict[int, list[dict[str, str]]]:
    """By battle, the answers in both orders, where both are there."""
    found: dict[int, list[dict[str, str]]] = {}
    done = rows.filter(status=Status.DONE).order_by("battle", "order")
    for battle, answers in done.values_list("battle", "answers"):
        found.setdefault(battle, []).append(answers)
    return {battle: both for battle, both in found.items() if len(both) == len(MEANT)}


def list_asked(pairs: dict[int, list[dict[str, str]]]) -> list[str]:
    """The aspects that were asked, in the order in which they are."""
    asked = {name for both in pairs.values() for name in both[0]}
    return [aspect for aspect in ASPECTS if aspect in asked]


def measure_bias(aspect: str, pairs: dict[int, list[dict[str, str]]]) -> Bias:
    """From battles seen in both orders: either answer was first once, so that merit cancels."""
    asked = [(battle, [each[aspect] for each in both]) for battle, both in pairs.items()
             if aspect in both[0]]  # fmt: skip
    decided = [
        (float(reply == "A"), battle) for battle, replies in asked for reply in replies
        if reply in ("A", "B")
    ]  # fmt: skip
    turned = [float(MEANT[0][one] != MEANT[1][other]) for _, (one, other) in asked]
    return Bias(
        aspect,
        first=share_by([value for value, _ in decided], [battle for _, battle in decided]),
        disagreed=share_by(turned, [battle for battle, _ in asked]),
    )


def measure_agreement(seat: Seat, pairs: dict[int, list[dict[str, str]]]) -> Share:
    """Of people's decided votes, unflagged, on battles that the judge decided, too: the share that
    says the same.
    """
    values: list[float] = []
    battles: list[int] = []
    for aspect, question in find_questions(seat).items():
        votes = select_votes(seat.arena).filter(
            question=question, ballot__battle__in=list(pairs), winner__in=list(WHOM)
        )
        columns = ("ballot__battle", "ballot__battle__first", "candidate_a", "winner")
        for battle, first, left, winner in votes.values_list(*columns):
            both = pairs[battle]
            judged = combine(*(answers.get(aspect, "") for answers in both))
            if judged not in (FIRST, SECOND):
                continue
            said = WHOM[winner] if left == first else {FIRST: SECOND, SECOND: FIRST}[WHOM[winner]]
            values.append(float(said == judged))
            battles.append(battle)
    return share_by(values, battles)


def share_by(values: Sequence[float], clusters: Sequence[int]) -> Share:
    weights = np.ones(len(values))
    return estimate_share(np.array(values, dtype=np.float64), weights, np.array(clusters, np.int64))


def share_of(cases: int, of: int) -> Share:
    """A plain share, each case independent of the others."""
    return share_by([1.0] * cases + [0.0] * (of - cases), range(of))


def list_reports(seats: Iterable[Seat]) -> list[Report]:
    return [report(seat) for seat in seats]


def describe_kinships(
    *, arena: Arena | None = None, rater: str = "", shown: Container[int] = ()
) -> str:
    """Who judges its own kin, in the arena or as this rater, as a sentence; or nothing.

    Competitors are named that are among those `shown` (ids) on a board.
    """
    seats = Seat.objects.filter(left_at=None, same_family=True).select_related("judge", "arena")
    seats = seats.filter(arena=arena) if arena else seats
    kin: dict[str, dict[str, None]] = {}
    for seat in seats.order_by("judge__name"):
        if not rater or name_rater(seat.judge) == rater:
            names = dict.fromkeys(
                each.name if each.pk in shown else "a competitor on no board yet"
                for each in seat.find_kin()
            )
            kin.setdefault(seat.judge.name, {}).update(names)
    said = [f"{judge} judges {', '.join(names)}" for judge, names in kin.items() if names]
    return f"{'; '.join(said)}. A judge may favour its own." if said else ""
