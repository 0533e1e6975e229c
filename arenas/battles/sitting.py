"""One rater at one arena's table: what they hold, what they have seen, what they are shown."""

import itertools
import json
from dataclasses import dataclass, field, replace
from datetime import datetime

from arenas.battles.choose import Pair
from arenas.battles.models import Ballot, Gold
from arenas.battles.stock import Maker, Piece, Stock
from arenas.definitions.models import Question
from arenas.prepare import fetch, list_columns, make
from arenas.raters.models import Participation, Rater
from arenas.suites.models import Prompt


@dataclass(frozen=True, slots=True)
class Past:
    """A ballot that the rater was shown before, as far as it matters for the next one."""

    kind: str
    skipped: bool
    candidates: tuple[int, ...]


@dataclass(slots=True)
class Sitting:
    """One rater in one arena, for the length of a transaction: what they hold and have seen.

    `open` are the ballots that can be answered now, the current one first; `past` all others
    that were answered. Nobody else changes any of it meanwhile.
    """

    stock: Stock
    participation: Participation
    now: datetime
    open: list[Ballot] = field(default_factory=list)
    past: list[Past] = field(default_factory=list)

    @property
    def rater(self) -> Rater:
        return self.participation.rater

    @property
    def quota(self) -> int | None:
        """How many pairs the rater is asked to answer here; None for any number."""
        if self.participation.quota is not None:
            return self.participation.quota
        return self.stock.arena.votes_per_rater

    @property
    def answered(self) -> int:
        """How many ballots count as the rater's work: neither skipped nor practice."""
        practice = Ballot.Kind.PRACTICE
        return sum(not past.skipped and past.kind != practice for past in self.past)

    def finish(self, ballot: Ballot) -> None:
        """Count the ballot among the past ones."""
        self.open.remove(ballot)
        self.past.append(Past(ballot.kind, bool(ballot.skipped), tuple(ballot.candidates)))

    def take_back(self, ballot: Ballot) -> None:
        """Show a past ballot again, before those that the rater holds."""
        self.past.remove(Past(ballot.kind, bool(ballot.skipped), tuple(ballot.candidates)))
        self.open.insert(0, ballot)

    def find_prompt(self, ballot: Ballot) -> Prompt:
        """The prompt that is shown with one of the open ballots."""
        if ballot.gold_id:
            return self.stock.golds[ballot.gold_id].prompt
        return self.stock.prompts[self.stock.makers[ballot.candidates[0]].prompt]

    def questions_on(self, ballot: Ballot) -> list[Question]:
        """What is asked on the ballot; where it is plain that the answer is known, one question."""
        asked = self.stock.questions_about(self.find_prompt(ballot))
        if not ballot.gold_id or not self.is_plain(ballot):
            return asked
        return [each for each in asked if each.form == Question.Form.PAIR][-1:]

    def is_plain(self, ballot: Ballot) -> bool:
        """Whether the rater is told: in practice, and by an instruction. All else looks alike."""
        instructed = self.stock.golds[ballot.gold_id or 0].kind == Gold.Kind.INSTRUCTED
        return instructed or ballot.kind == Ballot.Kind.PRACTICE

    def waiting_on(self, ballot: Ballot) -> list[Question]:
        """The questions on the ballot that have no answer yet."""
        done = ballot.questions_answered
        return [each for each in self.questions_on(ballot) if each.pk not in done]

    def find_makers(self) -> list[list[Maker]]:
        """Whose candidates stood on each normal ballot that the rater was shown, or holds."""
        shown = [past.candidates for past in self.past if past.kind == Ballot.Kind.NORMAL]
        shown += [tuple(each.candidates) for each in self.open if each.kind == Ballot.Kind.NORMAL]
        makers = self.stock.makers
        # What left the arena since then takes no place in it.
        return [[makers[pk] for pk in pks] for pks in shown if all(pk in makers for pk in pks)]

    def find_met(self) -> list[tuple[int, tuple[int, ...]]]:
        """The prompt and the competitors, in rising order, of each of these ballots."""
        return [
            (makers[0].prompt, tuple(sorted(each.competitor for each in makers)))
            for makers in self.find_makers()
        ]

    def find_seen(self) -> set[tuple[int, Pair]]:
        """The prompts and pairs of competitors on these ballots, those within a set as well."""
        return {
            (one.prompt, (min(a, b), max(a, b)))
            for makers in self.find_makers()
            for one, other in itertools.combinations(makers, 2)
            for a, b in [(one.competitor, other.competitor)]
        }


# A ballot that is over: answered to the end, or as far as it was when its time ran out.
OVER = """(answered_at IS NOT NULL
           OR (expires_at <= %(now)s AND questions_answered <> '{}'))"""
# What was answered comes as one value: rows would cost a rater with hundreds of votes more than
# all else together. It is there once, also where nothing is open.
SITTING = f"""
    SELECT past.told, {list_columns(Ballot, "ballot")} FROM (
        SELECT json_agg(json_build_array(kind, skipped <> '', candidates))::text AS told
        FROM arenas_ballot
        WHERE rater_id = %(rater)s AND arena_id = %(arena)s AND {OVER}
    ) past LEFT JOIN (
        SELECT * FROM arenas_ballot
        WHERE rater_id = %(rater)s AND arena_id = %(arena)s AND answered_at IS NULL
        AND expires_at > %(now)s
    ) ballot ON true ORDER BY ballot.id
"""


def sit_down(stock: Stock, participation: Participation, *, now: datetime) -> Sitting:
    """What a rater holds and has seen; the participation must be locked by the caller."""
    sitting = Sitting(stock, participation, now)
    place = {"rater": participation.rater_id, "arena": participation.arena_id, "now": now}
    rows = fetch(SITTING, place)
    # Where none is open, the one row is all NULL.
    held = [make(Ballot, row) for _, *row in rows if row[0] is not None]
    sitting.open = [ballot for ballot in held if can_be_answered(sitting, ballot)]
    sitting.past = [
        Past(kind, skipped, tuple(candidates))
        for kind, skipped, candidates in json.loads(rows[0][0] or "[]")
    ]
    for ballot in [each for each in sitting.open if not sitting.waiting_on(each)]:
        close(sitting, ballot)
    return sitting


def close(sitting: Sitting, ballot: Ballot) -> None:
    """Count a ballot as answered on which nothing more is asked since a question was retired."""
    ballot.answered_at = sitting.now
    ballot.save(update_fields=["answered_at"])
    sitting.finish(ballot)


def can_be_answered(sitting: Sitting, ballot: Ballot) -> bool:
    """Whether all on show is still in the arena, and something is asked about it."""
    stock = sitting.stock
    if not all(pk in stock.makers for pk in ballot.candidates):
        return False
    if ballot.gold_id and not stock.has_gold(ballot.gold_id):
        return False
    return bool(sitting.questions_on(ballot))


@dataclass(frozen=True, slots=True)
class Side:
    """What is shown in one slot, turn by turn, and nothing that says whose it is."""

    slot: int
    steps: tuple[tuple[Piece, ...], ...]


def list_sides(sitting: Sitting, ballot: Ballot) -> list[Side]:
    """A ballot's sides, the first on the left."""
    shown = enumerate(zip(ballot.candidates, find_spoilt(sitting, ballot), strict=True))
    return [
        Side(slot, group_turns(spoil(sitting.stock.pieces.get(pk, ()), sha256)))
        for slot, (pk, sha256) in shown
    ]


def find_spoilt(sitting: Sitting, ballot: Ballot) -> list[str]:
    """For each slot the hash of the spoilt picture that stands in for the candidate's, or ""."""
    gold = sitting.stock.golds.get(ballot.gold_id or 0)
    if gold is None or gold.spoilt_id is None:
        return [""] * len(ballot.candidates)
    sha256 = sitting.stock.spoilt.get(gold.spoilt_id, "")
    return [sha256 if index else "" for index in ballot.slots]


def spoil(pieces: tuple[Piece, ...], sha256: str) -> tuple[Piece, ...]:
    """The pieces with the spoilt picture in the place of the last one."""
    last = max((n for n, piece in enumerate(pieces) if piece.sha256), default=None)
    if not sha256 or last is None:
        return pieces
    return (*pieces[:last], replace(pieces[last], sha256=sha256), *pieces[last + 1 :])


def group_turns(pieces: tuple[Piece, ...]) -> tuple[tuple[Piece, ...], ...]:
    turns = itertools.groupby(pieces, key=lambda piece: piece.turn)
    return tuple(tuple(group) for _, group in turns)
