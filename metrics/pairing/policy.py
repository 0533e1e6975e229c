"""How an arena's pairs are to be drawn, and how that goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from arenas.battles.choose import RANDOM, UNIFORM
from arenas.battles.models import Ballot, PairPlan
from arenas.definitions.models import Arena
from metrics.stats.design import LEAST_RANDOM_SHARE

LEAST_BATCH = 50
BATCH_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class Policy:
    """What the arena's file asks for, with what holds where it is silent.

    `rule` is uniform, adjacent or information; `random_share` the share of uniform pairs
    beside the latter two; `newcomers` whether those with few votes come first; `batch` how
    many new votes there are between two plans.
    """

    rule: str = "information"
    random_share: float = LEAST_RANDOM_SHARE
    newcomers: bool = True
    batch: int | None = None

    @classmethod
    def of(cls, arena: Arena) -> "Policy":
        return cls(**arena.pairing)

    def batch_after(self, votes: int) -> int:
        """How many votes after the first `votes` the next plan is made."""
        return self.batch or max(LEAST_BATCH, round(BATCH_SHARE * votes))


@dataclass(frozen=True, slots=True)
class PolicyReport:
    """An arena's policy and the plan in force; without a plan, pairs are uniform.

    `rule` is what holds now, which may wait for votes or give way to newcomers, `shares` the
    share of each arm in it.
    """

    policy: Policy
    rule: str
    shares: Mapping[str, float]
    batch: int
    planned_at: datetime | None
    planned_votes: int


def describe_policy(arena: Arena) -> PolicyReport:
    policy = Policy.of(arena)
    plan = PairPlan.objects.filter(arena=arena).first()
    votes = plan.votes if plan else 0
    return PolicyReport(
        policy=policy,
        rule=plan.rule if plan else UNIFORM,
        shares=plan.shares if plan else {RANDOM: 1.0},
        batch=policy.batch_after(votes),
        planned_at=plan.created_at if plan else None,
        planned_votes=votes,
    )


def count_ballots(arena: Arena) -> dict[str, int]:
    """How many ballots each arm has had so far; it reads them all."""
    ballots = Ballot.objects.filter(arena=arena).order_by("arm").values_list("arm")
    return dict(ballots.annotate(number=Count("pk")))
