"""Fine detail: how sharp edges are, and how much noise lies on what should be even."""

import cv2
import numpy as np

from metrics.checks._technical.tones import Lightness

# What a blur of so many pixels takes away was sharp.
BLUR = 9
# Noise is smoothed away first, or it would count as sharpness.
SMOOTHING = 1.0
# Mean step between neighbours, in L*, below which a picture has no edges to be judged by.
LEAST_VARIATION = 0.01
# The second difference of second differences: it answers to noise, not to ramps or edges along
# an axis. Noise of standard deviation σ comes out with 6σ, the root of its squares' sum.
_CURVATURE = np.outer([1, -2, 1], [1, -2, 1]).astype(np.float32)
_CURVATURE_GAIN = 6.0
_MEDIAN_OF_NORMAL = 0.6744897501960817  # the median of |z|, z standard normal


def measure_sharpness(lightness: Lightness) -> float:
    """The share of the variation between neighbours that a blur takes away, in 0 … 1.

    Σ max(0, |d| − |d'|) / Σ |d|, with d the differences of neighbours along rows and columns,
    and d' those after averaging 9 pixels along the same axis: one minus the blur of Crete et
    al. (2007), here over both axes at once and after a Gaussian of one pixel. The contrast
    cancels out. 0 for a picture without edges.
    """
    smooth = cv2.GaussianBlur(lightness, (0, 0), SMOOTHING)
    variation = lost = 0.0
    for axis, window in enumerate([(1, BLUR), (BLUR, 1)]):
        blurred = cv2.blur(smooth, window, borderType=cv2.BORDER_REPLICATE)
        steps = np.abs(np.diff(smooth, axis=axis))
        variation += float(steps.sum())
        lost += float(np.maximum(steps - np.abs(np.diff(blurred, axis=axis)), 0).sum())
    return lost / variation if variation > LEAST_VARIATION * lightness.size else 0.0


def measure_noise(lightness: Lightness) -> float:
    """The standard deviation of pixel noise in L*, 0 … 100: median |I ∗ N| / (6 · 0.6745).

    N = [[1, −2, 1], [−2, 4, −2], [1, −2, 1]] (Immerkær 1996), with the median in place of the
    mean, so that edges do not count while they cover less than half of the picture.
    """
    curvature = cv2.filter2D(lightness, -1, _CURVATURE)
    # Every fourth pixel gives the median at a quarter of the time.
    median = float(np.median(np.abs(curvature[::2, ::2])))
    return min(median / (_CURVATURE_GAIN * _MEDIAN_OF_NORMAL), 100.0)
