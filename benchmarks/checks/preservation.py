"""Over-edits in order of their strength, and pictures that came back unchanged.

Developed on prompts with the sources of DEVELOPED_ON, reported on those of HELD_OUT.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO

import numpy as np
from PIL import Image, ImageOps
from scipy.stats import spearmanr
from skimage import data
from sklearn.datasets import load_sample_images

from arenas.providers.base import Request
from benchmarks.checks._pictures import draw, find, list_requests
from benchmarks.checks.table import Row, resample
from metrics.checks.preservation import compare

DEVELOPED_ON = ("room", "person", "cat", "harbour")
HELD_OUT = ("street", "coffee", "rocket", "camera")
STRENGTHS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
MODEL = "maple"
LOCAL, WHOLE = ("preservation", "composition"), ("edits", "sequential")  # categories of the suite
# Ways in which a picture comes back unchanged; those of the development: see the documentation.
ENCODINGS: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG 40": lambda image: encode(image, "JPEG", 40),
    "JPEG 75": lambda image: encode(image, "JPEG", 75),
    "WebP 55": lambda image: encode(image, "WEBP", 55),
    "smaller": lambda image: scale(image, 0.6),
    "larger, JPEG 85": lambda image: encode(scale(image, 1.8), "JPEG", 85),
    "1024 square, JPEG 80": lambda image: encode(ImageOps.fit(image, (1024, 1024)), "JPEG", 80),
    "3:2": lambda image: ImageOps.fit(image, (1152, 768)),
}


def run(seed: int) -> list[Row]:
    orders = {name: list(order_strengths(name, LOCAL)) for name in HELD_OUT}
    whole = {name: list(order_strengths(name, WHOLE)) for name in HELD_OUT}
    found = {name: [is_same(change(image), image) for change in ENCODINGS.values()]
             for name, image in list_pictures()}  # fmt: skip
    false = {name: [is_same(edited, image) for edited in mark(image, seed)]
             for name, image in list_pictures()}  # fmt: skip
    drawn = [flag for name in HELD_OUT for flag in look_at_edits(name)]
    both = {name: orders[name] + whole[name] for name in HELD_OUT}
    return [
        *count("over-edit strengths: mean Spearman of 1 - preservation", both, "≥ 0.95", seed),
        *count("  where one place was to be edited", orders, "≥ 0.95", seed),
        *count("  where several edits, some of the whole picture", whole, "", seed),
        *count("returned unchanged, found", found, "1", seed),
        *count("small marks (12 to 30 px of 512) taken for unchanged", false, "0", seed),
        Row("asked edits taken for unchanged", float(np.mean(drawn)), None, "0", len(drawn)),
    ]  # fmt: skip


def count(what: str, cases: Mapping[str, Sequence[float]], target: str, seed: int) -> Iterator[Row]:
    each = [case for several in cases.values() for case in several]
    some = {name: several for name, several in cases.items() if several}
    interval = resample(some, lambda drawn: float(np.mean(drawn)), seed=seed)
    yield Row(what, float(np.mean(each)), interval, target, len(each))


def order_strengths(name: str, categories: Sequence[str]) -> Iterator[float]:
    """The rank correlation of every prompt's over-edits with their strengths."""
    for request in list_edits(name):
        if request.category in categories:
            source, edits = find(request, "source"), max(1, len(request.expect.edits))
            kept = [
                compare(draw(request, MODEL, over_editing=s), source, edits=edits).values
                for s in STRENGTHS
            ]
            lost = [-values["preservation"] for values in kept]
            yield float(spearmanr(STRENGTHS, lost).statistic)


def look_at_edits(name: str) -> Iterator[bool]:
    """Whether what a prompt's edits made is taken for its source."""
    for request in list_edits(name):
        yield is_same(draw(request, MODEL), find(request, "source"))


def list_edits(name: str) -> list[Request]:
    """The suite's prompts that edit this source."""
    return [
        request
        for request in list_requests()
        if any(r.id == name and r.role == "source" for r in request.references)
    ]


def list_pictures() -> Iterator[tuple[str, Image.Image]]:
    for name in ("coffee", "rocket", "gravel", "retina", "camera"):
        yield name, Image.fromarray(getattr(data, name)()).convert("RGB")
    for name, pixels in zip(("china", "flower"), load_sample_images().images, strict=True):
        yield name, Image.fromarray(pixels)


def is_same(image: Image.Image, source: Image.Image) -> bool:
    return compare(image, source).values["unchanged"] == 1


def mark(image: Image.Image, seed: int) -> Iterator[Image.Image]:
    """A disc of another colour somewhere, so many levels from what lies there."""
    pixels = np.asarray(image, np.float32)
    height, width = pixels.shape[:2]
    y, x = np.mgrid[:height, :width]
    for across, levels in ((12, 60), (12, 120), (20, 45), (20, 90), (30, 40), (30, 120)):
        rng = np.random.default_rng([seed, across, levels, width])
        at = rng.uniform(0.15, 0.85, 2) * (width, height)
        radius = across * max(width, height) / 1024
        disc = np.clip(radius - np.hypot(x - at[0], y - at[1]) + 0.5, 0, 1)[..., None]
        colour = rng.standard_normal(3)
        colour *= levels / np.linalg.norm(colour)
        ground = pixels[int(at[1]), int(at[0])]
        colour = np.where((ground + colour > 255) | (ground + colour < 0), -colour, colour)
        marked = np.clip(pixels + colour * disc, 0, 255).astype(np.uint8)
        yield encode(Image.fromarray(marked), "JPEG", 90)


def encode(image: Image.Image, form: str, quality: int) -> Image.Image:
    buffer = BytesIO()
    image.save(buffer, form, quality=quality)
    return Image.open(BytesIO(buffer.getvalue())).convert("RGB")


def scale(image: Image.Image, by: float) -> Image.Image:
    return image.resize(
        (round(image.width * by), round(image.height * by)), Image.Resampling.LANCZOS
    )
