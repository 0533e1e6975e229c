"""Perceptual fingerprints: pictures that look alike have bits alike."""

from collections.abc import Sequence
from itertools import combinations

import cv2
import numpy as np

from metrics.checks._technical.tones import Lightness

SIDE = 32  # pixels to which the picture is squeezed
LOW = 8  # frequencies kept, each way
# At most so many of the 64 bits differ between near-duplicates. Of photographs against themselves
# resized, recompressed, relit or a little cropped and of different ones, see docs/checks.md.
NEAR = 10


def make_fingerprint(lightness: Lightness) -> str:
    """64 bits as 16 hexadecimal digits, after Zauner (2010): the picture is squeezed to 32 × 32;
    of the 8 × 8 lowest frequencies of its cosine transform, without the mean, each gives whether it
    is above their median.
    """
    small = cv2.resize(lightness, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    low = cv2.dct(small.astype(np.float32))[1 : LOW + 1, 1 : LOW + 1].round(3)
    bits = (low > np.median(low)).ravel()
    return np.packbits(bits).tobytes().hex()


def measure_hamming(one: str, other: str) -> int:
    """How many bits differ between two fingerprints, 0 … 64."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def count_near_duplicates(fingerprints: Sequence[str], *, most: int = NEAR) -> int:
    """How many pictures look like an earlier one: at most `most` bits differ."""
    near = {
        later
        for earlier, later in combinations(range(len(fingerprints)), 2)
        if measure_hamming(fingerprints[earlier], fingerprints[later]) <= most
    }
    return len(near)
