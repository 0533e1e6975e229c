"""Pictures as networks take them: (1, 3, side, side)."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from metrics.checks._adapters.weights import Network, Numbers

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_SPREAD = (0.26862954, 0.26130258, 0.27577711)
CLIP_SIDE = 224


def prepare_for_clip(image: Image.Image, network: Network) -> Numbers:
    """The middle square at the network's own side, with CLIP's own mean and deviation."""
    side = network.side(CLIP_SIDE)
    return normalise(crop_middle(image, side, resized=side), CLIP_MEAN, CLIP_SPREAD)


def crop_middle(image: Image.Image, side: int, *, resized: int) -> Image.Image:
    """The short side at `resized` pixels by bicubic interpolation, then the middle square."""
    scale = resized / min(image.size)
    # Of a very narrow picture the middle is taken first, or else it would grow without bound.
    reach = round(min(image.size) * side / resized) + 1
    left, top = (max(0, (length - reach) // 2) for length in image.size)
    middle = image.crop((left, top, image.width - left, image.height - top))
    size = (max(side, round(middle.width * scale)), max(side, round(middle.height * scale)))
    large = middle.resize(size, Image.Resampling.BICUBIC)
    x, y = (size[0] - side) // 2, (size[1] - side) // 2
    return large.crop((x, y, x + side, y + side))


def squeeze(image: Image.Image, side: int) -> Image.Image:
    """The whole picture as a square."""
    return image.resize((side, side), Image.Resampling.BICUBIC)


def normalise(image: Image.Image, mean: Sequence[float], spread: Sequence[float]) -> Numbers:
    """(levels of 0 … 1 - mean) / spread, channel by channel, red first."""
    levels = np.asarray(image.convert("RGB"), np.float32) / 255
    scaled = (levels - np.array(mean, np.float32)) / np.array(spread, np.float32)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None])
