"""How much of an image is the reference's own pixels: the subject laid over the image anew."""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import nlargest

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from metrics.checks._identity.subjects import Frame, Portrait, shrink

FIELD = 176  # pixels: the long side at which an image is searched for the whole subject
PAD = 0.12  # of the field, beyond its rim: a subject may be cut off
STEP = 1.11  # between two sizes tried
LEAST, MOST = 0.15, 1.15  # of the field: the sizes tried
KEPT = 3  # places looked at again, larger
SIDE = 88  # the subject's long side at which edges are compared in the end
FINE_FIELD = 448  # the long side at which that is done and points are matched
LEAST_MATCHES = 8
PLAIN = 0.6  # a likeness that needs no second search
LEAST_ENERGY = 0.02  # of the subject's own edges: below, an image is taken for flat

Plane = NDArray[np.float32]
Warp = NDArray[np.float64]  # (2, 3): from the portrait's pixels to the image's


@dataclass(frozen=True, slots=True, eq=False)
class Laying:
    """The reference's subject laid into an image by a similarity: where, and how alike."""

    warp: Warp
    likeness: float  # correlation of edges, -1 … 1

    def frame(self, portrait: Portrait, size: tuple[int, int]) -> Frame:
        """The subject's bounds in the image, cut off at its rim."""
        rows, columns = np.nonzero(portrait.mask)
        corners = [[x, y, 1] for x in (columns.min(), columns.max() + 1)
                   for y in (rows.min(), rows.max() + 1)]  # fmt: skip
        xs, ys = self.warp @ np.array(corners, float).T
        left, right = np.clip([xs.min(), xs.max()], 0, size[0]).round().astype(int)
        top, bottom = np.clip([ys.min(), ys.max()], 0, size[1]).round().astype(int)
        return int(left), int(top), int(right), int(bottom)


@dataclass(frozen=True, slots=True, eq=False)
class Stamp:
    """A subject's edges at one size, either way round: what is slid over an image."""

    edges: Plane  # (h, w, 2)
    weights: Plane  # (h, w)
    warp: Warp  # from the portrait's pixels to the stamp's


def lay_over(portrait: Portrait, image: Image.Image) -> Laying:
    """The similarity under which the subject's edges lie best on the image's.

    The upright subject is slid over the image at every size, either way round; where that finds
    no plain copy, points are matched as well (SIFT, Lowe 2004; RANSAC), which finds turned ones.
    """
    small = shrink(image, FINE_FIELD)
    k, grey = image.width / small.width, to_grey(np.asarray(small))
    coarse = nlargest(KEPT, _slide_all(portrait, grey), key=lambda each: each.likeness)
    laid = [_refine(portrait, grey, each) for each in coarse]
    if max(each.likeness for each in laid) < PLAIN:
        laid += [_refine(portrait, grey, each) for each in _match_points(portrait, small)]
    best = max(laid, key=lambda each: each.likeness)
    return Laying(best.warp * k, best.likeness)


def _slide_all(portrait: Portrait, grey: Plane) -> Iterator[Laying]:
    """The best place of every size, either way round, searched at the coarse size."""
    k = FIELD / max(grey.shape)
    shape = (max(4, round(grey.shape[1] * k)), max(4, round(grey.shape[0] * k)))
    small = cv2.resize(grey, shape, interpolation=cv2.INTER_AREA)
    rim = round(FIELD * PAD)
    edges = find_edges(cv2.copyMakeBorder(small, rim, rim, rim, rim, cv2.BORDER_REPLICATE))
    size = FIELD * LEAST
    while size < FIELD * MOST:
        for stamp in _stamps(portrait, size):
            if stamp.weights.shape[0] < edges.shape[0] and stamp.weights.shape[1] < edges.shape[1]:
                likeness, x, y = _slide(stamp, edges)
                warp = stamp.warp.copy()
                warp[:, 2] += np.array([x, y]) - rim
                yield Laying(warp / k, likeness)
        size *= STEP


def _stamps(portrait: Portrait, size: float) -> Iterator[Stamp]:
    rows, columns = portrait.mask.shape
    k = size / max(rows, columns)
    shape = (max(4, round(columns * k)), max(4, round(rows * k)))
    own = cv2.resize(to_grey(portrait.pixels), shape, interpolation=cv2.INTER_AREA)
    inside = cv2.resize(portrait.mask.astype(np.float32), shape, interpolation=cv2.INTER_AREA)
    weights = cv2.erode(inside, np.ones((3, 3), np.uint8))
    kx, ky = shape[0] / columns, shape[1] / rows
    yield Stamp(find_edges(own), weights, np.array([[kx, 0, 0], [0, ky, 0]]))
    flipped = np.array([[-kx, 0, shape[0]], [0, ky, 0]])
    own, weights = np.ascontiguousarray(own[:, ::-1]), np.ascontiguousarray(weights[:, ::-1])
    yield Stamp(find_edges(own), weights, flipped)


def _slide(stamp: Stamp, edges: Plane) -> tuple[float, int, int]:
    """Where the stamp's edges are most like the image's: the likeness, x and y."""
    likeness = _correlate_all(stamp.edges, stamp.weights, edges)
    y, x = np.unravel_index(int(likeness.argmax()), likeness.shape)
    return float(likeness[y, x]), int(x), int(y)


def correlate(own: Plane, weights: Plane, edges: Plane) -> float:
    """The best likeness of the edges `own` to a part of `edges`, wherever it lies, -1 … 1."""
    return float(_correlate_all(own, weights, edges).max())


def _correlate_all(own: Plane, weights: Plane, edges: Plane) -> Plane:
    """Σ w g·g' / √(Σ w g² Σ w g'²) of gradients g and g', at every place: 1 where g' ~ g.

    Blind to brightness and contrast; edges count only where they lie alike. An image much
    flatter than the subject is not like it.
    """
    weighted = np.ascontiguousarray(own * weights[..., None])
    energy = float((own * weighted).sum())
    both = cv2.matchTemplate(edges, weighted, cv2.TM_CCORR)
    if energy <= 0:
        return np.zeros_like(both)
    steep = np.square(edges[..., 0]) + np.square(edges[..., 1])
    there = cv2.matchTemplate(steep, weights, cv2.TM_CCORR)
    likeness = both / np.sqrt(energy * np.maximum(there, LEAST_ENERGY * energy))
    return np.asarray(np.clip(likeness, -1, 1))


def _refine(portrait: Portrait, grey: Plane, laid: Laying) -> Laying:
    """The same laying, larger and at sizes between those tried."""
    rows, columns = portrait.mask.shape
    k = SIDE / max(rows, columns)
    shape, room = (round(columns * k), round(rows * k)), 6
    best = Laying(laid.warp, -1.0)
    stamp = next(_stamps(portrait, SIDE))
    middle = np.array([columns / 2, rows / 2])
    for scale in (0.92, 0.96, 1.0, 1.04, 1.08):
        warp = laid.warp.copy()
        warp[:, :2] *= scale
        warp[:, 2] = laid.warp @ np.append(middle, 1) - warp[:, :2] @ middle
        back = warp @ np.array([[1 / k, 0, -room / k], [0, 1 / k, -room / k], [0, 0, 1]])
        seen = _sample(grey, back, (shape[0] + 2 * room, shape[1] + 2 * room))
        likeness, x, y = _slide(stamp, find_edges(seen))
        if likeness > best.likeness:
            moved = warp.copy()
            moved[:, 2] += warp[:, :2] @ (np.array([x, y]) - room) / k
            best = Laying(moved, likeness)
    return best


def _sample(grey: Plane, back: Warp, size: tuple[int, int]) -> Plane:
    """The grey image seen through the warp, smoothed where that makes it smaller."""
    left, top = np.floor(_reach(back, size).min(1)).astype(int) - 4
    right, bottom = np.ceil(_reach(back, size).max(1)).astype(int) + 4
    left, top = max(0, left), max(0, top)
    part = grey[top : max(top + 1, bottom), left : max(left + 1, right)]
    if not part.size:
        return np.zeros(size[::-1], np.float32)
    step = float(np.sqrt(abs(np.linalg.det(back[:, :2]))))
    if step > 1:
        part = cv2.GaussianBlur(part, (0, 0), 0.5 * step)
    shifted = back - np.array([[0, 0, left], [0, 0, top]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(part, shifted, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    )


def _reach(back: Warp, size: tuple[int, int]) -> NDArray[np.float64]:
    wide, tall = size
    corners = np.array([[0, 0, 1], [wide, 0, 1], [0, tall, 1], [wide, tall, 1]], float)
    return np.asarray(back @ corners.T)


def to_grey(pixels: NDArray[np.uint8]) -> Plane:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32))


def find_edges(grey: Plane) -> Plane:
    """The gradient of a grey picture, slightly smoothed: (h, w, 2)."""
    soft = cv2.GaussianBlur(grey, (0, 0), 1.0)
    return np.stack([cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)], -1)


def _match_points(portrait: Portrait, small: Image.Image) -> Iterator[Laying]:
    there, known = _find_points(np.asarray(small), None, 700)
    for mirrored in (False, True):
        pixels, mask = portrait.pixels, portrait.mask.astype(np.uint8)
        if mirrored:
            pixels, mask = (
                np.ascontiguousarray(pixels[:, ::-1]),
                np.ascontiguousarray(mask[:, ::-1]),
            )
        here, marks = _find_points(pixels, mask, 300)
        warp = _agree(here, marks, there, known)
        if warp is not None and mirrored:  # from the portrait as it is
            warp = warp @ np.array([[-1, 0, pixels.shape[1] - 1], [0, 1, 0], [0, 0, 1]])
        if warp is not None:
            yield Laying(warp, 0.0)


def _find_points(
    pixels: NDArray[np.uint8], mask: NDArray[np.uint8] | None, most: int
) -> tuple[Plane, Plane]:
    finder = cv2.SIFT.create(nfeatures=most, contrastThreshold=0.02)
    points, marks = finder.detectAndCompute(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), mask)
    places = np.array([point.pt for point in points], np.float32).reshape(-1, 2)
    return places, np.zeros((0, 128), np.float32) if marks is None else marks


def _agree(here: Plane, marks: Plane, there: Plane, known: Plane) -> Warp | None:
    """The similarity that at least eight pairs of points agree on."""
    if len(here) < LEAST_MATCHES or len(there) < LEAST_MATCHES:
        return None
    pairs = cv2.BFMatcher().knnMatch(marks, known, k=2)
    kept = [one for one, other in pairs if one.distance < 0.8 * other.distance]
    if len(kept) < LEAST_MATCHES:
        return None
    cv2.setRNGSeed(1)
    warp, agreed = cv2.estimateAffinePartial2D(
        here[[each.queryIdx for each in kept]], there[[each.trainIdx for each in kept]],
        ransacReprojThreshold=3.0,
    )  # fmt: skip
    return warp if warp is not None and int(agreed.sum()) >= LEAST_MATCHES else None
