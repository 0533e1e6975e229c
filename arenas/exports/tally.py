"""What votes said about two candidates of a prompt: who was chosen, how often, and why."""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from arenas.definitions.models import Outcome
from arenas.votes.models import Vote

WIN = "win"
Key = tuple[int, int, int]  # a question, and two candidates, the lower id first


@dataclass(slots=True)
class Tally:
    """What was said about two candidates of one prompt, on one question."""

    question: int
    prompt: int
    pair: tuple[int, int]
    wins: Counter[int] = field(default_factory=Counter)
    ties: int = 0
    both_bad: int = 0
    reasons: Counter[tuple[int, str]] = field(default_factory=Counter)
    regions: list[tuple[int, list[float]]] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    forms: set[str] = field(default_factory=set)

    @property
    def votes(self) -> int:
        return self.wins.total() + self.ties + self.both_bad

    @property
    def order(self) -> tuple[int, int]:
        """The chosen one and the rejected one."""
        one, other = self.pair
        return (one, other) if self.wins[one] > self.wins[other] else (other, one)

    @property
    def is_decided(self) -> bool:
        return self.wins[self.pair[0]] != self.wins[self.pair[1]]

    @property
    def agreement(self) -> float:
        """The share of all its votes that chose what most did."""
        return self.wins[self.order[0]] / self.votes

    def add(self, vote: Vote, better: int, worse: int, how: str) -> None:
        self.wins[better] += how == WIN
        self.ties += how == Outcome.TIE
        self.both_bad += how == Outcome.BOTH_BAD
        self.reasons.update(each for each in list_reasons(vote) if each[0] in self.pair)
        self.regions += [each for each in list_regions(vote) if each[0] in self.pair]
        self.kinds.add(vote.rater_kind)
        self.sources.add(vote.source)
        self.forms.add(name_form(vote))


def add_vote(tallies: dict[Key, Tally], vote: Vote) -> None:
    assert vote.prompt_id is not None
    for better, worse, how in list_meetings(vote):
        key = make_key(vote, better, worse)
        if key not in tallies:
            tallies[key] = Tally(vote.question_id, vote.prompt_id, key[1:])
        tallies[key].add(vote, better, worse, how)


def make_key(vote: Vote, better: int, worse: int) -> Key:
    return (vote.question_id, min(better, worse), max(better, worse))


def list_meetings(vote: Vote) -> Iterator[tuple[int, int, str]]:
    """Each two candidates of the vote, the better one first, and how it ended."""
    if vote.ranking and vote.ballot:
        placed = zip(vote.ranking, vote.ballot.candidates, strict=True)
        for (tier, one), (below, other) in itertools.combinations(sorted(placed), 2):
            yield one, other, WIN if tier < below else Outcome.TIE.value
        return
    assert vote.candidate_a_id is not None
    assert vote.candidate_b_id is not None
    pair = (vote.candidate_a_id, vote.candidate_b_id)
    decided = {Outcome.MODEL_A: pair, Outcome.MODEL_B: pair[::-1]}
    if vote.winner in decided:
        yield *decided[Outcome(vote.winner)], WIN
    else:
        yield *pair, vote.winner


def list_reasons(vote: Vote) -> list[tuple[int, str]]:
    """What was said is wrong, each with the candidate it was said of."""
    shown = vote.ballot.candidates if vote.ballot else ()
    return [(shown[slot], reason) for slot, reason in vote.reasons if slot < len(shown)]


def list_regions(vote: Vote) -> list[tuple[int, list[float]]]:
    """The spots that were marked, [turn, part, x, y], each with its candidate."""
    shown = vote.ballot.candidates if vote.ballot else ()
    return [(shown[slot], place) for slot, *place in vote.spots if slot < len(shown)]


def name_form(vote: Vote) -> str:
    return "ranking" if vote.ranking else "pair"
