"""Finds the reference subject again in the picture, either way round; or not at all."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from metrics.checks._alignment.align import Pixels, Seen, Warp, compare_structure
from metrics.checks._preservation.change import Lab, read_lab
from metrics.checks._superimposition.cutout import cut_out, fit

REFERENCE, PICTURE = 320, 512  # long sides at which corners are matched
COARSE, FINE = 144, 384  # and at which the picture is searched for the whole silhouette
CORNERS, LEAST_INLIERS, RATIO = 900, 8, 0.8
STEP = 1.18  # from one size that is tried to the next
SMALLEST, LARGEST = 0.2, 1.0  # of the picture's short side
# The correlation with the reference from which it counts as found; by corners, or by searching.
ALIKE = {"corners": 0.5, "search": 0.8}
COPY = 160  # the long side at which they are correlated


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """Where the subject is: the reference cut out, its warp to the picture, how alike (to 1)."""

    reference: Pixels
    silhouette: Seen
    warp: Warp
    alike: float
    way: str


def retrieve(pixels: Pixels, subject: Pixels) -> Sighting | None:
    """The subject by its corners, else by the correlation of the whole at any size, or None.

    Corners are SIFT's (Lowe 2004) with RANSAC (Fischler & Bolles 1981); the correlation is over
    L*, a*, b* within the silhouette, refined by the enhanced correlation coefficient (Evangelidis
    & Psarakis 2008).
    """
    if min(*pixels.shape[:2], *subject.shape[:2]) < 48:
        return None
    theirs, silhouette = crop(fit(subject, REFERENCE))
    if silhouette.sum() < 200:
        return None
    for way, seek in (("corners", match_corners), ("search", search)):
        for warp in seek(pixels, theirs, silhouette):
            alike = correlate(pixels, theirs, silhouette, warp)
            if alike > ALIKE[way]:
                return Sighting(theirs, silhouette, warp, alike, way)
    return None


def crop(picture: Pixels) -> tuple[Pixels, Seen]:
    """The subject with a little of its ground, and its silhouette."""
    silhouette = cut_out(picture)
    if not silhouette.any():
        return picture, silhouette
    rows, columns = np.flatnonzero(silhouette.any(1)), np.flatnonzero(silhouette.any(0))
    near = tuple(slice(max(0, int(at[0]) - 4), int(at[-1]) + 5) for at in (rows, columns))
    return np.ascontiguousarray(picture[near]), np.ascontiguousarray(silhouette[near])


def flip(shape: tuple[int, ...]) -> Warp:
    return np.array([[-1.0, 0, shape[1] - 1], [0, 1, 0]])


def chain(after: Warp, before: Warp) -> Warp:
    return np.asarray(after @ np.vstack([before, [0, 0, 1]]))


def match_corners(pixels: Pixels, theirs: Pixels, silhouette: Seen) -> Iterator[Warp]:
    """Where at least eight corners agree on one similarity."""
    ours = fit(pixels, PICTURE)
    k = max(pixels.shape) / max(ours.shape)
    sift = cv2.SIFT.create(CORNERS, contrastThreshold=0.02)
    here, marks = sift.detectAndCompute(cv2.cvtColor(ours, cv2.COLOR_RGB2GRAY), None)
    if marks is None or len(marks) < 2:
        return
    area = cv2.dilate(silhouette.astype(np.uint8), np.ones((5, 5), np.uint8))
    grey = cv2.cvtColor(theirs, cv2.COLOR_RGB2GRAY)
    for turned in (False, True):
        one, where = (np.ascontiguousarray(p[:, ::-1]) if turned else p for p in (grey, area))
        there, others = sift.detectAndCompute(one, where)
        if others is None:
            continue
        pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(others, marks, 2)
        good = [pair for pair, second in pairs if pair.distance < RATIO * second.distance]
        if len(good) < LEAST_INLIERS:
            continue
        start = np.array([there[pair.queryIdx].pt for pair in good])
        end = np.array([here[pair.trainIdx].pt for pair in good])
        cv2.setRNGSeed(1)
        warp, inliers = cv2.estimateAffinePartial2D(start, end, ransacReprojThreshold=3.0)
        if warp is not None and int(inliers.sum()) >= LEAST_INLIERS:
            yield k * (chain(warp, flip(grey.shape)) if turned else warp)


def search(pixels: Pixels, theirs: Pixels, silhouette: Seen) -> Iterator[Warp]:
    """The place and size of the highest correlation of either side, refined."""
    coarse = np.ascontiguousarray(read_lab(fit(pixels, COARSE)))
    lab, mask = read_lab(theirs), silhouette.astype(np.float32)
    k = max(pixels.shape) / max(coarse.shape)
    size, most = SMALLEST * min(coarse.shape[:2]), min(coarse.shape[:2]) * LARGEST
    best = (-1.0, np.eye(2, 3))
    while size <= most:
        s = size / max(mask.shape)
        for turned in (False, True):
            small, where = (
                cv2.resize(
                    p[:, ::-1] if turned else p, None, fx=s, fy=s, interpolation=cv2.INTER_AREA
                )
                for p in (lab, mask)
            )
            if min(where.shape) < 6 or any(np.greater(where.shape, coarse.shape[:2])):
                continue
            solid = np.repeat((where > 0.8).astype(np.float32)[..., None], 3, 2)
            found = cv2.matchTemplate(coarse, small, cv2.TM_CCOEFF_NORMED, mask=solid)
            found = np.where(np.isfinite(found) & (found <= 1), found, -1)
            y, x = np.unravel_index(int(found.argmax()), found.shape)
            if found[y, x] > best[0]:
                warp = np.array([[s, 0, x + (s - 1) / 2], [0, s, y + (s - 1) / 2]])
                best = (float(found[y, x]), chain(warp, flip(mask.shape)) if turned else warp)
        size *= STEP
    if best[0] < 0.5:
        return
    warp = best[1] * k
    warp[:, 2] += (k - 1) / 2
    yield refine(pixels, theirs, silhouette, warp)


def refine(pixels: Pixels, theirs: Pixels, silhouette: Seen, start: Warp) -> Warp:
    """The start bettered, with the long side of the picture at 384; or the start."""
    ours = fit(pixels, FINE)
    k = max(ours.shape) / max(pixels.shape)
    area = cv2.dilate(silhouette.astype(np.uint8), np.ones((3, 3), np.uint8)) * 255
    until = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-3)
    grey, other = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (theirs, ours))
    try:
        _, warp = cv2.findTransformECC(
            grey, other, (start * k).astype(np.float32), cv2.MOTION_AFFINE, until, area, 5
        )
    except cv2.error:  # it did not converge, or there is nothing to correlate
        return start
    better = np.asarray(warp, np.float64) / k
    before, after = (correlate(pixels, theirs, silhouette, each) for each in (start, better))
    return better if after > before else start


def correlate(pixels: Pixels, theirs: Pixels, silhouette: Seen, warp: Warp) -> float:
    """The correlation of L*, a*, b* within the silhouette, each less its mean, -1 to 1."""
    long, short = np.linalg.svd(warp[:, :2])[1]
    if not 0.02 < short <= long < min(1.5 * short, 8):
        return -1.0
    s = min(1.0, COPY / max(silhouette.shape))
    lab, there, inside = lay(pixels, theirs, silhouette, warp, s)
    if inside.sum() < 50:
        return -1.0
    ours, others = (p[inside] - p[inside].mean(0) for p in (lab, there))
    # Even areas correlate with anything: two levels of noise are added to both.
    floor = 4.0 * ours.size / 3
    return float(
        (ours * others).sum() / np.sqrt(((ours**2).sum() + floor) * ((others**2).sum() + floor))
    )


def lay(
    pixels: Pixels, theirs: Pixels, silhouette: Seen, warp: Warp, s: float
) -> tuple[Lab, Lab, Seen]:
    """The reference at a scale, the picture in its frame, and where both are the subject."""
    size = max(1, round(theirs.shape[1] * s)), max(1, round(theirs.shape[0] * s))
    small = cv2.resize(theirs, size, interpolation=cv2.INTER_AREA)
    inside = cv2.resize(silhouette.astype(np.uint8), size, interpolation=cv2.INTER_AREA) > 0
    inside = cv2.erode(inside.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    there, seen = draw_back(pixels, warp, s, size)
    return read_lab(small), read_lab(there), inside & seen


def draw_back(pixels: Pixels, warp: Warp, s: float, size: tuple[int, int]) -> tuple[Pixels, Seen]:
    """The picture in the reference's frame, averaged where larger, and where it has pixels."""
    scale = float(np.sqrt(abs(np.linalg.det(warp[:, :2])))) / s
    k = min(1.0, 1 / scale)
    ours = cv2.resize(pixels, None, fx=k, fy=k, interpolation=cv2.INTER_AREA) if k < 1 else pixels
    back = k * chain(warp, np.array([[1 / s, 0, 0], [0, 1 / s, 0]]))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    there = cv2.warpAffine(ours, back, size, flags=flags)
    full = np.full(ours.shape[:2], 255, np.uint8)
    return np.asarray(there, np.uint8), cv2.warpAffine(full, back, size, flags=flags) > 250


def measure_copy(sighting: Sighting, pixels: Pixels) -> float:
    """The structure of SSIM (Wang et al. 2004) that it shares with the reference, -1 to 1."""
    size = sighting.silhouette.shape[1::-1]
    there, _ = draw_back(pixels, sighting.warp, 1.0, size)
    grey, other = (
        cv2.cvtColor(p, cv2.COLOR_RGB2GRAY).astype(np.float32) for p in (sighting.reference, there)
    )
    alike, _ = compare_structure(grey, other)
    inside = cv2.erode(sighting.silhouette.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    return float(np.clip(alike[inside].mean(), -1, 1)) if inside.any() else 0.0
