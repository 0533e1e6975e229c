"""Cuts the subject out of its own picture."""

import cv2
import numpy as np

from metrics.checks._alignment.align import Pixels, Seen
from metrics.checks._preservation.change import read_lab


def cut_out(pixels: Pixels) -> Seen:
    """The subject of its own picture: what differs from an even ground, or else GrabCut's guess.

    GrabCut: Rother, Kolmogorov & Blake 2004.
    """
    lab = read_lab(pixels)
    border = np.concatenate(
        [lab[:3].reshape(-1, 3), lab[:, :3].reshape(-1, 3), lab[:, -3:].reshape(-1, 3)]
    )
    ground = np.median(border, axis=0)
    apart = np.linalg.norm(lab - ground, axis=2)
    if np.quantile(np.linalg.norm(border - ground, axis=1), 0.8) < 4:
        return find_largest((apart > 6).astype(np.uint8), 5)
    small = fit(pixels, 160)
    h, w = small.shape[:2]
    labels = np.full((h, w), cv2.GC_PR_BGD, np.uint8)
    y, x = (np.mgrid[0:h, 0:w].T / np.array([h, w]) - 0.5).T
    labels[(x / 0.4) ** 2 + ((y - 0.03) / 0.45) ** 2 < 1] = cv2.GC_PR_FGD
    labels[(x / 0.15) ** 2 + (y / 0.15) ** 2 < 1] = cv2.GC_FGD
    labels[:2], labels[:, :2], labels[:, -2:] = cv2.GC_BGD, cv2.GC_BGD, cv2.GC_BGD
    cv2.setRNGSeed(1)
    cv2.grabCut(small, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), 2, cv2.GC_INIT_WITH_MASK)
    inside = ((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)).astype(np.float32)
    full = cv2.resize(cv2.GaussianBlur(inside, (0, 0), 0.8), pixels.shape[1::-1])
    return find_largest((full > 0.5).astype(np.uint8), 3)


def find_largest(mask: Pixels, gap: int) -> Seen:
    """The largest part, closed over gaps and without holes."""
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((gap, gap), np.uint8))
    lines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    whole = np.zeros(mask.shape, np.uint8)
    if lines:
        cv2.drawContours(whole, [max(lines, key=cv2.contourArea)], -1, 1, -1)
    opened = cv2.morphologyEx(whole, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return np.asarray(opened > 0)


def fit(pixels: Pixels, long_side: int) -> Pixels:
    scale = long_side / max(pixels.shape)
    if scale >= 1:
        return pixels
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
