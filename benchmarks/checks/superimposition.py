"""Pasted against blended things, on backgrounds, cutouts, sizes and qualities not developed on.

The split stands in `_composites.py`: DEVELOPED_ON and HELD_OUT.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from benchmarks.checks._composites import (
    FAULTS,
    HELD_OUT,
    ORIGINS,
    list_own,
    list_untouched,
    make_composites,
    read_cutout,
    show,
)
from benchmarks.checks._fit_superimposition import list_placed
from benchmarks.checks._pictures import draw, find
from benchmarks.checks.table import Row, resample
from metrics.checks.superimposition import find_seam

STRENGTHS = (0.0, 0.25, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Case:
    kind: str
    pasted: float | None  # what the check says, or that it found nothing to measure

    @property
    def said(self) -> float:
        return 0.5 if self.pasted is None else self.pasted


def run(seed: int) -> list[Row]:
    known, unknown = collect(seed)
    drawn = list(order_seams())
    own = [judge(image, None, piece) for _, image, piece in list_own(HELD_OUT, seed=seed)]
    absent = list(look_for_absent(seed))
    return [
        *compare("source given", known, seed),
        *(measure_kind(known, kind, seed) for kind in FAULTS if has(known, kind)),
        *compare("subject given alone", unknown, seed),
        Row("seams drawn at strengths, mean Spearman", float(np.mean(drawn)), None, "", len(drawn)),
        share("untouched, a piece of its own the subject, above 0.5",
              [value is not None and value > 0.5 for value in own], "0"),
        share("  of these measured", [value is not None for value in own]),
        share("untouched, a subject that is not there, measured",
              [value is not None for value in absent], "0"),
        share("  above 0.5", [value is not None and value > 0.5 for value in absent], "0"),
    ]  # fmt: skip


Cases = Mapping[str, list[Case]]


def collect(seed: int) -> tuple[Cases, Cases]:
    """By background what the check says of each composite, with the source and without it."""
    known, unknown = defaultdict(list), defaultdict(list)
    for made in make_composites(HELD_OUT, seed=seed):
        for found, source in ((known, made.source), (unknown, None)):
            pasted = judge(made.image, source, made.subject)
            found[made.background].append(Case(made.kind, pasted))
    return known, unknown


def judge(
    image: Image.Image, source: Image.Image | None, subject: Image.Image | None
) -> float | None:
    seam = find_seam(image, source, subject)
    return seam.pasted if seam else None


def look_for_absent(seed: int) -> Iterator[float | None]:
    """What is said of untouched pictures when a cutout is looked for that was never put in."""
    for number, (name, image) in enumerate(list_untouched(HELD_OUT, seed=seed)):
        for cutout in (HELD_OUT.cutouts[(number + n) % len(HELD_OUT.cutouts)] for n in (0, 2)):
            if ORIGINS.get(cutout) != name:
                yield judge(image, None, show(read_cutout(cutout)))


def keep(cases: Mapping[str, Sequence[Case]], kind: str) -> dict[str, list[Case]]:
    return {name: [c for c in each if c.kind in (kind, "blended")] for name, each in cases.items()}


def has(cases: Mapping[str, Sequence[Case]], kind: str) -> bool:
    return any(case.kind == kind for each in cases.values() for case in each)


def pool(cases: Cases) -> list[Case]:
    return [case for several in cases.values() for case in several]


def compare(what: str, cases: Cases, seed: int) -> Iterator[Row]:
    """The AUC of all, unmeasured ones as one half; the share measured; the AUC of those."""
    each = pool(cases)
    told = [case for case in each if case.pasted is not None]
    some = {name: [case for case in several if case.pasted is not None]
            for name, several in cases.items()}  # fmt: skip
    yield Row(f"pasted against blended, AUC, {what}", measure_auc(each),
              resample(cases, measure_auc, seed=seed), "≥ 0.90", len(each))  # fmt: skip
    yield Row("  measured", len(told) / len(each), None, "", len(each))
    yield Row("  AUC of what was measured", measure_auc(told),
              resample(some, measure_auc, seed=seed), "", len(told))  # fmt: skip
    false = [case.said > 0.5 for case in told if case.kind == "blended"]
    true = [case.said > 0.5 for case in told if case.kind != "blended"]
    yield share("  blended above 0.5", false)
    yield share("  pasted above 0.5", true)


def measure_kind(cases: Cases, kind: str, seed: int) -> Row:
    some = keep(cases, kind)
    interval = resample(some, measure_auc, seed=seed)
    return Row(f"  AUC, {kind}", measure_auc(pool(some)), interval, "", len(pool(some)))


def share(what: str, cases: Sequence[bool], target: str = "") -> Row:
    return Row(what, float(np.mean(cases)), None, target, len(cases))


def measure_auc(cases: Sequence[Case]) -> float:
    pasted = [case.kind != "blended" for case in cases]
    if len(set(pasted)) < 2:
        return float("nan")
    return float(roc_auc_score(pasted, [case.said for case in cases]))


def order_seams() -> Iterator[float]:
    """By prompt the rank correlation of what the check says with the strength drawn."""
    for request in list_placed(HELD_OUT):
        source, subject = find(request, "source"), find(request, "subject")
        said = [
            Case(
                "", judge(draw(request, HELD_OUT.model, pasting_seams=strength), source, subject)
            ).said
            for strength in STRENGTHS
        ]
        yield float(spearmanr(STRENGTHS, said).statistic) if len(set(said)) > 1 else 0.0
