"""Reads the JSON that a model replied with, however it is wrapped, and holds it to its schema."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from arenas.providers.base import Answer, Status

# What of JSON Schema is understood. A schema that says more is refused: nothing goes unchecked.
_KEYWORDS = {
    "type", "properties", "required", "additionalProperties", "enum", "items", "minItems",
    "maxItems", "minimum", "maximum", "description",
}  # fmt: skip
_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "null": lambda value: value is None,
}


LONGEST = 200_000  # characters of a reply that are read
MOST_FALSE = 50  # brackets that begin no object; each may cost a reading to the end


class BadReply(ValueError):
    """A reply that is no JSON of the form asked for; the message is a sentence for people."""


def make_answer(text: str, schema: Mapping[str, Any], **described: Any) -> Answer:
    """The Answer of a reply; one that cannot be read, or breaks its schema, is malformed."""
    try:
        return Answer(read_reply(text, schema), raw=text, **described)
    except BadReply as error:
        return Answer({}, raw=text, status=Status.MALFORMED, reason=str(error), **described)


def read_reply(text: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The first JSON object in the text that fits the schema. Raises BadReply.

    Fences of Markdown and words before or after it are passed over.
    """
    complaint = "The reply holds no JSON object."
    for found in find_objects(text[:LONGEST]):
        complaint = find_fault(found, schema)
        if not complaint:
            return found
    raise BadReply(complaint)


def find_objects(text: str) -> Iterator[dict[str, Any]]:
    """Every JSON object in the text that lies in no other one, in order, up to a limit of noise."""
    decoder, at, false = json.JSONDecoder(), text.find("{"), 0
    while at >= 0 and false < MOST_FALSE:
        try:
            found, end = decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError):
            end, false = at + 1, false + 1
        else:
            yield found
        at = text.find("{", end)


def find_fault(value: Any, schema: Mapping[str, Any], place: str = "the reply") -> str:
    """Where the value breaks the schema, as a sentence, or nothing.

    Raises ValueError for a schema with keywords that are not checked here.
    """
    if unknown := set(schema) - _KEYWORDS:
        raise ValueError(f"this schema says more than is checked: {', '.join(sorted(unknown))}")
    kind = schema.get("type")
    if kind is not None and not _TYPES[kind](value):
        return f"In {place}, {quote(value)} is no {kind}."
    if "enum" in schema and value not in schema["enum"]:
        return f"In {place}, {quote(value)} is none of {', '.join(map(str, schema['enum']))}."
    faults = [*_check_range(value, schema, place), *_check_parts(value, schema, place)]
    return next(iter(faults), "")


def _check_range(value: Any, schema: Mapping[str, Any], place: str) -> Iterator[str]:
    size = len(value) if isinstance(value, list) else 0
    number = value if _TYPES["number"](value) else 0
    bounds = (("minItems", "maxItems", size), ("minimum", "maximum", number))
    for low, high, measured in bounds:
        if not schema.get(low, measured) <= measured <= schema.get(high, measured):
            yield f"In {place}, {quote(value)} is out of range."


def _check_parts(value: Any, schema: Mapping[str, Any], place: str) -> Iterator[str]:
    items = value if isinstance(value, list) else []
    fields = value if isinstance(value, dict) else {}
    properties = schema.get("properties", {})
    parts = [(f"item {n}", item, schema.get("items", {})) for n, item in enumerate(items, 1)]
    parts += [(repr(n), fields[n], properties[n]) for n in fields if n in properties]
    missing = [n for n in schema.get("required", ()) if n not in fields]
    strict = schema.get("additionalProperties") is False
    unasked = [n for n in fields if n not in properties] if strict else []
    yield from (f"In {place}, {name!r} is missing." for name in missing)
    yield from (f"In {place}, {name!r} was not asked for." for name in unasked)
    yield from filter(None, (find_fault(part, rule, name) for name, part, rule in parts))


def quote(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"
