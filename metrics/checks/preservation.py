"""Whether what was not to be edited is as it was in the source."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

import cv2
import numpy as np
from PIL import Image

from metrics.checks._alignment.align import Laid, Seen, align, compare_structure
from metrics.checks._preservation.change import (
    differ,
    find_changed,
    find_edit,
    grade,
    is_unchanged,
    read_lab,
    recolour,
    spare,
    trace,
)
from metrics.checks.base import BaseCheck, Finding, Measure, Outline, PromptFacts, Subject


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """One image beside its source: the values by name, where it changed, how it was laid."""

    values: Mapping[str, float]
    changed: Seen
    laid: Laid


class Check(BaseCheck):
    """The image is laid over the source, and each pixel graded by how changed it is.

    Change is 1 - exp(-ΔE/12) · structure: ΔE is the distance in CIELAB (CIE 1976), structure
    the second factor of SSIM (Wang et al. 2004). It is taken twice, from the source and from the
    source in the image's own light (`recolour`), and both count alike: where night was asked for,
    the first says all is changed and the second what else is. `preservation` is 1 - the mean
    change outside the mask, or, without one, of the four fifths that changed least; 0 where the
    source is not found in the image at all. `light` is the second alone. `ssim` and `colour` are
    means outside the edit: the mask, or else the strongest regions of change, as many as edits
    were asked for. Of several images where one was asked for (a conversation) the last counts,
    and `step` compares each with the one before; otherwise all count, each against the source.
    """

    version = "2"
    title = "Preservation"
    measures = (
        Measure(
            "preservation", "", 0.0, 1.0, 1, "1 - mean change outside the edit.", headline=True
        ),
        Measure("light", "", 0.0, 1.0, 1, "The same, the change of light set aside."),
        Measure("ssim", "", -1.0, 1.0, 1, "Structural similarity outside the edit."),
        Measure("colour", "ΔE", 0.0, 300.0, -1, "Mean colour difference outside the edit."),
        Measure("changed", "share", 0.0, 1.0, 0, "How much of the picture changed."),
        Measure("unchanged", "share", 0.0, 1.0, -1, "Images that are the source, re-encoded."),
        Measure("aligned", "share", 0.0, 1.0, 1, "Images in which the source was found."),
        Measure("step", "", 0.0, 1.0, 1, "Mean preservation from each image to the next."),
    )

    def applies(self, prompt: PromptFacts) -> bool:
        return "source" in prompt.roles

    def measure(self, subject: Subject) -> Finding:
        source = _find(subject, "source")
        if source is None or not subject.images:
            return Finding(
                not_measurable="there is no source" if not source else "there is no image"
            )
        mask, edits = _find(subject, "mask"), max(1, len(subject.prompt.expect.edits))
        first = 0
        if subject.prompt.expect.n_images == 1:  # the steps of a conversation
            first = len(subject.images) - 1
        kept = [compare(image, source, mask=mask, edits=edits) for image in subject.images[first:]]
        values = {name: fmean(each.values[name] for each in kept) for name in kept[0].values}
        if first:
            values["step"] = _compare_steps((source, *subject.images))
        lines = [line for n, each in enumerate(kept, first) for line in _draw(each, f"image:{n}")]
        return Finding(values, outlines=tuple(lines))


def compare(
    image: Image.Image, source: Image.Image, *, mask: Image.Image | None = None, edits: int = 1
) -> Kept:
    """The measures of one image. A mask is white where the source may change."""
    laid = align(image, source)
    ours, theirs = read_lab(laid.source), read_lab(laid.image)
    apart = differ(ours, theirs)
    change = grade(ours, theirs)
    allowed = _read_mask(mask, laid.seen.shape) if mask else None
    edit = find_edit(change, laid.seen, edits=edits) if allowed is None else allowed
    outside = laid.seen & ~edit
    if not outside.any():  # all may change: then all is looked at
        outside = laid.seen
    where = laid.seen if allowed is None else outside
    lit = grade(recolour(ours, theirs, where), theirs)
    lost, moved = (
        spare(each[laid.seen]) if allowed is None else float(each[outside].mean())
        for each in (change, lit)
    )
    changed = find_changed(change, laid.seen)
    values = {
        "preservation": float(np.clip(1 - (lost + moved) / 2, 0, 1)) if laid.found else 0.0,
        "light": float(np.clip(1 - moved, 0, 1)) if laid.found else 0.0,
        "ssim": _measure_ssim(laid, outside),
        "colour": float(apart[outside].mean()),
        "changed": float(changed[laid.seen].mean()) if laid.found else 1.0,
        "unchanged": float(is_unchanged(ours, theirs, laid)),
        "aligned": float(laid.found),
    }
    return Kept(values, changed, laid)


def _find(subject: Subject, role: str) -> Image.Image | None:
    return next((each.image for each in subject.references if each.role == role), None)


def _read_mask(mask: Image.Image, shape: tuple[int, ...]) -> Seen:
    """Where the source may change, a little wider than drawn, since edits are soft at the edge."""
    white = np.asarray(mask.convert("L").resize((shape[1], shape[0])))
    return np.asarray(cv2.dilate((white > 127).astype(np.uint8), np.ones((7, 7))) > 0)


def _measure_ssim(laid: Laid, where: Seen) -> float:
    """Mean SSIM (Wang et al. 2004) of the grey levels, -1 to 1."""
    ours, theirs = (
        np.asarray(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), np.float32)
        for p in (laid.source, laid.image)
    )
    mean, other = (cv2.GaussianBlur(p, (11, 11), 1.5) for p in (ours, theirs))
    steady = np.float32((0.01 * 255) ** 2)
    light = (2 * mean * other + steady) / (mean * mean + other * other + steady)
    structure, _ = compare_structure(ours, theirs)
    return float(np.clip((light * structure)[where].mean(), -1, 1))


def _compare_steps(pictures: tuple[Image.Image, ...]) -> float:
    """Of each image against the one before it, the source first of all."""
    pairs = zip(pictures[1:], pictures[:-1], strict=True)
    return fmean(compare(image, before).values["preservation"] for image, before in pairs)


def _draw(kept: Kept, picture: str) -> list[Outline]:
    """Where it changed; or, where the source was not found, nothing."""
    if not kept.laid.found:
        return []
    label = f"changed ({kept.laid.how})"
    return [Outline(picture, line, label) for line in trace(kept.changed, kept.laid)]
