"""What may happen to a picture without its subject becoming another."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

Edit = Callable[[Image.Image], Image.Image]


def compress(image: Image.Image, quality: int) -> Image.Image:
    file = BytesIO()
    image.convert("RGB").save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def warm(image: Image.Image) -> Image.Image:
    levels = np.asarray(image, np.float32) * (1.2, 1.0, 0.7)
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8))


def crop(image: Image.Image) -> Image.Image:
    return image.crop((round(image.width * 0.08), 0, image.width, round(image.height * 0.8)))


EDITS: dict[str, Edit] = {
    "as it is": lambda image: image,
    "cropped": crop,
    "dark": lambda image: ImageEnhance.Brightness(image).enhance(0.5),
    "bright": lambda image: ImageEnhance.Brightness(image).enhance(1.4),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "posterised": lambda image: ImageOps.posterize(image, 3),
    "warm": warm,
    "soft": lambda image: image.filter(ImageFilter.GaussianBlur(image.width / 300)),
    "flattened": lambda image: image.filter(ImageFilter.MedianFilter(5)),
    "small": lambda image: compress(
        image.resize((image.width * 3 // 4, image.height * 3 // 4)), 40
    ),
    "mirrored": ImageOps.mirror,
}


def paste(
    figure: Image.Image, ground: Image.Image, rng: np.random.Generator, *, side: int = 640
) -> Image.Image:
    """A figure with alpha on another ground: at any size and place, either way round, as JPEG."""
    scene = ground.convert("RGB").resize((side, side))
    size = int(rng.uniform(0.28, 0.85) * side)
    figure = figure.resize((size, size), Image.Resampling.LANCZOS)
    if rng.random() < 0.5:
        figure = ImageOps.mirror(figure)
    at = (int(rng.uniform(0, side - size)), int(rng.uniform(0, side - size)))
    scene.paste(figure, at, figure)
    return compress(scene, int(rng.uniform(40, 95)))
