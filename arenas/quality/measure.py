"""The figures of each rater in an arena: how much, how fast, how sure of themselves."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from django.db.models import Case, Count, F, Value, When

from arenas.battles.models import Ballot, Gold
from arenas.battles.vary import OBJECTIVE
from arenas.definitions.models import Arena, Outcome
from arenas.votes.judge import judge
from arenas.votes.models import STANDING, Vote

Kind = Ballot.Kind
UNDECIDED = 0
COMPARED = 300  # of each rater's latest pairs with what others said of them
Cell = tuple[int | None, int]  # a battle and a question
READ = (
    "rater_id", "question", "ballot", "winner", "response_ms", "created_at", "candidate_a_id",
    "candidate_b_id", "competitor_a_id", "competitor_b_id", "question__position", "ballot__kind",
    "ballot__slots", "ballot__nonce", "ballot__repeats_id", "ballot__battle_id",
    "ballot__gold__kind", "ballot__gold",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figures:
    """What one rater did in an arena, counted over the votes that stand.

    All but `votes` go by the first answer about a pair on each ballot: others are no new evidence.
    `fast` of the `timed` votes were quicker than the arena's `min_seconds`. Of gold with a right
    side or none, `golds_right` of `golds` were answered so; `lapses` are failed instructions. Of
    pairs that came back (`repeats` as they were, `mirrors` with sides swapped) some answers
    agreed with the first one; of the `decided` that named a picture both times, `contrary` named
    the other. `left`, `right` and `undecided` are normal ballots. Of `compared` pairs, on which
    more than half of the others say the same, the rater says it on `agreeing`.
    """

    votes: int = 0
    timed: int = 0
    fast: int = 0
    median_seconds: float | None = None
    golds: int = 0
    golds_right: int = 0
    lapses: int = 0
    repeats: int = 0
    repeats_agreeing: int = 0
    mirrors: int = 0
    mirrors_agreeing: int = 0
    decided: int = 0
    contrary: int = 0
    left: int = 0
    right: int = 0
    undecided: int = 0
    compared: int = 0
    agreeing: int = 0
    skips: int = 0


def measure_raters(arena: Arena, raters: Collection[int]) -> dict[int, Figures]:
    """The figures of each of these raters, by their ids, from their votes on this site."""
    by_rater: dict[int, list[Vote]] = defaultdict(list)
    for vote in read_votes(arena, raters):
        by_rater[vote.rater_id or 0].append(vote)
    pairs = {rater: keep_first(votes) for rater, votes in by_rater.items()}
    chosen = count_choices(arena, [vote for votes in pairs.values() for vote in keep_latest(votes)])
    skips, fastest = count_skips(arena, raters), arena.voting.quality.min_seconds
    return {
        rater: measure(
            by_rater.get(rater, []),
            pairs.get(rater, []),
            chosen,
            skips=skips.get(rater, 0),
            fastest=fastest,
        )
        for rater in raters
    }


def read_votes(arena: Arena, raters: Collection[int]) -> Iterable[Vote]:
    """The raters' votes that stand, in the order in which they were cast."""
    found = Vote.objects.filter(
        STANDING, arena=arena, rater__in=raters, source=Vote.Source.SITE
    ).select_related("ballot__gold", "question")
    return found.only(*READ).order_by("created_at", "pk")


def keep_first(votes: Iterable[Vote]) -> list[Vote]:
    """Of each ballot the answer to the first question about a pair, in order of time."""
    first: dict[int | None, Vote] = {}
    for vote in sorted(votes, key=lambda vote: vote.question.position):
        if vote.winner:
            first.setdefault(vote.ballot_id, vote)
    return sorted(first.values(), key=lambda vote: (vote.created_at, vote.pk))


def keep_latest(pairs: Sequence[Vote]) -> list[Vote]:
    """The latest normal pairs of two competitors."""
    between = [vote for vote in pairs if vote.competitor_a_id != vote.competitor_b_id]
    return [vote for vote in between if is_normal(vote)][-COMPARED:]


def count_choices(arena: Arena, votes: Iterable[Vote]) -> Mapping[Cell, Counter[int]]:
    """By battle and question, how often everybody chose what, where these votes were."""
    battles = {vote.ballot.battle_id for vote in votes if vote.ballot}
    choice = Case(
        When(winner=Outcome.MODEL_A, then=F("candidate_a_id")),
        When(winner=Outcome.MODEL_B, then=F("candidate_b_id")),
        default=Value(UNDECIDED),
    )
    said = Vote.objects.filter(
        STANDING, arena=arena, ballot__battle__in=battles, ballot__kind=Kind.NORMAL
    ).exclude(winner="")
    cells = said.annotate(choice=choice).values_list("ballot__battle", "question", "choice")
    chosen: dict[Cell, Counter[int]] = defaultdict(Counter)
    for battle, question, what, number in cells.annotate(number=Count("pk")):
        chosen[battle, question][what] += number
    return chosen


def count_skips(arena: Arena, raters: Collection[int]) -> dict[int, int]:
    skipped = Ballot.objects.filter(arena=arena, rater__in=raters).exclude(skipped="")
    return dict(skipped.values_list("rater").annotate(number=Count("pk")))


def measure(
    votes: Sequence[Vote],
    pairs: Sequence[Vote],
    chosen: Mapping[Cell, Counter[int]],
    *,
    skips: int,
    fastest: float,
) -> Figures:
    """The figures of one rater from their votes, and those of them that are first on a pair."""
    seconds = list(time_ballots(votes))
    normal = Counter(vote.winner for vote in pairs if is_normal(vote))
    agreed = list(compare_with_others(keep_latest(pairs), chosen))
    golds, again = list(judge_golds(pairs)), list(compare_with_self(pairs))
    decided = [(now, then) for _, now, then in again if UNDECIDED not in (now, then)]
    return Figures(
        votes=len(votes),
        timed=len(seconds),
        fast=sum(each < fastest for each in seconds),
        median_seconds=round(median(seconds), 2) if seconds else None,
        golds=sum(kind in OBJECTIVE for kind, _ in golds),
        golds_right=sum(kind in OBJECTIVE and right for kind, right in golds),
        lapses=sum(kind == Gold.Kind.INSTRUCTED and not right for kind, right in golds),
        repeats=sum(kind == Kind.REPEAT for kind, *_ in again),
        repeats_agreeing=sum(kind == Kind.REPEAT and now == then for kind, now, then in again),
        mirrors=sum(kind == Kind.MIRROR for kind, *_ in again),
        mirrors_agreeing=sum(kind == Kind.MIRROR and now == then for kind, now, then in again),
        decided=len(decided),
        contrary=sum(now != then for now, then in decided),
        left=normal[Outcome.MODEL_A],
        right=normal[Outcome.MODEL_B],
        undecided=normal[Outcome.TIE] + normal[Outcome.BOTH_BAD],
        compared=len(agreed),
        agreeing=sum(agreed),
        skips=skips,
    )


def is_normal(vote: Vote) -> bool:
    """Whether the ballot is one that counts on boards."""
    return vote.ballot is not None and vote.ballot.kind == Kind.NORMAL


def find_cell(vote: Vote) -> Cell:
    return vote.ballot.battle_id if vote.ballot else None, vote.question_id


def choose(vote: Vote) -> int:
    """The candidate that the vote finds better, or UNDECIDED."""
    sides = {Outcome.MODEL_A: vote.candidate_a_id, Outcome.MODEL_B: vote.candidate_b_id}
    return sides.get(Outcome(vote.winner)) or UNDECIDED


def time_ballots(votes: Sequence[Vote]) -> Iterator[float]:
    """Seconds before each ballot's first answer.

    As the browser says, but no more than have passed since the rater's answer before.
    """
    ballot: int | None = None
    before: datetime | None = None
    for vote in votes:
        said = [vote.response_ms / 1000] if vote.response_ms is not None else []
        passed = [(vote.created_at - before).total_seconds()] if before else []
        if vote.ballot_id != ballot and (said or passed):
            yield min(said + passed)
        ballot, before = vote.ballot_id, vote.created_at


def judge_golds(pairs: Iterable[Vote]) -> Iterator[tuple[str, bool]]:
    """The kind of each gold ballot that was answered, and whether that was right."""
    for vote in pairs:
        ballot = vote.ballot
        if ballot is None or ballot.gold is None or ballot.kind != Kind.GOLD:
            continue
        right = judge(ballot, ballot.gold.kind, vote.winner)
        if right is not None:
            yield ballot.gold.kind, right


def compare_with_self(pairs: Sequence[Vote]) -> Iterator[tuple[str, int, int]]:
    """For each answer on a pair that came back: how, what is chosen now, and what was then."""
    first = {(vote.ballot_id, vote.question_id): choose(vote) for vote in pairs if is_normal(vote)}
    for vote in pairs:
        ballot = vote.ballot
        then = first.get((ballot.repeats_id, vote.question_id)) if ballot else None
        if ballot is not None and then is not None:
            yield ballot.kind, choose(vote), then


def compare_with_others(
    pairs: Iterable[Vote], chosen: Mapping[Cell, Counter[int]]
) -> Iterator[bool]:
    """For each pair on which more than half of the others say the same: whether this rater does."""
    for vote in pairs:
        mine = choose(vote)
        others = chosen.get(find_cell(vote), Counter()) - Counter([mine])
        most, times = others.most_common(1)[0] if others else (UNDECIDED, 0)
        if 2 * times > others.total():
            yield most == mine
