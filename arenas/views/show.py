"""What the vote page shows of a ballot, and nothing that names a competitor."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import get_language, gettext

from arenas.battles.expect import list_turns
from arenas.battles.models import Ballot
from arenas.battles.sitting import Side, Sitting, list_sides
from arenas.battles.stock import Piece
from arenas.battles.tokens import derive_token
from arenas.definitions.models import Outcome, Question
from arenas.definitions.voting import Reason
from arenas.views.images import Reference, list_references
from arenas.votes.undo import Last, find_last

LETTERS = "ABCD"


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A picture by its address, or text."""

    url: str
    text: str


@dataclass(frozen=True, slots=True)
class ShownSide:
    """What stands in one slot, turn by turn."""

    name: str
    slot: int
    steps: list[list[ShownPart]]


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer, a reason or an option, in the rater's language."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A ballot on the page: the task, the sides, the question, and what can be said to it."""

    token: str
    kind: str
    turns: list[str]
    references: Sequence[Reference]
    sides: list[ShownSide]
    width: int
    height: int
    question: str
    question_text: str
    form: str
    strength: bool
    options: list[Choice]
    reasons: list[Choice]
    asked: int
    questions: int

    @property
    def places(self) -> range:
        """The places that a picture can take in an order."""
        return range(1, len(self.sides) + 1)


@dataclass(frozen=True, slots=True)
class Undo:
    """What was done last, while it can be taken back."""

    token: str
    seconds: int


def show_ballot(sitting: Sitting, ballot: Ballot) -> Shown:
    stock, language = sitting.stock, get_language() or "en"
    prompt = sitting.find_prompt(ballot)
    questions, waiting = sitting.questions_on(ballot), sitting.waiting_on(ballot)
    question = (waiting or questions)[0]
    sides = list_sides(sitting, ballot)
    profile, has_references = stock.arena.profile, prompt.pk in stock.referenced
    return Shown(
        token=derive_token(ballot.nonce),
        kind="practice" if ballot.kind == Ballot.Kind.PRACTICE else "",
        turns=list_turns(sitting, ballot),
        references=list_references(prompt.pk, profile) if has_references else (),
        sides=[name_side(side, len(sides)) for side in sides],
        width=profile.width,
        height=profile.height,
        question=question.key,
        question_text=question.speak(language),
        form=find_form(question, len(sides)),
        strength=question.strength,
        options=[Choice(each.id, each.speak(language)) for each in question.choices],
        reasons=list_reasons(stock.arena.voting.reasons, prompt.category, language),
        asked=len(questions) - len(waiting) + 1,
        questions=len(questions),
    )


def find_form(question: Question, sides: int) -> str:
    """How the question is answered: `pair`, `ranking` or `each`."""
    if question.form == Question.Form.EACH:
        return "each"
    return "pair" if sides == 2 else "ranking"


def name_side(side: Side, sides: int) -> ShownSide:
    name = (gettext("Left"), gettext("Right"))[side.slot] if sides == 2 else LETTERS[side.slot]
    steps = [[ShownPart(address(piece), piece.text) for piece in turn] for turn in side.steps]
    return ShownSide(name, side.slot, steps)


def address(piece: Piece) -> str:
    return reverse("image", args=[piece.sha256]) if piece.sha256 else ""


def list_reasons(reasons: Sequence[Reason], category: str, language: str) -> list[Choice]:
    return [
        Choice(each.id, each.speak(language)) for each in reasons if each.category in ("", category)
    ]


def list_outcomes(outcomes: Sequence[str]) -> list[Choice]:
    """The arena's answers about a pair, in order of the buttons."""
    labels = {
        Outcome.MODEL_A: gettext("Left"),
        Outcome.TIE: gettext("Equally good"),
        Outcome.BOTH_BAD: gettext("Both unusable"),
        Outcome.MODEL_B: gettext("Right"),
    }
    return [Choice(name, labels[Outcome(name)]) for name in outcomes]


def list_ahead(sitting: Sitting) -> list[str]:
    """The addresses of the pictures of the ballots to come, for fetching ahead."""
    return [
        address(piece)
        for ballot in sitting.open[1:]
        for side in list_sides(sitting, ballot)
        for turn in side.steps
        for piece in turn
        if piece.sha256
    ]


def find_undo(sitting: Sitting) -> Undo | None:
    """What was done last while it can be taken back, for a page that is loaded anew."""
    last = find_last(sitting) if sitting.stock.arena.voting.undo_seconds else None
    return offer_undo(sitting, last) if last else None


def offer_undo(sitting: Sitting, last: Last) -> Undo | None:
    seconds = sitting.stock.arena.voting.undo_seconds
    left = seconds - int((sitting.now - last.at).total_seconds())
    return Undo(last.name, left) if left > 0 else None
