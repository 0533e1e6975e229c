"""The card that lies beside exported preference pairs: what they are, and how far to trust them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from arenas.definitions.models import Arena
from arenas.exports.preferences import Preferences, Wanted
from arenas.exports.split import Split

SIDES = ("chosen_paths", "rejected_paths")
# What Markdown would take for its own.
MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]<>|#"})
LIMITS = (
    "What was shown are renditions: one canvas, one encoder. The paths lead to the originals.",
    "Raters saw the competitors that took part, on these prompts; a preference is relative to what "
    "it was shown beside, and says nothing about other prompts.",
    "How often two competitors met was decided by the arena's plan, so that some are in more rows "
    "than others.",
    "Reasons and regions are there where raters gave them; their absence is not praise.",
    "A competitor that learns from these rows has seen the suite: name the digest or the suite in "
    "its `trained_on`, and no regression eval lets the suite gate it.",
)


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the export."""

    file: str
    rows: int
    prompts: int


@dataclass(frozen=True, slots=True)
class About:
    """All that a card tells of an export beside its rows."""

    arena: Arena
    wanted: Wanted
    split: Split | None
    parts: Sequence[Part]
    digest: str
    watermark: int
    made_by: str
    made_at: datetime
    version: str


def write_card(made: Preferences, about: About) -> str:
    """The card as Markdown."""
    sections = {
        "What it is": describe_kind(about.wanted),
        "Where it is from": bullets(describe_origin(about)),
        "Files": table(("file", "rows", "prompts"), list_parts(about.parts)),
        "Split": describe_split(about),
        "What was taken": bullets(describe_filters(about.wanted)),
        "What was left out": bullets(describe_left_out(made)),
        "Agreement": bullets(describe_agreement(made)),
        "Limits": bullets(LIMITS),
        "To cite it": describe_citation(about),
    }
    title = f"# Preference pairs of {clean(about.arena.title)}\n"
    return title + "".join(f"\n## {name}\n{text}\n" for name, text in sections.items())


def describe_kind(wanted: Wanted) -> str:
    if wanted.by_vote:
        return (
            "Each row is one vote's preference of a candidate (`chosen`) over another "
            "(`rejected`) for the same prompt; raters who disagree have a row each."
        )
    return (
        "Each row is two candidates for the same prompt: the one that more votes preferred "
        "(`chosen`) and the other (`rejected`). `margin` is (wins - losses) / votes, `agreement` "
        "wins / votes; ties and `both_bad` are votes without a win."
    )


def describe_origin(about: About) -> Iterator[str]:
    arena, version = about.arena, about.arena.suite_version
    yield f"arena `{arena.slug}`, revision {arena.revision}"
    yield f"suite: {clean(str(version)) if version else 'none'}"
    yield f"licence of the suite: {(version and clean(version.licence)) or 'not stated'}"
    yield f"votes up to number {about.watermark} of the ledger"
    yield f"SHA-256 of the rows: `{about.digest}`"
    yield f"made {about.made_at:%Y-%m-%d %H:%M} UTC by {clean(about.made_by)}"
    yield f"Evalsite {about.version}"


def list_parts(parts: Sequence[Part]) -> list[tuple[str, ...]]:
    return [(f"`{each.file}`", str(each.rows), str(each.prompts)) for each in parts]


def describe_split(about: About) -> str:
    if about.split is None:
        return (
            "None was made: train and test on other prompts than these, or export with `--split`."
        )
    return (
        f"By prompt, {about.split.share:g} of them for testing (about: it is drawn bundle by "
        f"bundle), seed {about.split.seed}. Prompts that share a reference picture, or the words, "
        "with each other or with a third prompt of this site are one bundle, and in one part. A "
        "later export with the same seed puts a prompt in the same part, unless a new prompt has "
        "joined two bundles: then both go where the older one was."
    )


def describe_filters(wanted: Wanted) -> Iterator[str]:
    yield f"question: {f'`{wanted.question}`' if wanted.question else 'every one'}"
    yield f"category: {f'`{wanted.category}`' if wanted.category else 'every one'}"
    yield f"votes of raters of kind: {', '.join(wanted.raters)}"
    yield f"pairs with at least {wanted.least_votes} vote{'s' * (wanted.least_votes != 1)}"
    if wanted.least_agreement:
        yield f"pairs with an agreement of at least {wanted.least_agreement:g}"
    yield "votes that stand, on normal ballots or imported, none with a flag on it"


def describe_left_out(made: Preferences) -> Iterator[str]:
    read = made.read
    yield f"flagged votes: {read.flagged}"
    yield f"votes of other raters: {count_kinds(read.other_kinds) or 'none'}"
    yield f"pairs where no candidate got more votes: {made.undecided}"
    yield f"pairs with too few votes or too little agreement: {made.below}"
    yield "gold, practice, repeated and mirrored ballots, and votes on no stored prompt: all"


def describe_agreement(made: Preferences) -> Iterator[str]:
    yield f"votes counted: {count_kinds(made.read.votes) or 'none'}"
    if made.read.unsealed:
        yield f"of these not in the ledger yet: {made.read.unsealed}"
    yield f"pairs: {len(made.tallies)}"
    several = [each for each in made.tallies if each.votes > 1]
    yield f"pairs with more than one vote: {len(several)}"
    if several:
        mean = sum(each.agreement for each in several) / len(several)
        unanimous = sum(each.agreement == 1 for each in several)
        yield f"mean agreement of these: {mean:.3f}; unanimous: {unanimous}"
    bare = sum(not paths for name in SIDES for paths in made.table[name])
    if bare:
        yield f"sides without a stored picture: {bare}"


def describe_citation(about: About) -> str:
    return (
        f"Preference pairs of the arena “{clean(about.arena.title)}” (`{about.arena.slug}`, "
        f"revision {about.arena.revision}), Evalsite {about.version}, {about.made_at:%Y-%m-%d}, "
        f"votes up to {about.watermark}, SHA-256 `{about.digest[:16]}`."
    )


def count_kinds(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{number} by {kind}" for kind, number in sorted(kinds.items()))


def bullets(lines: Iterator[str] | Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def clean(text: str) -> str:
    """Names as they are read, on one line."""
    return " ".join(text.split()).translate(MARKS)
