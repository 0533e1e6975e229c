"""Strings of known spelling: how often the decision between right and misspelt is right."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from arenas.providers.base import Expectation
from benchmarks.checks._pictures import draw, list_requests
from benchmarks.checks._text.draw import HARD, KINDS, MISTAKES, Case, Set, list_cases
from benchmarks.checks.table import Row, resample
from metrics.checks.base import PromptFacts, Subject
from metrics.checks.text import Check

DEVELOPED_ON = Set(
    ("aileron", "DejaVuSans-Bold", "DejaVuSansCondensed", "DejaVuSerif", "DejaVuSerif-Bold"),
    (
        "FRESH BREAD DAILY", "Harbour Lights", "NO PARKING", "Welcome to our garden",
        "The quiet hour", "LIBRARY", "Summer Festival 2025", "HAPPY BIRTHDAY ANNA",
        "Meet me at the station", "COFFEE", "Please close the door", "MOUNTAIN RESCUE",
        "Open from nine to five", "ELECTRIC DREAMS", "A short history of rain", "PHARMACY",
        "Lemon and ginger", "TICKETS 12.50", "Ancient forests of the north", "EMERGENCY EXIT",
    ),
    ("astronaut", "coffee", "brick", "rocket"),
    (35, 80),
)  # fmt: skip
# The file's style of a family was not developed on, nor were the other families.
HELD_OUT = Set(
    ("opencv:sans:400", "opencv:sans:800", "opencv:italic:500", "opencv:uni:400",
     "DejaVuSansMono", "DejaVuSerif-BoldItalic"),
    (
        "VINTAGE RECORDS", "Museum of Clocks", "Thank you for waiting", "SLOW CHILDREN CROSSING",
        "Peppermint tea", "ORCHESTRA", "The last voyage home", "GRAND SALE FRIDAY",
        "Do not feed the birds", "Botanical Society", "BICYCLE REPAIR", "Room 217 upstairs",
        "Northern railway museum", "FIRE DOOR KEEP SHUT", "Wild honey", "ASTRONOMY CLUB",
        "Handmade in small batches", "DETOUR", "Night ferry to Bergen", "JUNGLE EXPRESS",
    ),
    ("chelsea", "hubble_deep_field", "grass", "gravel"),
    (30, 70),
)  # fmt: skip
EACH = 24  # cases of each kind, half of them misspelt
ONE_LETTER = 0.04  # the renderer's strength at which one letter is wrong


@dataclass(frozen=True, slots=True)
class Judged:
    kind: str
    mistake: str
    right: bool  # as judged
    exact: bool  # as read plainly


def run(seed: int) -> list[Row]:
    judged: dict[str, list[Judged]] = {}
    for case in list_cases(HELD_OUT, EACH, seed=seed):
        judged.setdefault(case.wanted, []).append(judge(case))
    every = [case for each in judged.values() for case in each]
    interval = resample(judged, balance, seed=seed)
    plain = balance([Judged(e.kind, e.mistake, e.exact, e.exact) for e in every])
    of_kinds = {kind: [each for each in every if each.kind == kind] for kind in KINDS}
    small = [judge(case) for case in list_cases(HELD_OUT, EACH, seed=seed, kinds=HARD)]
    return [
        Row("right or misspelt, balanced accuracy (held out)", balance(every), interval, ">= 0.90",
            len(every)),
        Row("the same by the plain reading alone", plain, n=len(every)),
        *count_errors("all", every),
        *(row for kind, each in of_kinds.items() for row in count_errors(kind, each)),
        *(count_missed(mistake, every) for mistake in MISTAKES),
        Row("small and spoilt, balanced accuracy", balance(small), n=len(small)),
        *count_errors("small and spoilt", small),
        *judge_rendered(),
    ]  # fmt: skip


def judge(case: Case) -> Judged:
    prompt = PromptFacts("p", "text", case.wanted, expect=Expectation(text=(case.wanted,)))
    values = Check().measure(Subject(prompt, (), (case.picture,))).values
    return Judged(case.kind, case.mistake, values["spelt_right"] == 1, values["exact"] == 1)


def balance(judged: Sequence[Judged]) -> float:
    """The mean of the shares judged right of the right ones, and misspelt of the others."""
    shares = [
        [each.right is not bool(each.mistake) for each in judged if bool(each.mistake) is wrong]
        for wrong in (False, True)
    ]
    return float(np.mean([np.mean(share) if share else np.nan for share in shares]))


def count_errors(what: str, judged: Sequence[Judged]) -> list[Row]:
    right = [not each.right for each in judged if not each.mistake]
    wrong = [each.right for each in judged if each.mistake]
    return [
        Row(f"{what}: right ones taken for misspelt", float(np.mean(right)), n=len(right)),
        Row(f"{what}: misspelt ones taken for right", float(np.mean(wrong)), n=len(wrong)),
    ]


def count_missed(mistake: str, judged: Sequence[Judged]) -> Row:
    missed = [each.right for each in judged if each.mistake == mistake]
    return Row(f"a letter {mistake}: taken for right", float(np.mean(missed)), n=len(missed))


def judge_rendered() -> list[Row]:
    """The renderer's pictures, with no letter wrong and with one."""
    judged = []
    for request in list_requests():
        if not request.expect.text or len(request.turns) > 1:
            continue
        for strength in (0.0, ONE_LETTER):
            picture = draw(request, "text-bench", misspelt_text=strength)
            prompt = PromptFacts("p", "text", "", expect=request.expect)
            values = Check().measure(Subject(prompt, (), (picture,))).values
            all_right = values["spelt_right"] == 1
            judged.append(Judged("rendered", "replaced" if strength else "", all_right, False))
    return count_errors("rendered, all strings of a picture", judged)
