"""Where the thing is that may have been pasted in; nowhere, rather than a guess."""

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from metrics.checks._alignment.align import Laid, Pixels, Seen, Warp, align, read
from metrics.checks._preservation.change import differ, read_lab
from metrics.checks._superimposition.cutout import find_largest, fit
from metrics.checks._superimposition.retrieve import Sighting, chain, retrieve

LONG_SIDE = 1024
# What of the picture a region may be.
LEAST, MOST = 0.008, 0.7
CLEAR = 8.0  # ΔE from which a pixel belongs to what was put into the source


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A region of the picture (at most 1024 pixels long), and what found it.

    Either the source, which then lies `under` the picture, or the subject, by its `sighting`.
    """

    mask: Seen
    under: Pixels | None = None
    sighting: Sighting | None = None

    @property
    def how(self) -> str:
        return "source" if self.sighting is None else "subject"


def shrink(image: Image.Image) -> Pixels:
    return fit(read(image), LONG_SIDE)


def locate(
    image: Image.Image, pixels: Pixels, source: Image.Image | None, subject: Image.Image | None
) -> Region | None:
    """The region to look at: by the source, else by the subject, else none."""
    if source is not None:
        laid = align(image, source)
        if laid.found and (region := find_added(laid, pixels, image, source)):
            return region
    return find_subject(pixels, subject) if subject is not None else None


def find_added(
    laid: Laid, pixels: Pixels, image: Image.Image, source: Image.Image
) -> Region | None:
    """The largest thing that the source does not show; shadows are fainter than it."""
    apart = differ(read_lab(laid.source), read_lab(laid.image)) * laid.seen
    limit = max(CLEAR, 0.3 * float(np.quantile(apart, 0.98)))
    mask = find_largest((apart > limit).astype(np.uint8), 9)
    warp = laid.warp * (max(pixels.shape) / max(image.size))
    large = shrink(source)
    k = max(laid.source.shape) / max(large.shape)
    whole = chain(warp, np.array([[k, 0, (k - 1) / 2], [0, k, (k - 1) / 2]]))
    under = cv2.warpAffine(large, whole, pixels.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    there = _carry(mask, warp, pixels.shape)
    return Region(there, under=np.asarray(under, np.uint8)) if _fits(there) else None


def find_subject(pixels: Pixels, subject: Image.Image) -> Region | None:
    sighting = retrieve(pixels, shrink(subject))
    if sighting is None:
        return None
    there = _carry(sighting.silhouette, sighting.warp, pixels.shape)
    return Region(there, sighting=sighting) if _fits(there) else None


def _carry(mask: Seen, warp: Warp, shape: tuple[int, ...]) -> Seen:
    """The mask in the picture, by the warp from its pixels to the picture's."""
    there = cv2.warpAffine(mask.astype(np.float32), warp, shape[1::-1], flags=cv2.INTER_LINEAR)
    return np.asarray(there > 0.5)


def _fits(mask: Seen) -> bool:
    return bool(LEAST < mask.mean() < MOST)
