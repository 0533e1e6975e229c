"""Whether the images of a candidate are of one style, and of the style that was asked for."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from metrics.checks._style.manner import Likeness, compare_manners, read_manner
from metrics.checks.base import BaseCheck, Finding, Measure, PromptFacts, Subject

PARTS = (("consistency", ("colour", "texture")), ("similarity", ("colour", "grain")))


class Check(BaseCheck):
    """`style` is the mean of `consistency` and `reference_similarity`, as far as there are any.

    `consistency`: mean over all pairs of images of colour^0.1 · texture. `reference_similarity`:
    mean over images and style references of colour · grain. colour is the overlap Σ √(p q) of
    two histograms of a* and b* (Bhattacharyya 1943). texture = exp(-8 t - 2 f - 0.1 l) and
    grain = exp(-1.1 g - 0.08 l) of mean absolute differences: t of cumulated histograms of
    steepness and local binary patterns (Ojala et al. 2002), f of shares of flat neighbours, l of
    the log means of top-hat transforms (Serra 1982), g of the log contrast's growth from band to
    band. The weights were chosen on known orders. All are 0 … 1. Not measurable: no image, or
    one image without a style reference.
    """

    version = "2"
    title = "Style"
    measures = (
        Measure(
            "style",
            "",
            0.0,
            1.0,
            1,
            "Mean of consistency and reference similarity, as far as there are any.",
            headline=True,
        ),
        Measure(
            "consistency", "", 0.0, 1.0, 1, "Mean likeness of texture and colour between images."
        ),
        Measure(
            "reference_similarity", "", 0.0, 1.0, 1,
            "Mean likeness of palette and grain to the style references.",
        ),
        *(
            Measure(f"{part}_{ending}", "", 0.0, 1.0, 1, f"Mean {ending} of {part} alone.")
            for ending, parts in PARTS
            for part in parts
        ),
    )  # fmt: skip

    def applies(self, prompt: PromptFacts) -> bool:
        several = prompt.expect.n_images > 1 or prompt.category in ("sequential", "interleaved")
        return "style" in prompt.roles or several

    def measure(self, subject: Subject) -> Finding:
        if not subject.images:
            return Finding(not_measurable="there is no image")
        asked = [each.image for each in subject.references if each.role == "style"]
        if not asked and len(subject.images) < 2:
            return Finding(not_measurable="one image and no style reference: nothing to compare")
        made = [read_manner(image) for image in subject.images]
        wanted = [read_manner(image) for image in asked]
        between = [compare_manners(*pair) for pair in combinations(made, 2)]
        towards = [compare_manners(one, other) for one in made for other in wanted]
        return Finding(_conclude(between, towards))


def _conclude(between: Sequence[Likeness], towards: Sequence[Likeness]) -> dict[str, float]:
    values = {}
    if between:
        values["consistency"] = float(np.mean([pair.of_one_set for pair in between]))
    if towards:
        values["reference_similarity"] = float(np.mean([pair.of_one_hand for pair in towards]))
    style = float(np.mean(list(values.values())))
    for (ending, parts), pairs in zip(PARTS, (between, towards), strict=True):
        for part in parts if pairs else ():
            values[f"{part}_{ending}"] = float(np.mean([getattr(pair, part) for pair in pairs]))
    return values | {"style": style}
