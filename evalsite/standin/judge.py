"""What a model answers that is asked about pictures: JSON of a schema, wrapped or spoilt.

Of two answers named A and B it prefers one by their pictures alone, so that both orders of the
same two agree; with the fault `first_slot` it prefers A, whatever A is.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from evalsite.standin.fill import fill_schema

WRAPPINGS = {
    "fenced_json": "```json\n{}\n```",
    "chatty_json": "Let me look. {{x}} Here it is:\n{}\nI hope that this helps!",
}


def reply_json(
    schema: Mapping[str, Any], asked: str, pictures: Iterable[tuple[str, str]], fault: str
) -> str:
    """The reply's text. `pictures` are the words before each picture, and the picture."""
    if fault == "wrong_json":
        return '{"unasked": null}'
    text = json.dumps(fill_schema(schema, asked, choose(pictures, fault)))
    if fault == "truncated_json":
        return text[: len(text) // 2]
    return WRAPPINGS.get(fault, "{}").format(text)


def choose(pictures: Iterable[tuple[str, str]], fault: str) -> str:
    """A or B, where two answers are shown: the one whose pictures have the larger hash."""
    if fault == "first_slot":
        return "A"
    shown = [(words, picture) for words, picture in pictures if words.startswith("Answer ")]
    hashes = {
        slot: hash_all(picture for words, picture in shown if words.startswith(f"Answer {slot}"))
        for slot in ("A", "B")
    }
    return max(hashes, key=lambda slot: hashes[slot]) if shown else ""


def hash_all(pictures: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(pictures).encode()).hexdigest()
