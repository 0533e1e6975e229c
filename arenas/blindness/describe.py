"""An audit's figures in words, for the command and the page."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from arenas.blindness.models import BlindnessAudit
from arenas.blindness.observe import INSIDE
from metrics.stats.agreement import wilson

WORDS = {
    "all": "everything but the pixels",
    "address": "addresses",
    "headers": "headers and cookies",
    "bytes": "layout and look of the bytes",
    "order": "order",
    "time": "response times",
    "html": "the page around the pictures",
    INSIDE: "the coder's settings",
}
INSIDE_TITLE = "Inside the compressed picture"
INSIDE_SAYS = (
    "How a picture was compressed depends on what it shows, so whoever reads that has begun to "
    "decode its pixels, and this counts as naming by pixels."
)
LISTED = 20


@dataclass(frozen=True, slots=True)
class Line:
    """One share with its interval, in words."""

    what: str
    by: str
    share: str
    interval: str
    of: str = ""


def list_attacks(audit: BlindnessAudit) -> list[Line]:
    """How often attackers are right who do not open the pictures."""
    return [attack_line(each) for each in audit.figures["attacks"] if each["channel"] != INSIDE]


def list_inside(audit: BlindnessAudit) -> list[Line]:
    """How often those are who read what the compressed pictures say of their compression."""
    return [attack_line(each) for each in audit.figures["attacks"] if each["channel"] == INSIDE]


def attack_line(attack: Mapping[str, Any]) -> Line:
    return make_line(
        WORDS[attack["channel"]], attack, by=attack["attacker"], share=attack["accuracy"]
    )


def list_sides(audit: BlindnessAudit) -> list[Line]:
    """How often competitors were on the left."""
    return [make_line(each["who"], each) for each in audit.figures["sides"]]


def list_pixels(audit: BlindnessAudit) -> list[Line]:
    """How often pixels alone name the maker: of all pictures, then of each competitor's."""
    pixels = audit.figures["pixels"]
    return [
        make_line("all competitors", pixels, share=pixels["accuracy"]),
        *(make_line(each["name"], each) for each in pixels["competitors"]),
    ]


def list_prompts(audit: BlindnessAudit) -> list[Line]:
    """The prompts whose pictures were named most often, then those with the most pictures."""
    prompts = audit.figures["pixels"]["prompts"]
    return [
        make_line(each["key"], asdict(wilson(each["named"], each["of"])), by=each["category"])
        for each in sorted(prompts, key=telling)
    ]


def telling(prompt: Mapping[str, Any]) -> tuple[float, int, str]:
    return -prompt["named"] / prompt["of"], -prompt["of"], prompt["key"]


def make_line(
    what: str, figures: Mapping[str, Any], *, by: str = "", share: float | None = None
) -> Line:
    found = figures["share"] if share is None else share
    interval = f"{100 * figures['lower']:.1f}–{percent(figures['upper'])}"
    of = f"{figures['count']:.0f} of {figures['of']}" if "of" in figures else ""
    return Line(what, by, percent(found), interval, of)


def percent(share: float) -> str:
    return f"{100 * share:.1f}\u202f%"


def conclude(audit: BlindnessAudit) -> str:
    """What the audit found, in one sentence."""
    best, chance = audit.best_attack, percent(audit.chance)
    found = f"{percent(best['accuracy'])} of competitors, by chance {chance}"
    if audit.gives_away:
        return f"The site gives competitors away: without the pixels attackers name {found}."
    return f"The site keeps competitors hidden: without the pixels attackers name {found}."


def describe(audit: BlindnessAudit) -> str:
    """All figures as text, one a line."""
    return "\n".join(
        [
            conclude(audit),
            f"\nNamed without the pixels, on other prompts ({audit.serves} serves):",
            *tabulate(list_attacks(audit)),
            f"\n{INSIDE_TITLE}: {INSIDE_SAYS}",
            *tabulate(list_inside(audit)),
            "\nOn the left:",
            *tabulate(list_sides(audit)),
            "\nNamed by their pixels alone:",
            *tabulate(list_pixels(audit)),
            "\nPrompts that give models away most:",
            *tabulate(list_prompts(audit)[:LISTED]),
            f"\n{audit.figures['cpu_seconds']} CPU seconds",
        ]
    )


def tabulate(lines: Sequence[Line]) -> list[str]:
    rows = [[line.what, line.by, line.share, line.interval, line.of] for line in lines]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
