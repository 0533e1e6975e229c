"""Light and colour: how bright, how varied, how colourful, and what is clipped."""

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # (height, width, 3), sRGB
Lightness = NDArray[np.float32]  # (height, width), CIELAB L* in 0 … 100

# Encoders move black and white by a level or two.
CLIPPED_LEVELS = 2
_OPPONENTS = np.array([[1, -1, 0], [0.5, 0.5, -1]], np.float32)


def read_lightness(pixels: Pixels) -> Lightness:
    """CIELAB L* of sRGB pixels under D65 (CIE 15:2004): 0 is black, 100 is white.

    OpenCV interpolates the formula; the result is within 0.3 of it.
    """
    lab: Lightness = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return np.clip(lab[..., 0], 0, 100)


def measure_colourfulness(pixels: Pixels) -> float:
    """Hasler & Süsstrunk (2003): √(σ_rg² + σ_yb²) + 0.3 √(μ_rg² + μ_yb²), 0 for greys.

    rg = R − G and yb = (R + G)/2 − B in levels of 0 … 255. √(σ² + μ²) is at most
    √(255² + 127.5²) = 285.1, hence the whole at most √1.09 · 285.1 = 297.7.
    """
    mean, spread = cv2.meanStdDev(cv2.transform(pixels.astype(np.float32), _OPPONENTS))
    return float(np.linalg.norm(spread) + 0.3 * np.linalg.norm(mean))


def measure_clipping(pixels: Pixels) -> tuple[float, float]:
    """The shares of pixels with all three channels at the lower, and at the upper end."""
    low = cv2.inRange(pixels, (0,) * 3, (CLIPPED_LEVELS,) * 3)
    high = cv2.inRange(pixels, (255 - CLIPPED_LEVELS,) * 3, (255,) * 3)
    return cv2.countNonZero(low) / low.size, cv2.countNonZero(high) / high.size
