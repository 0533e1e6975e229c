"""How much of a picture changed, how strongly, and where. All in the source's frame."""

import cv2
import numpy as np
from numpy.typing import NDArray

from metrics.checks._alignment.align import Laid, Pixels, Seen, compare_structure

Values = NDArray[np.float32]  # (height, width)
Lab = NDArray[np.float32]  # (height, width, 3): L* 0 to 100, a* and b*

# The colour difference (ΔE) at which a pixel counts as 1 - 1/e changed.
STRONG = 12.0
# What the asked edits may take of the picture before anything counts as lost.
SPARED = 0.2
# A pixel counts as changed from so much on; compression stays below it.
CHANGED = 0.15
# What of the picture the edited region may be: half of the strongest change, and not all of it.
OF_PEAK, MOST = 0.5, 0.6
SPECKLE = 0.0004  # of the picture
SAMPLED, ROUNDS = 8000, 6  # pixels and rounds of the fit of colours


def read_lab(pixels: Pixels) -> Lab:
    return np.asarray(cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def differ(ours: Lab, theirs: Lab) -> Values:
    """ΔE of CIE 1976: the distance in CIELAB, 0 to about 260, after a blur of σ = 1.5."""
    apart = cv2.GaussianBlur(ours - theirs, (0, 0), 1.5)
    return np.asarray(np.sqrt((apart * apart).sum(2)), np.float32)


def grade(ours: Lab, theirs: Lab) -> Values:
    """How changed each pixel is, 0 to 1: 1 - exp(-ΔE/12) · structure (Wang et al. 2004).

    Structure is that of lightness after a blur of σ = 1: another size is no change.
    """
    light, other = (
        cv2.GaussianBlur(p[..., 0] * np.float32(2.55), (0, 0), 1) for p in (ours, theirs)
    )
    alike, _ = compare_structure(light, other)
    return np.asarray(1 - np.exp(-differ(ours, theirs) / STRONG) * np.clip(alike, 0, 1), np.float32)


def recolour(ours: Lab, theirs: Lab, where: Seen) -> Lab:
    """The source in the other picture's light: each of L*, a*, b* as Σ of 1, L, a, b, L², La, Lb.

    Fitted by least squares that leave aside what lies far off (Cauchy's weights, their scale 1.5
    medians, at least ΔE 2), drawn a little towards no change. What an edit of the whole picture
    (night, another light) leaves of the source is looked for beside this.
    """
    at = np.flatnonzero(where)[:: max(1, int(where.sum()) // SAMPLED)]
    lab = ours.reshape(-1, 3)[at].astype(float) / 50
    have = np.hstack([np.ones((len(at), 1)), lab, lab * lab[:, :1]])
    want = theirs.reshape(-1, 3)[at].astype(float)
    same = np.zeros((7, 3))
    same[1:4] = 50 * np.eye(3)
    weights, pull = np.ones((len(at), 1)), 1e-4 * max(len(at), 1)
    for _ in range(ROUNDS):
        normal = (have * weights).T @ have + pull * np.eye(7)
        fit = np.linalg.solve(normal, (have * weights).T @ want + pull * same)
        far = np.linalg.norm(have @ fit - want, axis=1, keepdims=True)
        weights = 1 / (1 + (far / max(2.0, 1.5 * float(np.median(far)))) ** 2)
    plain, bent = fit[[1, 2, 3, 0]].T, fit[4:].T
    plain[:, :3] /= 50
    return np.asarray(
        cv2.transform(ours, plain) + ours[..., :1] * cv2.transform(ours, bent / 2500), np.float32
    )


def spare(change: Values) -> float:
    """The mean change of the four fifths of pixels that changed least, 0 to 1.

    An edit found from the difference grows with what was changed beside it; a fixed share does not.
    """
    kept = max(1, round((1 - SPARED) * change.size))
    return float(np.partition(change, kept - 1)[:kept].mean())


def find_changed(change: Values, seen: Seen) -> Seen:
    """Where it changed by more than compression does, without speckles."""
    return _tidy((_soften(change) > CHANGED) & seen)


def find_edit(change: Values, seen: Seen, *, edits: int) -> Seen:
    """The strongest regions, as many as edits were asked for; none where that is most of it."""
    soft = _soften(change) * seen
    peak = float(np.quantile(soft[seen], 0.99)) if seen.any() else 0.0
    parts = _tidy(soft > max(CHANGED, OF_PEAK * peak))
    count, names = cv2.connectedComponents(parts.astype(np.uint8))
    weights = np.bincount(names.ravel(), soft.ravel(), count)[1:]
    strongest = 1 + np.argsort(-weights)[:edits]
    found = cv2.dilate(np.isin(names, strongest).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    return found if found.mean() <= MOST else np.zeros_like(found)


def _soften(change: Values) -> Values:
    return np.asarray(cv2.GaussianBlur(change, (0, 0), 3), np.float32)


def _tidy(mask: Seen) -> Seen:
    """Closed over small gaps, and without what is smaller than a speckle."""
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((13, 13), np.uint8))
    _, names, stats, _ = cv2.connectedComponentsWithStats(closed)
    large = stats[:, cv2.CC_STAT_AREA] >= SPECKLE * mask.size
    large[0] = False
    return np.asarray(large[names], np.bool_)


def is_unchanged(ours: Lab, theirs: Lab, laid: Laid) -> bool:
    """Whether it is the source but for its encoding, size and crop.

    The strongest local difference (ΔE, σ = 4, less beside edges) stays near what is found all
    over the picture, and the colours as a whole did not move. A mark 10 pixels wide of 512 and
    40 levels stronger than its ground is a change.
    """
    inside = cv2.erode(laid.seen.astype(np.uint8), np.ones((15, 15), np.uint8), borderValue=1)
    if not laid.found or inside.mean() < 0.5:
        return False
    half = max(1, ours.shape[1] // 2), max(1, ours.shape[0] // 2)  # as good for wide blurs
    inside = cv2.resize(inside, half, interpolation=cv2.INTER_NEAREST) > 0
    light, square, moved = (
        cv2.GaussianBlur(cv2.resize(p, half, interpolation=cv2.INTER_AREA), (0, 0), 2)
        for p in (ours[..., 0], ours[..., 0] ** 2, ours - theirs)
    )
    spread = np.sqrt(np.maximum(square - light * light, 0))
    local = (np.sqrt((moved * moved).sum(2)) / (1 + spread / 15))[inside]
    shift = float(np.linalg.norm(moved[inside].mean(0)))
    return bool(local.max() < 1.25 * (2 + 2 * np.quantile(local, 0.9)) and shift < 1.0)


def trace(mask: Seen, laid: Laid, *, most: int = 8) -> list[tuple[tuple[int, int], ...]]:
    """The outlines of the largest parts, in pixels of the picture as it came."""
    lines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    largest = sorted(lines, key=cv2.contourArea, reverse=True)[:most]
    return [place(cv2.approxPolyDP(line, 1.5, True)[:, 0], laid) for line in largest]


def place(points: NDArray[np.int32], laid: Laid) -> tuple[tuple[int, int], ...]:
    there = points @ laid.warp[:, :2].T + laid.warp[:, 2]
    return tuple((round(float(x)), round(float(y))) for x, y in there)
