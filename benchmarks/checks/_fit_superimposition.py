"""Fits the models of `superimposition`: python -m benchmarks.checks._fit_superimposition.

Prints the coefficients that stand in `metrics/checks/_superimposition/model.py`, with the AUC
among backgrounds and among cutouts left out of the fit. Only what was developed on is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from arenas.providers.base import Request
from benchmarks.checks._composites import DEVELOPED_ON, Split, list_own, make_composites
from benchmarks.checks._pictures import draw, find, list_requests
from metrics.checks._superimposition.cues import CUES, measure_cues
from metrics.checks._superimposition.locate import locate, shrink

PENALTY = 0.03  # scikit-learn's C
WEIGHTS = {False: 2, True: 1}  # one in three is pasted: most things are not


@dataclass(frozen=True, slots=True)
class Seen:
    """The cues of one region: where it is from, what it is, and whether it was pasted."""

    background: str
    cutout: str
    how: str
    pasted: bool
    cues: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A picture whose truth is known, with what a check gets beside it."""

    background: str
    cutout: str
    pasted: bool
    image: Image.Image
    source: Image.Image | None
    subject: Image.Image | None


def look(shown: Shown) -> Iterator[Seen]:
    """By the source where there is one, and again by the subject alone."""
    pixels = shrink(shown.image)
    for source, subject in ((shown.source, None), (None, shown.subject)):
        region = locate(shown.image, pixels, source, subject)
        cues = measure_cues(pixels, region) if region else None
        if region and cues:
            values = tuple(cues[name] for name in CUES[region.how])
            yield Seen(shown.background, shown.cutout, region.how, shown.pasted, values)


def show_all(split: Split, *, seed: int = 0) -> Iterator[Shown]:
    """Composites, untouched pictures with a piece of their own, the procedural provider's seams."""
    for made in make_composites(split, seed=seed):
        pasted = made.kind != "blended"
        yield Shown(made.background, made.cutout, pasted, made.image, made.source, made.subject)
    for name, image, subject in list_own(split, seed=seed):
        yield Shown(name, f"own {name}", False, image, None, subject)
    for request in list_placed(split):
        source, subject = find(request, "source"), find(request, "subject")
        for strength in (0.0, 0.5, 1.0):
            image = draw(request, split.model, pasting_seams=strength)
            name = f"drawn {request.prompt}"
            yield Shown(name, name, strength > 0, image, source, subject)


def list_placed(split: Split) -> list[Request]:
    """The suite's prompts with a subject among the split's cutouts."""
    return [
        request
        for request in list_requests()
        if request.category == "composition"
        and any(r.role == "subject" and r.id in split.cutouts for r in request.references)
    ]  # fmt: skip


def fit(rows: list[Seen], way: str) -> None:
    cues, pasted = np.array([row.cues for row in rows]), np.array([row.pasted for row in rows])
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=PENALTY, class_weight=WEIGHTS, max_iter=1000)
    )
    for left_out in ("background", "cutout"):
        groups = [getattr(row, left_out) for row in rows]
        said = cross_val_predict(
            model, cues, pasted, groups=groups, cv=GroupKFold(5), method="predict_proba"
        )[:, 1]
        print(f"# {way}: {len(rows)} regions, AUC, {left_out}s left out: "
              f"{roc_auc_score(pasted, said):.3f}")  # fmt: skip
    model.fit(cues, pasted)
    scaler, fitted = model[0], model[1]
    slopes = fitted.coef_[0] / scaler.scale_
    print(f'"{way}": Model(\n    {fitted.intercept_[0] - slopes @ scaler.mean_:.3f},\n    {{')
    for name, slope in zip(CUES[way], slopes, strict=True):
        print(f'        "{name}": {slope:.3f},')
    print("    },\n),")


def main() -> None:
    cv2.setNumThreads(1)
    rows = [seen for shown in show_all(DEVELOPED_ON) for seen in look(shown)]
    for way in CUES:
        fit([row for row in rows if row.how == way], way)


if __name__ == "__main__":
    main()
