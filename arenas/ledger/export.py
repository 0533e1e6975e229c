"""The sealed ledger as lines of JSON, for whoever wants to check it or to count for themselves."""

from collections.abc import Iterator

from arenas.ledger.append import describe_row
from arenas.ledger.chain import write_canonical
from arenas.ledger.models import Block, LedgerRow
from arenas.ledger.seal import rows_between


def write_lines() -> Iterator[str]:
    """Every sealed row in order of its number, and after each block's rows the block."""
    for block in Block.objects.order_by("first_seq").iterator():
        rows = sorted(rows_between(block.first_seq, block.last_seq), key=lambda row: row.seq or 0)
        yield from map(write_row, rows)
        yield write_block(block)


def write_row(row: LedgerRow) -> str:
    return write_canonical(
        {"digest": bytes(row.digest).hex(), "row": describe_row(row), "seq": row.seq}
    )


def write_block(block: Block) -> str:
    return write_canonical(
        {
            "block": [block.first_seq, block.last_seq],
            "digest": bytes(block.digest).hex(),
            "previous": bytes(block.previous).hex(),
            "root": bytes(block.root).hex(),
        }
    )
