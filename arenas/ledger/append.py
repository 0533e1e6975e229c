"""Write ledger rows: digest first, sequence later."""

import hashlib
import json
from collections.abc import Sequence
from typing import TypeVar

from arenas.ledger.models import LedgerRow

Row = TypeVar("Row", bound=LedgerRow)


def digest_row(row: LedgerRow) -> bytes:
    """SHA-256 of the row's description as canonical JSON."""
    text = json.dumps(row.describe(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).digest()


def append(row: Row) -> Row:
    """Insert one row with its digest."""
    row.digest = digest_row(row)
    row.save(force_insert=True)
    return row


def append_all(rows: Sequence[Row]) -> list[Row]:
    """Insert many rows of one kind with their digests."""
    for row in rows:
        row.digest = digest_row(row)
    return type(rows[0])._default_manager.bulk_create(rows, batch_size=2000) if rows else []
