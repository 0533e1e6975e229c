"""The least JSON that satisfies a schema, chosen by what was asked."""

import random
from collections.abc import Mapping
from typing import Any

from evalsite.standin.wire import pick


def fill_schema(schema: Mapping[str, Any], asked: str, preferred: str = "") -> Any:
    """A value of the schema: JSON Schema, or Google's form of it with types in capitals.

    Where a choice has the `preferred` word, it is that.
    """
    return Filler(schema, random.Random(asked), preferred).fill(schema)


class Filler:
    def __init__(self, root: Mapping[str, Any], chance: random.Random, preferred: str) -> None:
        self.root = root
        self.chance = chance
        self.preferred = preferred

    def fill(self, schema: Mapping[str, Any]) -> Any:
        schema = self.resolve(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            choices = schema["enum"]
            return self.preferred if self.preferred in choices else self.chance.choice(choices)
        kind = schema.get("type", "object" if "properties" in schema else "string")
        kind = (kind if isinstance(kind, str) else kind[0]).lower()
        return getattr(self, f"fill_{kind}")(schema)

    def resolve(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema itself where this one points to it, or offers several."""
        if "$ref" in schema:
            found: Any = self.root
            for name in schema["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            return self.resolve(found)
        for name in ("anyOf", "oneOf", "allOf"):
            if pick(schema, name):
                return self.resolve(pick(schema, name)[0])
        return schema

    def fill_object(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        properties = schema.get("properties", {})
        wanted = schema.get("required", list(properties))
        return {name: self.fill(properties.get(name, {})) for name in wanted}

    def fill_array(self, schema: Mapping[str, Any]) -> list[Any]:
        least = int(pick(schema, "minItems", min(1, int(pick(schema, "maxItems", 1)))))
        items = [self.fill(item) for item in pick(schema, "prefixItems", [])]
        rest = max(0, least - len(items))
        return items + [self.fill(schema.get("items", {})) for _ in range(rest)]

    def fill_string(self, schema: Mapping[str, Any]) -> str:
        text = "A plain answer.".ljust(int(pick(schema, "minLength", 0)), ".")
        return text[: int(pick(schema, "maxLength", len(text)))]

    def fill_number(self, schema: Mapping[str, Any]) -> float:
        low = float(schema.get("minimum", schema.get("exclusiveMinimum", 0)))
        high = float(schema.get("maximum", schema.get("exclusiveMaximum", low + 1)))
        return round(low + (high - low) * self.chance.uniform(0.1, 0.9), 3)

    def fill_integer(self, schema: Mapping[str, Any]) -> int:
        low = int(schema.get("minimum", int(schema.get("exclusiveMinimum", -1)) + 1))
        high = int(schema.get("maximum", int(schema.get("exclusiveMaximum", low + 2)) - 1))
        return self.chance.randint(low, high)

    def fill_boolean(self, schema: Mapping[str, Any]) -> bool:
        return self.chance.random() < 0.5

    def fill_null(self, schema: Mapping[str, Any]) -> None:
        return None
