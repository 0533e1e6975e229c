"""What rules say against a rater's votes: flags with reasons, and never an exclusion by taste.

No rule asks whether a rater agrees with others.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max, Q

from arenas.definitions.models import Arena
from arenas.definitions.voting import Rules
from arenas.quality.measure import Figures, measure_raters
from arenas.quality.models import RaterReview
from arenas.quality.say import say_share
from arenas.quality.weigh import weigh_share
from arenas.raters.models import Rater
from arenas.votes.flag import raise_flag
from arenas.votes.models import Flag, Vote

BY = "quality"
# From so many cases on a rule speaks, and for so large an e-value: one in so many honest raters.
GOLDS, TIMED, SIDED, AGAIN, SHARED = 5, 10, 20, 6, 100
SURE, VERY_SURE = 1e3, 1e4
# How often an honest rater prefers one side at most, and contradicts a decided answer.
HONEST_SIDE, HONEST_CONTRARY = 0.6, 0.5
AT_ONCE = 20  # raters whose votes are held in memory


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a rule speaks against a rater's votes, and on how many cases that rests."""

    reason: str
    cases: int


def check_gold(figures: Figures, rules: Rules) -> Finding | None:
    """More wrong answers to gold than somebody gives who looks."""
    wrong = figures.golds - figures.golds_right
    if figures.golds < GOLDS or weigh_share(wrong, figures.golds, rules.gold_errors) < SURE:
        return None
    return Finding(
        f"{wrong} of {figures.golds} gold ballots answered wrongly, where up to "
        f"{say_share(rules.gold_errors)} may happen to anybody.",
        figures.golds,
    )


def check_pace(figures: Figures, rules: Rules) -> Finding | None:
    """Half of the votes or more faster than anybody looks."""
    if figures.timed < TIMED or 2 * figures.fast < figures.timed:
        return None
    return Finding(
        f"{figures.fast} of {figures.timed} votes took less than {rules.min_seconds:g} s.",
        figures.timed,
    )


def check_side(figures: Figures, rules: Rules) -> Finding | None:
    """One side nearly always, although sides are drawn."""
    sides = {"left": figures.left, "right": figures.right}
    side = max(sides, key=lambda name: sides[name])
    decided = figures.left + figures.right
    if decided < SIDED or weigh_share(sides[side], decided, HONEST_SIDE) < 2 * VERY_SURE:
        return None
    return Finding(
        f"{sides[side]} of {decided} decided votes are for the {side} side, although sides are "
        f"drawn; up to {say_share(HONEST_SIDE)} may be a habit.",
        decided,
    )


def check_consistency(figures: Figures, rules: Rules) -> Finding | None:
    """Pairs that came back answered contrarily more often than by who does not look at all."""
    decided = figures.decided
    if decided < AGAIN or weigh_share(figures.contrary, decided, HONEST_CONTRARY) < SURE:
        return None
    return Finding(
        f"{figures.contrary} of {decided} pairs that came back were decided the other way round; "
        "who guesses does so with half of them.",
        decided,
    )


CHECKS: Mapping[str, Callable[[Figures, Rules], Finding | None]] = {
    "gold": check_gold,
    "pace": check_pace,
    "side": check_side,
    "consistency": check_consistency,
}


def check_share(figures: Figures, rules: Rules, *, total: int) -> Finding | None:
    """More of the arena's votes than one rater may have."""
    most = rules.max_share
    if most is None or total < SHARED or figures.votes <= most * total:
        return None
    return Finding(
        f"{figures.votes} of the arena's {total} votes are this rater's, "
        f"more than {say_share(most)}.",
        figures.votes,
    )


def find_all(figures: Figures, rules: Rules, *, total: int) -> dict[str, Finding]:
    """What each rule finds, by its name."""
    found = {name: check(figures, rules) for name, check in CHECKS.items()}
    found["share"] = check_share(figures, rules, total=total)
    return {name: finding for name, finding in found.items() if finding}


def review_new(*, most: int, now: datetime) -> set[int]:
    """Review the raters of the next `most` votes on this site; return the arenas they are in."""
    seen = RaterReview.objects.aggregate(Max("seq"))["seq__max"] or 0
    new = Vote.objects.filter(seq__gt=seen, source=Vote.Source.SITE).order_by("seq")
    rows = list(new.values_list("seq", "arena", "rater")[:most])
    raters: dict[int, set[int]] = {}
    for _, arena_id, rater in rows:
        raters.setdefault(arena_id, set()).add(rater or 0)
    upto = max((seq or 0 for seq, *_ in rows), default=0)
    with transaction.atomic():  # all of them, or the next run begins where this one did
        for arena in Arena.objects.filter(pk__in=raters).order_by("pk"):
            review_raters(arena, raters[arena.pk], seq=upto, now=now)
    return set(raters)


@transaction.atomic
def review_raters(arena: Arena, raters: set[int], *, now: datetime, seq: int = 0) -> None:
    """Measure these raters by all their votes, keep the figures, and flag by the arena's rules."""
    # Two reviews of a rater must not both find that there is no flag yet.
    locked = Rater.objects.filter(pk__in=raters).order_by("pk").select_for_update(no_key=True)
    people = {rater.pk: rater for rater in locked}
    total = count_votes(arena)
    for chunk in split(sorted(people)):
        for rater, figures in measure_raters(arena, chunk).items():
            review(arena, people[rater], figures, total=total, seq=seq, now=now)


def count_votes(arena: Arena) -> int:
    """How many votes of raters on this site the arena has, with those taken back since."""
    return Vote.objects.filter(arena=arena, source=Vote.Source.SITE, retracted=False).count()


def split(raters: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(raters), AT_ONCE):
        yield raters[start : start + AT_ONCE]


def review(
    arena: Arena, rater: Rater, figures: Figures, *, total: int, seq: int, now: datetime
) -> RaterReview:
    """Keep what the votes say, and flag the rater where the arena's rules do."""
    found = find_all(figures, arena.voting.quality, total=total)
    old = RaterReview.objects.filter(arena=arena, rater=rater).first()
    review, _ = RaterReview.objects.update_or_create(
        arena=arena,
        rater=rater,
        defaults={
            "seq": max(seq, old.seq if old else 0),
            "figures": describe(figures),
            "findings": keep_anomaly(old)
            | {name: finding.reason for name, finding in found.items()},
            "reviewed_at": now,
        },
    )
    for name, finding in found.items():
        raise_once(review, name, finding, now=now)
    return review


def keep_anomaly(review: RaterReview | None) -> dict[str, str]:
    """What the search for rigged votes found, which reviews do not find again."""
    findings = review.findings if review else {}
    return {name: reason for name, reason in findings.items() if name == "anomaly"}


def describe(figures: Figures) -> dict[str, float]:
    """The figures as they are kept; what is not known is left out, so that it sorts last."""
    return {name: value for name, value in asdict(figures).items() if value is not None}


def raise_once(review: RaterReview, rule: str, finding: Finding, *, now: datetime) -> Flag | None:
    """Flag the rater in the arena by a rule that it has flag, unless that was done before.

    A flag that somebody lifted is raised again only when it rests on twice as many cases.
    """
    arena, rater = review.arena, review.rater
    if rule not in arena.voting.quality.raise_flags:
        return None
    standing = Flag.objects.filter(rater=rater, rule=rule, lifts=None, lifted_by=None)
    if standing.filter(Q(arena=None) | Q(arena=arena)).exists():
        return None
    if finding.cases < 2 * review.raised.get(rule, 0):
        return None
    review.raised[rule] = finding.cases
    review.save(update_fields=["raised"])
    reason = finding.reason[:300]
    return raise_flag(rater, rule=rule, reason=reason, by=BY, now=now, arena=arena)
