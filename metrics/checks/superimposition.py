"""Whether something in the image looks pasted in rather than part of the scene."""

from dataclasses import dataclass
from statistics import fmean

import cv2
import numpy as np
from PIL import Image

from metrics.checks._superimposition.cues import measure_cues
from metrics.checks._superimposition.locate import Region, locate, shrink
from metrics.checks._superimposition.model import estimate
from metrics.checks._superimposition.retrieve import measure_copy
from metrics.checks.base import BaseCheck, Finding, Measure, Outline, PromptFacts, Subject


@dataclass(frozen=True, slots=True, eq=False)
class Seam:
    """What was put into an image, and how pasted it looks, 0 to 1."""

    region: Region
    pasted: float
    cues: dict[str, float]
    copied: float | None  # structure shared with the subject's reference, where that found it
    scale: float  # from the region's pixels to the image's


class Check(BaseCheck):
    """`pasted` is a logistic model of cues along and across the edge of what was put in.

    What was put in is what the source does not show; or the subject, found again by its corners
    or its colours. Where neither finds it nothing is measured: a guess at what may have been put
    in says more of the picture's own edges. The cues (hardness and rims of the edge, noise,
    detail, tones, shadow) stand in `_superimposition/cues.py`, the coefficients, and what they
    were fitted on, in `_superimposition/model.py`. Of several images those in which it was found
    count alike.
    """

    version = "2"
    title = "Superimposition"
    measures = (
        Measure("pasted", "", 0.0, 1.0, -1, "How much it looks pasted in.", headline=True),
        Measure("hardness", "share", 0.0, 1.5, 0, "Contrast taken by one pixel of the edge."),
        Measure("rim", "L*", 0.0, 8.0, -1, "Bright or dark line along the edge."),
        Measure("noise", "|ln|", 0.0, 3.0, -1, "Pixel noise inside against around it."),
        Measure("detail", "|ln|", 0.0, 3.0, -1, "Fine detail inside against around it."),
        Measure("copied", "", -1.0, 1.0, 0, "Structure shared with the reference subject."),
        Measure("located", "share", 0.0, 1.0, 0, "Images in which it was found."),
    )

    def applies(self, prompt: PromptFacts) -> bool:
        return bool(prompt.roles & {"subject", "source"})

    def measure(self, subject: Subject) -> Finding:
        if not subject.images:
            return Finding(not_measurable="there is no image")
        source, thing = _find(subject, "source"), _find(subject, "subject")
        looked = [find_seam(image, source, thing) for image in subject.images]
        seams = {n: seam for n, seam in enumerate(looked) if seam}
        if not seams:
            return Finding(not_measurable="what was put in was not found")
        found = list(seams.values())
        values = {
            "pasted": fmean(seam.pasted for seam in found),
            "hardness": fmean(seam.cues["hardness"] for seam in found),
            "rim": 10 * fmean(seam.cues["bright_rim"] + seam.cues["dark_rim"] for seam in found),
            "noise": fmean(seam.cues["noise"] for seam in found),
            "detail": fmean(seam.cues["detail"] for seam in found),
            "located": len(found) / len(looked),
        }
        copied = [seam.copied for seam in found if seam.copied is not None]
        if copied:
            values["copied"] = fmean(copied)
        return Finding(values, outlines=tuple(_draw(seam, n) for n, seam in seams.items()))


def find_seam(
    image: Image.Image, source: Image.Image | None, subject: Image.Image | None
) -> Seam | None:
    """What was put in, or None where it is not found or too small to look at."""
    pixels = shrink(image)
    region = locate(image, pixels, source, subject)
    cues = measure_cues(pixels, region) if region else None
    if region is None or cues is None:
        return None
    scale = max(image.size) / max(pixels.shape)
    copied = measure_copy(region.sighting, pixels) if region.sighting else None
    return Seam(region, estimate(cues, region.how), dict(cues), copied, scale)


def _find(subject: Subject, role: str) -> Image.Image | None:
    """The reference in a role; of several subjects the one that the suite names."""
    named = [each for each in subject.references if each.role == role]
    chosen = [each for each in named if each.id == subject.prompt.expect.subject] or named
    return chosen[0].image if chosen else None


def _draw(seam: Seam, number: int) -> Outline:
    lines, _ = cv2.findContours(
        seam.region.mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    line = cv2.approxPolyDP(max(lines, key=cv2.contourArea), 1.5, True)[:, 0]
    points = tuple((round(float(x) * seam.scale), round(float(y) * seam.scale)) for x, y in line)
    label = f"edge ({seam.region.how}), pasted {seam.pasted:.2f}"
    return Outline(f"image:{number}", points, label)
