"""What boards are made of: votes on pairs, orders of several pictures, answers about each."""

from collections.abc import Mapping

from arenas.definitions.models import Arena, Question
from metrics.leaderboards.models import Leaderboard

PAIRS, ORDERS, EACH = "pairs", "orders", "each"

# How each is summed up where nothing else is asked for.
METHODS: Mapping[str, str] = {
    PAIRS: "bradley_terry",
    ORDERS: "plackett_luce",
    EACH: "shares",
}


def find_form(board: Leaderboard) -> str:
    """What the board is made of; other methods than those of orders and answers are of pairs."""
    forms = {METHODS[form]: form for form in (ORDERS, EACH)}
    return forms.get(board.method, PAIRS)


def choose_method(question: Question) -> str:
    return METHODS[EACH if question.form == Question.Form.EACH else PAIRS]


def list_forms(arena: Arena, question: Question) -> list[str]:
    """The boards that the question has, first what most ballots are for.

    Of orders where the arena asks for some, or ever did.
    """
    if question.form == Question.Form.EACH:
        return [EACH]
    if arena.voting.pictures > 2:
        return [ORDERS, PAIRS] if arena.voting.pictures_share > 0.5 else [PAIRS, ORDERS]
    ordered = Leaderboard.objects.filter(arena=arena, method=METHODS[ORDERS])
    return [PAIRS, ORDERS] if ordered.exists() else [PAIRS]
