"""Which board a page shows, as its query says: question, form, voters, prompts, flags."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest

from arenas.definitions.models import Arena, Question
from arenas.raters.models import RaterKind
from metrics.leaderboards.forms import METHODS, ORDERS, PAIRS, find_form, list_forms
from metrics.leaderboards.models import Leaderboard
from metrics.leaderboards.refresh import (
    EXCLUDE,
    INCLUDE,
    PEOPLE,
    SIMULATED,
    board_categories,
    board_flagged,
    board_kinds,
)


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
    form: str
    kinds: list[str]
    category: str
    flagged: str
    questions: list[Question]
    forms: list[str]
    all_kinds: list[list[str]]
    categories: list[str]
    all_flagged: list[str]

    @property
    def state(self) -> dict[str, str]:
        chosen = {"question": self.question.key, "raters": ",".join(self.kinds)}
        form = {"form": self.form} if len(self.forms) > 1 else {}
        flagged = {"flagged": INCLUDE} if self.counts_flagged else {}
        return {**chosen, "category": self.category, **form, **flagged}

    @property
    def query(self) -> str:
        return urlencode(self.state)

    @property
    def boards(self) -> QuerySet[Leaderboard]:
        """The board's definition, where it was ever built."""
        return Leaderboard.objects.filter(
            question=self.question, category=self.category, rater_kinds=self.kinds,
            method=METHODS[self.form],
            params={"flagged": INCLUDE} if self.counts_flagged else {},
        )  # fmt: skip

    @property
    def boards_without_flagged(self) -> QuerySet[Leaderboard]:
        """The same board without flagged votes: what it is, too, where none of it is flagged."""
        return replace(self, flagged=EXCLUDE).boards

    @property
    def question_choices(self) -> list[Choice]:
        found = [
            self._choice("question", q.key, q.text, q == self.question) for q in self.questions
        ]
        return found if len(found) > 1 else []

    @property
    def form_choices(self) -> list[Choice]:
        labels = {PAIRS: "pairs", ORDERS: f"orders of {max(self.arena.voting.pictures, 3)}"}
        found = [
            self._choice("form", form, labels.get(form, form), form == self.form)
            for form in self.forms
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
    def flagged_choices(self) -> list[Choice]:
        labels = {EXCLUDE: "left out", INCLUDE: "counted"}
        found = [
            self._choice("flagged", each, labels[each], each == self.flagged)
            for each in self.all_flagged
        ]
        return found if len(found) > 1 else []

    @property
    def counts_flagged(self) -> bool:
        return self.flagged == INCLUDE

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


def select(request: HttpRequest, arena: Arena, *, only: str = "") -> Selection:
    """The board that the query asks for; `only` one form of board where a page knows no other."""
    asked = request.GET
    questions = list(arena.questions.filter(retired_at=None))
    if only:
        questions = [q for q in questions if only in list_forms(arena, q)] or questions
    question = next((q for q in questions if q.key == asked.get("question")), questions[0])
    forms = [only] if only else list_forms(arena, question)
    all_kinds = board_kinds(arena)
    categories, all_flagged = board_categories(arena), board_flagged(arena)
    return Selection(
        arena=arena,
        question=question,
        form=next((form for form in forms if form == asked.get("form")), forms[0]),
        kinds=next((k for k in all_kinds if ",".join(k) == asked.get("raters")), all_kinds[0]),
        category=asked.get("category", "") if asked.get("category") in categories else "",
        flagged=next((each for each in all_flagged if each == asked.get("flagged")), EXCLUDE),
        questions=questions,
        forms=forms,
        all_kinds=all_kinds,
        categories=categories,
        all_flagged=all_flagged,
    )


def select_board(board: Leaderboard) -> Selection:
    """What this board is, even if the arena's pages no longer lead to it."""
    return Selection(
        arena=board.arena,
        question=board.question,
        form=find_form(board),
        kinds=board.rater_kinds,
        category=board.category,
        flagged=board.params.get("flagged", EXCLUDE),
        questions=list(board.arena.questions.filter(retired_at=None)),
        forms=list_forms(board.arena, board.question),
        all_kinds=board_kinds(board.arena),
        categories=board_categories(board.arena),
        all_flagged=board_flagged(board.arena),
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
