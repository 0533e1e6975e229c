"""Read an exported ledger and check every line of it. Pure: it needs no site and no database."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from arenas.ledger.chain import (
    GENESIS,
    BrokenLedger,
    digest_block,
    digest_description,
    merkle_root,
    write_canonical,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the ledger: its number, its digest, and what it says."""

    seq: int
    digest: str
    row: dict[str, object]


@dataclass(slots=True)
class Chain:
    """How far a ledger has been checked: the last number, and the digest of the last block."""

    last: int = 0
    digest: bytes = GENESIS
    waiting: list[bytes] = field(default_factory=list)


def read_entries(lines: Iterable[bytes]) -> Iterator[Entry]:
    """The rows, block by block, each block only once all of it was found to be as sealed.

    Raises BrokenLedger, which names the line.
    """
    chain, block = Chain(), list[Entry]()
    for number, line in enumerate(lines, 1):
        said = parse_line(line, number)
        if "row" in said:
            block.append(read_row(said, chain, number))
        else:
            close_block(said, chain, number)
            yield from block
            block.clear()
    if block:
        raise BrokenLedger(f"the file ends before the block of row {block[0].seq} does")


def parse_line(line: bytes, number: int) -> dict[str, object]:
    """The line as it was written: any other spelling of the same is a change, too."""
    try:
        text = line.decode().removesuffix("\n")
        said = json.loads(text)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise BrokenLedger(f"line {number} is no JSON") from error
    keys = set(said) if isinstance(said, dict) else set()
    if keys not in ({"digest", "row", "seq"}, {"block", "digest", "previous", "root"}):
        raise BrokenLedger(f"line {number} is neither a row nor a block")
    if write_canonical(said) != text or not line.endswith(b"\n"):
        raise BrokenLedger(f"line {number} is not written as the site writes it")
    return dict(said)


def read_row(said: dict[str, object], chain: Chain, number: int) -> Entry:
    row = said["row"]
    expected = chain.last + len(chain.waiting) + 1
    if said["seq"] != expected or not isinstance(row, dict):
        raise BrokenLedger(f"line {number} should be row {expected}")
    digest = digest_description(row)
    if said["digest"] != digest.hex():
        raise BrokenLedger(f"line {number}: row {expected} is not as it was written")
    chain.waiting.append(digest)
    return Entry(expected, digest.hex(), row)


def close_block(said: dict[str, object], chain: Chain, number: int) -> None:
    first, last = chain.last + 1, chain.last + len(chain.waiting)
    if not chain.waiting or said["block"] != [first, last]:
        raise BrokenLedger(f"line {number} should close the block of rows {first} to {last}")
    root = merkle_root(chain.waiting)
    digest = digest_block(first, last, root, chain.digest)
    sealed = (said["root"], said["previous"], said["digest"])
    if sealed != (root.hex(), chain.digest.hex(), digest.hex()):
        raise BrokenLedger(f"line {number}: block {first}–{last} is not as sealed")
    chain.last, chain.digest = last, digest
    chain.waiting.clear()
