"""Votes from an exported ledger: which of them stand, and what was said against them. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from arenas.ledger.read import Entry

Row = Mapping[str, object]


@dataclass(slots=True)
class Told:
    """What a ledger says of one arena's votes."""

    votes: dict[str, Entry] = field(default_factory=dict)
    revised: set[str] = field(default_factory=set)
    flags: dict[str, Row] = field(default_factory=dict)


def read_told(entries: Iterable[Entry]) -> Told:
    """Votes, what revises them, and the flags that were not lifted."""
    told = Told()
    for entry in entries:
        if entry.row["row"] == "vote":
            told.votes[entry.digest] = entry
            told.revised.add(str(entry.row["revises"]))
        elif entry.row["row"] == "flag" and entry.row["lifts"]:
            told.flags.pop(str(entry.row["lifts"]), None)
        elif entry.row["row"] == "flag":
            told.flags[entry.digest] = entry.row
    return told


def rebuild_votes(entries: Iterable[Entry], arena: str) -> Iterator[dict[str, object]]:
    """The arena's votes that stand, as rows of the votes export, in order of their numbers.

    Raters are named by their keys, also those of imports. What is no part of the ledger (the
    words of comments, battles that were flagged by number) is not in them.
    """
    told = read_told(entries)
    marks = Marks.of(told.flags.values())
    for digest, entry in told.votes.items():
        row = entry.row
        stands = digest not in told.revised and not row.get("retracted")
        if stands and row["arena"] == arena:
            yield describe_vote(entry) | {"flags": " ".join(marks.on(digest, row))}


SAME = (
    "model_a", "model_b", "sample_a", "sample_b", "winner", "question", "category", "rater",
    "rater_kind", "source", "response_ms", "policy", "arm", "probability", "uniform_probability",
    "kind", "revision", "strength", "ranking", "answers", "reasons", "spots", "models",
)  # fmt: skip


def describe_vote(entry: Entry) -> dict[str, object]:
    row = entry.row
    tools = row["tools"]
    return {
        **{name: row.get(name) for name in SAME},
        "seq": entry.seq,
        "prompt": row.get("prompt_key") or row["prompt"],
        "tstamp": row["at"],
        "tools": " ".join(map(str, tools)) if isinstance(tools, list) else "",
        "digest": entry.digest,
    }


@dataclass(frozen=True, slots=True)
class Marks:
    """The rules of the flags that stand, by what they are on."""

    rules: Mapping[tuple[object, ...], set[str]]

    @classmethod
    def of(cls, flags: Iterable[Row]) -> "Marks":
        rules: dict[tuple[object, ...], set[str]] = defaultdict(set)
        for flag in flags:
            for subject in ("vote", "rater", "candidate", "battle"):
                if flag[subject] is not None:
                    where = [flag["arena"]] if flag.get("arena") else []
                    rules[(subject, *flatten(flag[subject]), *where)].add(str(flag["rule"]))
        return cls(dict(rules))

    def on(self, digest: str, row: Row) -> list[str]:
        """The rules that speak against a vote, sorted."""
        a, b = ((row["prompt"], row[f"model_{s}"], row[f"sample_{s}"]) for s in "ab")
        subjects: list[tuple[object, ...]] = [
            ("vote", digest), ("rater", row["rater"]), ("rater", row["rater"], row["arena"]),
            ("candidate", *a), ("candidate", *b),
            ("battle", row["arena"], *a, *b), ("battle", row["arena"], *b, *a),
        ]  # fmt: skip
        return sorted({rule for subject in subjects for rule in self.rules.get(subject, ())})


def flatten(value: object) -> list[object]:
    """What names a subject, as one flat list: a battle's candidates are lists in a list."""
    if not isinstance(value, list):
        return [value]
    return [leaf for item in value for leaf in flatten(item)]
