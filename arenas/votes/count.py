"""Seal votes, and fold them into counts by sequence: equal to a recount at any time."""

from datetime import datetime

from django.db import connection, transaction

from arenas.ledger.models import Block
from arenas.ledger.seal import seal
from arenas.votes.models import CountWatermark, VoteCount

# A revision takes its predecessor out of the counts and puts itself in.
FOLD = """
    INSERT INTO arenas_votecount AS counts
        (arena_id, question_id, prompt_id, rater_kind, competitor_a_id, competitor_b_id,
         winner, flagged, count, weight, weight_squared)
    SELECT arena_id, question_id, prompt_id, rater_kind, competitor_a_id, competitor_b_id,
           winner, false, sum(change), 1000 * sum(change), 1000000 * sum(change)
    FROM (
        SELECT *, 1 AS change FROM arenas_vote WHERE seq > %(after)s AND seq <= %(upto)s
        UNION ALL
        SELECT old.*, -1 FROM arenas_vote new JOIN arenas_vote old ON old.id = new.revises_id
        WHERE new.seq > %(after)s AND new.seq <= %(upto)s
    ) AS changes
    GROUP BY arena_id, question_id, prompt_id, rater_kind, competitor_a_id, competitor_b_id, winner
    ON CONFLICT (arena_id, question_id, prompt_id, rater_kind, competitor_a_id, competitor_b_id,
                 winner, flagged)
    DO UPDATE SET count = counts.count + excluded.count, weight = counts.weight + excluded.weight,
                  weight_squared = counts.weight_squared + excluded.weight_squared
"""


def seal_and_fold(now: datetime) -> None:
    """Give every vote cast so far its number, so that a snapshot can hold it."""
    seal(now)
    fold_counts()


@transaction.atomic
def fold_counts() -> int:
    """Fold everything sealed since the last time; return the sequence number reached."""
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
