"""Write ledger rows: digest first, sequence later."""

from collections.abc import Sequence
from typing import TypeVar

from arenas.ledger.chain import digest_description
from arenas.ledger.models import LedgerRow
from arenas.prepare import insert

Row = TypeVar("Row", bound=LedgerRow)


def digest_row(row: LedgerRow) -> bytes:
    """SHA-256 of the row's description as canonical JSON."""
    return digest_description(describe_row(row))


def describe_row(row: LedgerRow) -> dict[str, object]:
    """What the digest covers: the row's own description, and its form but for the first one."""
    return row.describe() | ({"form": row.form} if row.form != 1 else {})


def append(row: Row) -> Row:
    """Insert one row with its digest."""
    row.form = row.FORM
    row.digest = digest_row(row)
    insert(row)
    return row


def append_all(rows: Sequence[Row]) -> list[Row]:
    """Insert many rows of one kind with their digests."""
    for row in rows:
        row.form = row.FORM
        row.digest = digest_row(row)
    return type(rows[0])._default_manager.bulk_create(rows, batch_size=2000) if rows else []
