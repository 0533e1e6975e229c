"""The votes that a leaderboard counts, as arrays: from the maintained counts, or one by one."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
import psycopg
from django.db import connection

from arenas.competitors.models import Competitor
from arenas.suites.models import Prompt
from arenas.votes.count import standing_votes
from metrics.leaderboards.models import Leaderboard, Snapshot
from metrics.stats.comparisons import Comparisons, IntArray, Outcome

WINNERS = {"model_a": Outcome.MODEL_A, "model_b": Outcome.MODEL_B,
           "tie": Outcome.TIE, "both_bad": Outcome.BOTH_BAD}  # fmt: skip
THOUSANDTHS = 1000

ASKED = """
    arena_id = %(arena)s AND question_id = %(question)s AND rater_kind = ANY(%(kinds)s)
    AND (%(any_prompt)s OR prompt_id = ANY(%(prompts)s) OR %(no_prompt)s AND prompt_id IS NULL)
    AND (NOT flagged OR %(flagged)s)
"""
# Two samples of one competitor (A/A) say nothing about its rating.
COUNTED = f"{ASKED} AND competitor_a_id <> competitor_b_id"
OUTCOME = "CASE winner {} END".format(
    " ".join(f"WHEN '{name}' THEN {code.value}" for name, code in WINNERS.items())
)
# What can be read of single votes; -1 stands for none.
VOTE_COLUMNS = {
    "vote": "id",
    "seq": "seq",
    "a": "competitor_a_id",
    "b": "competitor_b_id",
    "outcome": OUTCOME,
    "prompt": "coalesce(prompt_id, -1)",
    "rater": "coalesce(rater_id, -1)",
    "candidate_a": "coalesce(candidate_a_id, -1)",
    "candidate_b": "coalesce(candidate_b_id, -1)",
    "ballot": "coalesce(ballot_id, -1)",
    "battle": "coalesce(battle_id, -1)",
    # 1 where the pair was drawn uniformly, 0 by another arm.
    "random": "CASE WHEN ballot_id IS NULL THEN -1"
    " WHEN arm = 'random' OR policy = 'uniform' THEN 1 ELSE 0 END",
    "weight": "weight",
    "second": "extract(epoch FROM created_at)",
}

COUNT_COLUMNS = {
    **{name: VOTE_COLUMNS[name] for name in ("a", "b", "outcome", "prompt")},
    "count": "count",
    "weight": "weight",
    "squares": "weight_squared",
}
ANY_PROMPT = """
    SELECT competitor_a_id, competitor_b_id, winner, -1 AS prompt_id, sum(count) AS count,
           sum(weight) AS weight, sum(weight_squared) AS weight_squared
"""


def list_competitors(board: Leaderboard) -> list[int]:
    """Who is on the board, in rising order: all that ever entered its arena."""
    entered = Competitor.objects.filter(entries__arena=board.arena_id)
    return sorted(entered.values_list("pk", flat=True))


def find_places(ids: IntArray, competitors: Sequence[int]) -> IntArray:
    """The place of each id among the competitors. Raises ValueError for one that never entered."""
    places = np.searchsorted(competitors, ids)
    if not np.array_equal(np.append(competitors, -1)[places], ids):
        raise ValueError("votes on a competitor that never entered the arena")
    return places


def select_counted(board: Leaderboard) -> dict[str, object]:
    """The values of ASKED: the arena's present prompts, or those of the board's category."""
    arena = board.arena
    asked = arena.prompts() if arena.suite_version_id else Prompt.objects.all()
    if board.category:
        asked = asked.filter(category=board.category)
    any_prompt = not (arena.suite_version_id or board.category)
    return {
        "arena": board.arena_id,
        "question": board.question_id,
        "kinds": list(board.rater_kinds),
        "any_prompt": any_prompt,
        "no_prompt": not board.category,
        "prompts": [] if any_prompt else list(asked.order_by().values_list("pk", flat=True)),
        "flagged": board.params.get("flagged") == "include",
    }


def fetch_columns(
    columns: Mapping[str, str], rows: str, values: Mapping[str, object]
) -> dict[str, IntArray]:
    """SQL expressions of whole numbers over `rows` (what follows FROM), as arrays.

    Each column comes as one string of bytes, so that a million rows make no Python object.
    """
    packed = ", ".join(
        f"string_agg(int8send(({expression})::bigint), ''::bytea)"
        for expression in columns.values()
    )
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(f"SELECT {packed} FROM {rows}", values, prepare=False, binary=True)
        found = cursor.fetchone() or ()
    return {
        name: np.frombuffer(column or b"", ">i8").astype(np.int64)
        for name, column in zip(columns, found, strict=True)
    }


def count_votes(board: Leaderboard) -> int:
    """How many votes the board counts by now, as they are folded."""
    total = f"SELECT coalesce(sum(count), 0) AS votes FROM arenas_votecount WHERE {COUNTED}"
    found = fetch_columns({"votes": "votes"}, f"({total}) AS total", select_counted(board))
    return int(found["votes"][0])


def read_counts(board: Leaderboard, *, by_prompt: bool) -> Comparisons:
    """The board's counts as they are folded; models are ids as text."""
    competitors = list_competitors(board)
    rows = f"arenas_votecount WHERE {COUNTED} AND count > 0"
    found = fetch_columns(
        COUNT_COLUMNS,
        rows if by_prompt else f"({ANY_PROMPT} FROM {rows} GROUP BY 1, 2, 3) AS cells",
        select_counted(board),
    )
    return Comparisons.from_codes(
        [str(pk) for pk in competitors],
        find_places(found["a"], competitors),
        find_places(found["b"], competitors),
        found["outcome"],
        count=found["count"],
        weight=found["weight"] / THOUSANDTHS,
        squares=found["squares"] / THOUSANDTHS**2,
        clusters={"prompt": found["prompt"]} if by_prompt else {},
    )


def read_votes(board: Leaderboard, watermark: int, *columns: str) -> pl.DataFrame:
    """The single votes that the board counts at a watermark, by `seq`, as VOTE_COLUMNS names them.

    Whole numbers all: ids, codes of Outcome, `weight` in thousandths, `second` since 1970.
    """
    wanted = dict.fromkeys(("seq", *columns))
    found = fetch_columns(
        {name: VOTE_COLUMNS[name] for name in wanted},
        f"({standing_votes('%(watermark)s')}) AS votes WHERE {COUNTED}",
        {**select_counted(board), "watermark": watermark},
    )
    return pl.DataFrame(found).sort("seq").select(columns)


def read_votes_of(snapshot: Snapshot, *columns: str) -> pl.DataFrame:
    """The votes that a snapshot counted, by `seq`; see read_votes."""
    return read_votes(snapshot.leaderboard, snapshot.watermark, *columns)


def compare_votes(board: Leaderboard, votes: pl.DataFrame, *, in_order: bool) -> Comparisons:
    """Votes read with a, b, outcome, weight, prompt and rater, clustered by the last two."""
    competitors = list_competitors(board)
    return Comparisons.from_codes(
        [str(pk) for pk in competitors],
        find_places(votes["a"].to_numpy(), competitors),
        find_places(votes["b"].to_numpy(), competitors),
        votes["outcome"].to_numpy(),
        weight=votes["weight"].to_numpy() / THOUSANDTHS,
        count=np.ones(len(votes)),
        clusters={name: votes[name].to_numpy() for name in ("prompt", "rater")},
        in_order=in_order,
    )
