"""Seal votes, and fold them into counts by sequence: equal to a recount at any time."""

from datetime import datetime

from django.db import connection, transaction

from arenas.ledger.models import Block
from arenas.ledger.seal import seal
from arenas.votes.models import CountWatermark, VoteCount

# A vote's weight is (what a uniform draw would have given its pair and prompt) / (what they had),
# in thousandths. The cap bounds what one vote can do; a plan with a random share of at least a
# tenth never reaches it. A pair and prompt that a plan made very likely still counts a little.
LEAST_WEIGHT, CAP = 1, 10_000

# What a flag can be on, as columns of a vote and its ballot, wherever the vote is.
TOUCHED = (
    ("vote", "vote.id"),
    ("rater", "vote.rater_id"),
    ("candidate", "vote.candidate_a_id"),
    ("candidate", "vote.candidate_b_id"),
    ("battle", "ballot.battle_id"),
)
TOUCHED_THERE = """
    (vote.rater_id, vote.arena_id) IN (SELECT rater_id, arena_id FROM marks
                                       WHERE rater_id IS NOT NULL AND arena_id IS NOT NULL)
"""
# What a vote says, by the kind of answer that is asked for.
ANSWERED = {
    "winner": "vote.winner <> ''",
    "ranking": "vote.ranking IS NOT NULL",
    "answers": "vote.answers IS NOT NULL",
    "any": "NOT vote.retracted",
}
MARKED = "ARRAY(SELECT candidate_id FROM marks WHERE candidate_id IS NOT NULL)"


def standing_votes(watermark: str, *, answer: str = "winner", among: str = "") -> str:
    """SQL of the votes that stand at a watermark, each with its `weight` and whether `flagged`.

    Whatever counts or reads votes selects from it, so that all agree on what a vote is: one on
    a battle shown for the first time, with the kind of `answer` that ANSWERED names. A vote
    stands from its own number to that of its revision; it is flagged while a flag on it, its
    rater (there or in all arenas), one of its candidates or its battle is sealed, and no row that
    lifts it is. `shown` are the candidates by slot.
    `watermark` is an SQL expression, `among` a further condition on `vote`.
    """
    flagged = " OR ".join(
        f"{column} IN (SELECT {subject}_id FROM marks"
        f" WHERE {subject}_id IS NOT NULL AND arena_id IS NULL)"
        for subject, column in TOUCHED
    )
    flagged += f" OR {TOUCHED_THERE}"
    if answer != "winner":  # of a pair, both candidates are the vote's own
        flagged += f" OR ballot.candidates && {MARKED}"
    return f"""
        WITH marks AS (
            SELECT * FROM arenas_flag flag WHERE flag.lifts_id IS NULL AND flag.seq <= {watermark}
            AND NOT EXISTS (SELECT FROM arenas_flag lift
                            WHERE lift.lifts_id = flag.id AND lift.seq <= {watermark})
        )
        SELECT vote.*, ballot.battle_id, ballot.policy, ballot.arm, ballot.candidates AS shown,
               ({flagged}) IS TRUE AS flagged,
               greatest({LEAST_WEIGHT}, least({CAP}, round(1000 * coalesce(
                   ballot.uniform_probability / ballot.probability, 1))))::bigint AS weight
        FROM arenas_vote vote LEFT JOIN arenas_ballot ballot ON ballot.id = vote.ballot_id
        WHERE vote.seq <= {watermark} AND {ANSWERED[answer]}
        AND coalesce(ballot.kind, 'normal') = 'normal' {among}
        AND NOT EXISTS (SELECT FROM arenas_vote later
                        WHERE later.revises_id = vote.id AND later.seq <= {watermark})
    """


# The votes whose standing, flag or weight can differ between two watermarks.
CHANGED = """
    SELECT id FROM arenas_vote WHERE seq > %(after)s AND seq <= %(upto)s
    UNION
    SELECT revises_id FROM arenas_vote
    WHERE seq > %(after)s AND seq <= %(upto)s AND revises_id IS NOT NULL
    UNION
    SELECT vote.id FROM flags JOIN arenas_vote vote ON vote.id = flags.vote_id
    UNION
    SELECT vote.id FROM flags JOIN arenas_vote vote ON vote.rater_id = flags.rater_id
    AND vote.arena_id = coalesce(flags.arena_id, vote.arena_id)
    UNION
    SELECT vote.id FROM flags JOIN arenas_vote vote ON vote.candidate_a_id = flags.candidate_id
    UNION
    SELECT vote.id FROM flags JOIN arenas_vote vote ON vote.candidate_b_id = flags.candidate_id
    UNION
    SELECT vote.id FROM flags JOIN arenas_ballot ballot ON ballot.battle_id = flags.battle_id
    JOIN arenas_vote vote ON vote.ballot_id = ballot.id
"""
AMONG = "AND vote.id IN (SELECT id FROM changed)"
CELL = "arena_id, question_id, prompt_id, rater_kind, competitor_a_id, competitor_b_id, winner"

# What was counted at the last watermark goes out, what stands at the new one comes in.
FOLD = f"""
    WITH flags AS MATERIALIZED (
        SELECT * FROM arenas_flag WHERE seq > %(after)s AND seq <= %(upto)s
    ),
    changed AS MATERIALIZED ({CHANGED})
    INSERT INTO arenas_votecount AS counts ({CELL}, flagged, count, weight, weight_squared)
    SELECT {CELL}, flagged, sum(sign), sum(sign * weight), sum(sign * weight * weight)
    FROM (
        SELECT *, 1 AS sign FROM ({standing_votes("%(upto)s", among=AMONG)}) AS present
        UNION ALL
        SELECT *, -1 AS sign FROM ({standing_votes("%(after)s", among=AMONG)}) AS past
    ) AS changes
    GROUP BY {CELL}, flagged
    ON CONFLICT ({CELL}, flagged)
    DO UPDATE SET count = counts.count + excluded.count, weight = counts.weight + excluded.weight,
                  weight_squared = counts.weight_squared + excluded.weight_squared
"""


def seal_and_fold(now: datetime) -> None:
    """Give every vote cast so far its number, so that a snapshot can hold it."""
    seal(now)
    fold_counts()


@transaction.atomic
def fold_counts() -> int:
    """Fold everything sealed since the last time; return the sequence number reached.

    Within a transaction of the caller's the counts then stay at that number until its end.
    """
    CountWatermark.objects.get_or_create(pk=1)
    watermark = CountWatermark.objects.select_for_update().get(pk=1)
    last = Block.objects.order_by("last_seq").last()
    if last is None or last.last_seq == watermark.seq:
        return watermark.seq
    with connection.cursor() as cursor:
        cursor.execute(FOLD, {"after": watermark.seq, "upto": last.last_seq})
    watermark.seq = last.last_seq
    watermark.save()
    return watermark.seq


@transaction.atomic
def recount() -> int:
    """Throw the counts away and fold all votes again."""
    CountWatermark.objects.get_or_create(pk=1)
    CountWatermark.objects.select_for_update().get(pk=1)
    VoteCount.objects.all().delete()
    CountWatermark.objects.update(seq=0)
    return fold_counts()
