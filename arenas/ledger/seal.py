"""Number what was written, in blocks that are chained; and verify the chain."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction

from arenas.ledger.append import digest_row
from arenas.ledger.chain import GENESIS, BrokenLedger, digest_block, merkle_root
from arenas.ledger.models import Block, LedgerRow

SEALER_LOCK = 0x5EA1  # one sealer at a time, on the whole site
BLOCK_ROWS = 5000


def seal(now: datetime) -> int:
    """Seal all rows that are visible and have no number yet; return how many."""
    total = 0
    while sealed := seal_block(now):
        total += sealed
    return total


@transaction.atomic
def seal_block(now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SEALER_LOCK])
    rows = find_unsealed(BLOCK_ROWS)
    if not rows:
        return 0
    last = Block.objects.last()
    first_seq = last.last_seq + 1 if last else 1
    for seq, row in enumerate(rows, first_seq):
        row.seq = seq
    for kind in ledger_kinds():
        mine = [row for row in rows if isinstance(row, kind)]
        kind._default_manager.bulk_update(mine, ["seq"], batch_size=1000)
    root = merkle_root([bytes(row.digest) for row in rows])
    previous = bytes(last.digest) if last else GENESIS
    last_seq = first_seq + len(rows) - 1
    Block.objects.create(
        first_seq=first_seq, last_seq=last_seq, root=root, previous=previous, sealed_at=now,
        digest=digest_block(first_seq, last_seq, root, previous),
    )  # fmt: skip
    return len(rows)


def find_unsealed(limit: int) -> list[LedgerRow]:
    """The oldest rows of all kinds without a number, kind by kind."""
    rows: list[LedgerRow] = []
    for kind in ledger_kinds():
        found = kind._default_manager.filter(seq=None).order_by("id")[: limit - len(rows)]
        rows.extend(found)
    return rows


def ledger_kinds() -> list[type[LedgerRow]]:
    return sorted(LedgerRow.__subclasses__(), key=lambda kind: kind.__name__)


def verify() -> int:
    """Recompute every digest and block; return the last number. Raises BrokenLedger."""
    previous, expected = GENESIS, 1
    for block in Block.objects.order_by("first_seq"):
        rows = sorted(rows_between(block.first_seq, block.last_seq), key=lambda row: row.seq or 0)
        if [row.seq for row in rows] != list(range(expected, block.last_seq + 1)):
            raise BrokenLedger(f"rows are missing between {expected} and {block.last_seq}")
        check_digests(rows)
        root = merkle_root([bytes(row.digest) for row in rows])
        sealed = (bytes(block.root), bytes(block.previous), bytes(block.digest))
        if sealed != (root, previous, digest_block(expected, block.last_seq, root, previous)):
            raise BrokenLedger(f"block {block.first_seq}–{block.last_seq} is not as sealed")
        previous, expected = bytes(block.digest), block.last_seq + 1
    for kind in ledger_kinds():
        if kind._default_manager.filter(seq__gte=expected).exists():
            raise BrokenLedger(f"the block of rows from {expected} on is missing")
    return expected - 1


def rows_between(first: int, last: int) -> Iterable[LedgerRow]:
    for kind in ledger_kinds():
        manager: models.Manager[Any] = kind._default_manager
        related = getattr(kind, "related", ())
        rows = list(manager.filter(seq__range=(first, last)).select_related(*related))
        kind.prepare(rows)
        yield from rows


def check_digests(rows: Iterable[LedgerRow]) -> None:
    for row in rows:
        if digest_row(row) != bytes(row.digest):
            raise BrokenLedger(f"row {row.seq} is not as it was written")
        if not row.fits_annex():
            raise BrokenLedger(f"what belongs to row {row.seq} is not as it was written")
