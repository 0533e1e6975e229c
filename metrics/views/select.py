"""Which board a page shows, as its query says: question, whose votes, which prompts."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest

from arenas.definitions.models import Arena, Question
from arenas.raters.models import RaterKind
from metrics.leaderboards.models import Leaderboard
from metrics.leaderboards.refresh import PEOPLE, SIMULATED, board_categories, board_kinds


@dataclass(frozen=True, slots=True)
class Choice:
    """A link of the page's switches."""

    label: str
    query: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Selection:
    """The board that was asked for, or the arena's own; what is unknown counts as not asked for."""

    arena: Arena
    question: Question
    kinds: list[str]
    category: str
    questions: list[Question]
    all_kinds: list[list[str]]
    categories: list[str]

    @property
    def state(self) -> dict[str, str]:
        chosen = {"question": self.question.key, "raters": ",".join(self.kinds)}
        return {**chosen, "category": self.category}

    @property
    def query(self) -> str:
        return urlencode(self.state)

    @property
    def boards(self) -> QuerySet[Leaderboard]:
        """The board's definition, where it was ever built."""
        return Leaderboard.objects.filter(
            question=self.question, category=self.category, rater_kinds=self.kinds,
            method="bradley_terry", params={},
        )  # fmt: skip

    @property
    def question_choices(self) -> list[Choice]:
        found = [
            self._choice("question", q.key, q.text, q == self.question) for q in self.questions
        ]
        return found if len(found) > 1 else []

    @property
    def rater_choices(self) -> list[Choice]:
        found = [
            self._choice("raters", ",".join(kinds), name_kinds(kinds), kinds == self.kinds)
            for kinds in self.all_kinds
        ]
        return found if len(found) > 1 else []

    @property
    def category_choices(self) -> list[Choice]:
        found = [
            self._choice("category", name, name or "all", name == self.category)
            for name in ["", *self.categories]
        ]
        return found if len(found) > 2 or self.category else []

    @property
    def simulated(self) -> bool:
        return RaterKind.SIMULATED in self.kinds

    @property
    def only_simulated(self) -> bool:
        return self.kinds == SIMULATED

    @property
    def people(self) -> str:
        """The query of the same board by people's votes alone, where there is one."""
        kinds = {"raters": ",".join(PEOPLE)}
        return urlencode({**self.state, **kinds}) if PEOPLE in self.all_kinds else ""

    def _choice(self, key: str, value: str, label: str, is_current: bool) -> Choice:
        return Choice(label, urlencode({**self.state, key: value}), is_current)


def select(request: HttpRequest, arena: Arena) -> Selection:
    asked = request.GET
    questions = list(arena.questions.filter(retired_at=None))
    all_kinds = board_kinds(arena)
    categories = board_categories(arena)
    return Selection(
        arena=arena,
        question=next((q for q in questions if q.key == asked.get("question")), questions[0]),
        kinds=next((k for k in all_kinds if ",".join(k) == asked.get("raters")), all_kinds[0]),
        category=asked.get("category", "") if asked.get("category") in categories else "",
        questions=questions,
        all_kinds=all_kinds,
        categories=categories,
    )


def select_board(board: Leaderboard) -> Selection:
    """What this board is, even if the arena's pages no longer lead to it."""
    return Selection(
        arena=board.arena,
        question=board.question,
        kinds=board.rater_kinds,
        category=board.category,
        questions=list(board.arena.questions.filter(retired_at=None)),
        all_kinds=board_kinds(board.arena),
        categories=board_categories(board.arena),
    )


def name_kinds(kinds: list[str]) -> str:
    """Whose votes these are, in words."""
    if kinds == PEOPLE:
        return "people"
    if kinds == SIMULATED:
        return "simulated"
    if set(kinds) == {*PEOPLE, *SIMULATED}:
        return "people and simulated"
    return ", ".join(kinds)
