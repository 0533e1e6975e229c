"""Checks the parameters of a competitor by name and value, before any call."""

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

Test = Callable[[Any], bool]


def check_parameters(
    params: Mapping[str, Any], allowed: Mapping[str, tuple[Test, str]]
) -> dict[str, Any]:
    """The parameters, all of them known and right; `allowed` has each one's test and its words."""
    for name, value in params.items():
        if name not in allowed:
            raise ValueError(f"unknown parameter {name!r} (known: {', '.join(sorted(allowed))})")
        is_right, words = allowed[name]
        if not is_right(value):
            raise ValueError(f"{name} must be {words}, not {value!r}")
    return dict(params)


def one_of(*words: str) -> tuple[Test, str]:
    return (lambda value: isinstance(value, str) and value in words), f"one of {', '.join(words)}"


def whole(least: int, most: int) -> tuple[Test, str]:
    return (
        lambda value: type(value) is int and least <= value <= most
    ), f"a whole number from {least} to {most}"


def number(least: float, most: float) -> tuple[Test, str]:
    return (
        lambda value: type(value) in (int, float) and least <= value <= most
    ), f"a number from {least:g} to {most:g}"


TEXT: tuple[Test, str] = (lambda value: isinstance(value, str) and bool(value), "a text")
YES_NO: tuple[Test, str] = (lambda value: isinstance(value, bool), "true or false")
MAPPING: tuple[Test, str] = (
    lambda value: isinstance(value, Mapping) and all(isinstance(key, str) for key in value),
    "a mapping from names to values",
)
SIZE: tuple[Test, str] = (
    lambda value: isinstance(value, str) and bool(re.fullmatch(r"auto|[1-9]\d*x[1-9]\d*", value)),
    "auto or WIDTHxHEIGHT",
)


def read_ratio(aspect_ratio: str) -> Fraction:
    """Width over height. Raises ValueError for anything but WIDTH:HEIGHT."""
    width, _, height = aspect_ratio.partition(":")
    try:
        return Fraction(int(width), int(height))
    except ZeroDivisionError:
        raise ValueError(f"{aspect_ratio!r} is no aspect ratio") from None


def choose_size(aspect_ratio: str) -> str:
    """The size of OpenAI's image models that is nearest to the ratio."""
    ratio = read_ratio(aspect_ratio)
    if ratio == 1:
        return "1024x1024"
    return "1536x1024" if ratio > 1 else "1024x1536"
