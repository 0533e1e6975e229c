"""How a picture is made, in numbers: its colours, its texture, its lines and its grain."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.feature import local_binary_pattern

SIDE = 256  # pixels: the long side at which everything is read
CHROMA, BINS = 100.0, 20  # the ends of a* and b*, and into how many parts they are cut
STEPS = np.array([0.3, 1, 2, 4, 8, 16, 32])  # levels of L* per pixel
SOFT = (0.7, 1.4, 2.8, 5.6, 11.2)  # pixels: the blurs between which bands of detail lie
WIDTHS = (3, 5, 9)  # pixels: lines up to these widths
EQUAL = (0.15, 0.5)  # levels: neighbours that differ by less are of one flat area
FAINT = 0.05  # levels of L*: what logarithms take for nothing

# Weights of distances, chosen on renderings and photographs drawn in known manners by the order
# that they should be in (`benchmarks/checks/style.py` says on which).
ONE_SET = {"texture": 8.0, "flatness": 2.0, "lines": 0.1}
ONE_HAND = {"grain": 1.1, "lines": 0.08}
HUE_SHARE = 0.1  # exponent of colours within a set, whose things may be of other colours

Plane = NDArray[np.float32]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Manner:
    """`chroma` (20, 20) is a histogram that sums to 1; `texture` (30,) and `flatness` (4,) are
    shares; `grain` (4,) and `lines` (6,) are logarithms."""

    chroma: Numbers
    texture: Numbers
    flatness: Numbers
    grain: Numbers
    lines: Numbers


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two manners are, 0 … 1 each."""

    colour: float
    texture: float
    grain: float

    @property
    def of_one_set(self) -> float:
        """What pictures of one style and different things have in common."""
        return float(self.colour**HUE_SHARE * self.texture)

    @property
    def of_one_hand(self) -> float:
        """What a picture has in common with a reference of its style."""
        return self.colour * self.grain


def read_manner(image: Image.Image) -> Manner:
    picture = image.convert("RGB")
    picture.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    lab = cv2.cvtColor(np.asarray(picture, np.float32) / 255, cv2.COLOR_RGB2LAB)
    light = np.ascontiguousarray(lab[..., 0])
    return Manner(
        _read_chroma(lab), _read_texture(light), _read_flatness(lab), _read_grain(light),
        _read_lines(light),
    )  # fmt: skip


def compare_manners(one: Manner, other: Manner) -> Likeness:
    """Colour: Σ √(p q) of the histograms p and q (Bhattacharyya 1943); else exp(-Σ w d).

    Each d is a mean absolute difference. Lightness is left out of colours, since day and night
    are no styles.
    """
    return Likeness(
        min(1.0, float(np.sqrt(one.chroma * other.chroma).sum())),
        _fade(one, other, ONE_SET),
        _fade(one, other, ONE_HAND),
    )


def _fade(one: Manner, other: Manner, weights: dict[str, float]) -> float:
    apart = sum(
        weight * float(np.abs(getattr(one, name) - getattr(other, name)).mean())
        for name, weight in weights.items()
    )
    return float(np.exp(-apart))


def _read_chroma(lab: Plane) -> Numbers:
    """How often each a* and b* occurs, smoothed by a bin, so that near colours count as alike."""
    ends = [(-CHROMA, CHROMA)] * 2
    chroma = lab[..., 1:].reshape(-1, 2)
    counts, _, _ = np.histogram2d(chroma[:, 0], chroma[:, 1], bins=BINS, range=ends)
    smooth = cv2.GaussianBlur(counts, (0, 0), 1.0)
    return np.asarray(smooth / max(smooth.sum(), 1e-9), float)


def _read_texture(light: Plane) -> Numbers:
    """Steepness at three scales and local binary patterns (Ojala et al. 2002), as sums."""
    parts = []
    for sigma in (0.0, 1.0, 2.5):
        soft = cv2.GaussianBlur(light, (0, 0), sigma) if sigma else light
        steps = np.hypot(cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)) / 8
        parts.append(np.array([np.count_nonzero(steps < each) for each in STEPS]) / light.size)
    patterns = local_binary_pattern(light.round().astype(np.uint8), 8, 1, "uniform")
    parts.append(
        np.cumsum(np.bincount(patterns.astype(int).ravel(), minlength=10)[:9]) / light.size
    )
    return np.concatenate(parts)


def _read_flatness(lab: Plane) -> Numbers:
    """The share of neighbours that hardly differ, in L* and in a*: flat areas of one paint."""
    if lab.shape[1] < 2:
        return np.ones(2 * len(EQUAL))
    steps = np.abs(np.diff(lab[..., :2], axis=1))
    return np.array([(steps[..., n] < each).mean() for n in range(2) for each in EQUAL], float)


def _read_grain(light: Plane) -> Numbers:
    """By how much the contrast of detail grows from each scale to the next, in logarithms."""
    bands, last = [], light
    for sigma in SOFT:
        soft = cv2.GaussianBlur(light, (0, 0), sigma)
        bands.append(np.log(float((last - soft).std()) + FAINT))
        last = soft
    return np.diff(bands)


def _read_lines(light: Plane) -> Numbers:
    """How much is drawn in dark and in bright lines of each width, in logarithms.

    Means of the black and white top-hat transforms (Serra 1982).
    """
    discs = [cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)) for width in WIDTHS]
    hats = [
        cv2.morphologyEx(light, operation, disc).mean()
        for disc in discs
        for operation in (cv2.MORPH_BLACKHAT, cv2.MORPH_TOPHAT)
    ]
    return np.asarray(np.log(np.array(hats, float) + FAINT))
