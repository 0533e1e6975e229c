"""What a rater's browser gets besides the pixels, as numbers and words by channel."""

import math
import re
import struct
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from arenas.blindness.read_page import Page
from arenas.blindness.read_vp8 import (
    HEADER,
    find_frame,
    find_second_partition,
    read_chunks,
    read_settings,
)

Features = dict[str, float | str]
PIECES = 8  # of a file, each with statistics of its own
# Where something can leak besides the picture.
CHANNELS = ("address", "headers", "bytes", "order", "time", "html")
# How it was compressed is a part of the compressed picture: who reads it has begun to decode.
INSIDE = "settings"


@dataclass(frozen=True, slots=True)
class Answer:
    """One response of the site: headers, cookies set, body, and how long it took."""

    headers: Sequence[tuple[str, str]]
    cookies: Sequence[str]
    body: bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class Side:
    """One candidate on a ballot, as the browser gets it.

    `place` is where its picture is among the page's nodes, `slot` its position from the left,
    `ahead` its place in the list of what was fetched ahead, or −1.
    """

    url: str
    place: int
    slot: int
    ahead: int
    picture: Answer


def describe_side(
    side: Side, sides: Sequence[Side], page: Page, answer: Answer, known: Collection[str]
) -> dict[str, Features]:
    """Everything about a side by channel; `known` are texts of the page that are content."""
    others = [other for other in sides if other is not side]
    return {
        "address": describe_address(side.url, [other.url for other in others], page.token),
        "headers": {
            **describe_headers("page", answer),
            **describe_headers("picture", side.picture),
        },
        "bytes": dict(describe_bytes(side.picture.body)),
        INSIDE: dict(describe_settings(side.picture.body)),
        "order": {"slot": side.slot, "ahead": side.ahead, "ahead first": str(side.ahead)},
        "time": describe_time(side, others, answer),
        "html": describe_html(side, page, known),
    }


def describe_address(url: str, others: Sequence[str], token: str) -> Features:
    digits = re.findall("[0-9a-f]", url.rpartition("/")[2])[:16]
    return {
        "path": url.rpartition("/")[0],
        "length": len(url),
        "rank": sum(other < url for other in others),
        "token length": len(token),
        **{f"digit {n}": int(digit, 16) for n, digit in enumerate(digits)},
    }


def describe_headers(what: str, answer: Answer) -> Features:
    features: Features = {f"{what} headers": len(answer.headers)}
    for name, value in answer.headers:
        features[f"{what} {name.lower()}"] = value
        features[f"{what} {name.lower()} length"] = len(value)
        if re.fullmatch(r"\d{1,15}", value):
            features[f"{what} {name.lower()} number"] = int(value)
    for cookie in answer.cookies:
        name, _, rest = cookie.partition("=")
        value, _, attributes = rest.partition(";")
        features[f"{what} cookie {name}"] = attributes
        features[f"{what} cookie {name} length"] = len(value)
    return features


@lru_cache(maxsize=1 << 14)
def describe_bytes(data: bytes) -> Mapping[str, float | str]:
    """The file's layout, and whether the disorder of its bytes says where the data end."""
    chunks = read_chunks(data)
    features: Features = {
        "length": len(data),
        "chunks": " ".join(name for name, _ in chunks),
        "zeros at the end": len(data) - len(data.rstrip(b"\0")),
        **{f"{n} {name}": size for n, (name, size) in enumerate(chunks)},
    }
    frame = find_frame(data)
    if len(frame) < HEADER:
        return features
    width, height = struct.unpack_from("<HH", frame, 6)
    tag, first = frame[0] & 31, find_second_partition(frame)
    features |= {"tag": tag, "first partition": first, "width": width, "height": height}
    for n, piece in enumerate(cut(frame[first:])):
        counts = np.array(list(Counter(piece).values())) / max(len(piece), 1)
        features[f"piece {n} packed"] = len(zlib.compress(piece, 6))
        features[f"piece {n} entropy"] = float(-(counts * np.log2(counts)).sum())
    return features


def cut(data: bytes) -> Iterator[bytes]:
    bounds = np.linspace(0, len(data), PIECES + 1).astype(int)
    return (data[start:end] for start, end in pairwise(bounds))


@lru_cache(maxsize=1 << 14)
def describe_settings(data: bytes) -> Mapping[str, float | str]:
    """The coder's settings for the picture, and what its compressed bytes are like."""
    frame = find_frame(data)
    first = find_second_partition(frame)
    pieces = enumerate([frame[HEADER:first], *cut(frame[first:])])
    means = {f"piece {n} mean": sum(piece) / max(len(piece), 1) for n, piece in pieces}
    return {**read_settings(data), **means, "tables packed": len(zlib.compress(frame[:first], 6))}


def describe_time(side: Side, others: Sequence[Side], answer: Answer) -> Features:
    seconds = side.picture.seconds
    return {
        "page": math.log(answer.seconds),
        "picture": math.log(seconds),
        "rank": sum(other.picture.seconds < seconds for other in others),
    }


def describe_html(side: Side, page: Page, known: Collection[str]) -> Features:
    features: Features = {"markup": len(page.html) - page.texts, "nodes": len(page.nodes)}
    features |= dict.fromkeys((f"page {piece}" for piece in page.describe(known)), 1)
    near = page.describe_near(side.place, known)
    return features | dict.fromkeys((f"near {piece}" for piece in near), 1)
