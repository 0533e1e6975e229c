"""How rows become one chain of digests. Pure: whoever has a file of the ledger can check it.

A row's digest is SHA-256 of its description as canonical JSON. A block holds the Merkle root of
its rows' digests and the digest of the block before it, so that no row can be changed, added or
taken out without every later block showing it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence

GENESIS = bytes(32)


class BrokenLedger(ValueError):
    """A row or block is not what was sealed; the message names its sequence number or line."""


def write_canonical(description: Mapping[str, object]) -> str:
    """The one way to write a description: sorted keys, no spaces, no escapes but JSON's own."""
    return json.dumps(
        description, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def digest_description(description: Mapping[str, object]) -> bytes:
    return hashlib.sha256(write_canonical(description).encode()).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root of a binary hash tree; leaves and nodes are hashed apart (RFC 6962, 2.1)."""
    level = [hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves]
    while len(level) > 1:
        pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
        level = [
            hashlib.sha256(b"\1" + pair[0] + pair[1]).digest() if len(pair) == 2 else pair[0]
            for pair in pairs
        ]
    return level[0]


def digest_block(first_seq: int, last_seq: int, root: bytes, previous: bytes) -> bytes:
    return hashlib.sha256(f"{first_seq}-{last_seq}".encode() + root + previous).digest()
