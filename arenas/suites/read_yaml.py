"""Read a YAML file into a checked shape, and say where in the file something is wrong."""

import re
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

MAX_VALUES = 1_000_000
# The database stores neither of them.
FORBIDDEN = re.compile("[\0\ud800-\udfff]")
Place = tuple[str | int, ...]
Shape = TypeVar("Shape", bound=BaseModel)


class BadFile(ValueError):
    """A definition file that cannot be used; the message names the file and the place."""


class Strict(BaseModel):
    """A shape whose unknown keys are errors: a misspelt key must not be ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def read_yaml(path: Path, shape: type[Shape]) -> tuple[Shape, dict[Place, int]]:
    """The file in the given shape, and the line of every place in it. Raises BadFile."""
    lines: dict[Place, int] = {}
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader)
        if not isinstance(node, yaml.MappingNode):
            raise BadFile(f"{path}:1: a mapping of keys to values is expected")
        content = convert(node, (), lines, path)
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"{path}: cannot be read ({error})") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadFile(f"{path}:{line}: not YAML ({error.problem})") from error
    except yaml.YAMLError as error:
        raise BadFile(f"{path}: not YAML ({error})") from error
    except RecursionError:
        raise BadFile(f"{path}: nested too deeply") from None
    try:
        return shape.model_validate(content), lines
    except ValidationError as error:
        raise BadFile(describe_error(path, error, content, lines)) from None


def convert(node: yaml.Node, place: Place, lines: dict[Place, int], path: Path) -> Any:
    """The node as plain values, with the line of each place noted. Duplicate keys are errors."""
    line = lines[place] = node.start_mark.line + 1
    if len(lines) > MAX_VALUES:  # aliases of aliases make much of a small file
        raise BadFile(f"{path}:{line}: more than {MAX_VALUES:,} values")
    if isinstance(node, yaml.SequenceNode):
        return [convert(item, (*place, i), lines, path) for i, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, key_line = str(key_node.value), key_node.start_mark.line + 1
            check_text(key, f"{path}:{key_line}")
            if key in mapping:
                raise BadFile(f"{path}:{key_line}: {key!r} is given twice")
            mapping[key] = convert(value_node, (*place, key), lines, path)
            lines[(*place, key)] = key_line
        return mapping
    return convert_scalar(node, f"{path}:{line}")


def convert_scalar(node: yaml.Node, place: str) -> Any:
    try:
        value = yaml.SafeLoader("").construct_object(node)
    except ValueError as error:  # the thirteenth month, and the like
        raise BadFile(f"{place}: {node.value!r} is no value ({error})") from error
    if isinstance(value, str):
        check_text(value, place)
    return value


def check_text(text: str, place: str) -> None:
    if FORBIDDEN.search(text):
        raise BadFile(f"{place}: a character that no text may hold")


# What the checker says in its own terms.
PLAINLY = {
    "extra_forbidden": "unknown key",
    "model_type": "keys with values are expected",
}


def describe_error(
    path: Path, error: ValidationError, content: Any, lines: dict[Place, int]
) -> str:
    """The first thing that is wrong, with its line, its place, and the prompt it belongs to."""
    first = error.errors()[0]
    place = tuple(first["loc"])
    message = PLAINLY.get(first["type"]) or first["msg"].removeprefix("Value error, ")
    named = ".".join(str(step) for step in place)
    return f"{path}:{find_line(place, lines)}: {named}: {message}{name_prompt(content, place)}"


def find_line(place: Place, lines: dict[Place, int]) -> int:
    """The line of the place, or of the nearest one around it."""
    while place not in lines:
        place = place[:-1]
    return lines[place]


def name_prompt(content: Any, place: Place) -> str:
    if len(place) < 2 or place[0] != "prompts" or not isinstance(place[1], int):
        return ""
    prompt = content["prompts"][place[1]]
    return f" (prompt {prompt['id']!r})" if isinstance(prompt, dict) and "id" in prompt else ""
