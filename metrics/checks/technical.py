"""What images are like as images: size, light, colour, sharpness, noise, lettering.

But for the shape asked for and for watermarks, none of it is better or worse. These are the
covariates of style control: how much of a rating goes with how pictures look, whatever they show.
"""

import math
from dataclasses import dataclass
from statistics import fmean

import cv2
import numpy as np
from PIL import Image

from arenas.images.decode import MAX_PIXELS, flatten
from metrics.checks._technical.detail import measure_noise, measure_sharpness
from metrics.checks._technical.fingerprint import make_fingerprint
from metrics.checks._technical.lettering import Line, find_lines, measure_cover
from metrics.checks._technical.tones import (
    Pixels,
    measure_clipping,
    measure_colourfulness,
    read_lightness,
)
from metrics.checks._technical.watermark import find_mark
from metrics.checks.base import BaseCheck, Box, Finding, Measure, PromptFacts, Subject

# Light, colour and detail are measured once the long side fits in so many pixels, about the
# size at which raters see pictures: sharpness and noise depend on the scale. None is enlarged.
LONG_SIDE = 512


class Check(BaseCheck):
    """Each measure is the mean over the images; the formulas stand with the functions."""

    version = "2"
    title = "Technical"
    measures = (
        Measure(
            "megapixels", "MP", 0, MAX_PIXELS / 1e6, 0, "Mean size of the images.", headline=True
        ),
        Measure("width", "pixels", 1, MAX_PIXELS, 0, "Mean width."),
        Measure("height", "pixels", 1, MAX_PIXELS, 0, "Mean height."),
        Measure("aspect", "ln(w/h)", -18, 18, 0, "Above 0 wider than high, below 0 higher."),
        Measure("brightness", "L*", 0, 100, 0, "Mean lightness, from black to white."),
        Measure("contrast", "L*", 0, 50, 0, "Standard deviation of the lightness."),
        Measure("colourfulness", "", 0, 298, 0, "Strength and variety of colours; grey is 0."),
        Measure("sharpness", "share", 0, 1, 0, "Share of the detail that a blur takes away."),
        Measure("noise", "L*", 0, 100, 0, "Standard deviation of pixel noise."),
        Measure("text_amount", "share", 0, 1, 0, "Area covered by what looks like text."),
        Measure("black", "share", 0, 1, 0, "Pixels that are clipped to black."),
        Measure("white", "share", 0, 1, 0, "Pixels that are clipped to white."),
        Measure("aspect_error", "", 0, 18, -1, "|ln(width/height as it is / as asked for)|, mean."),
        Measure("watermark", "", 0, 1, -1, "How much a corner looks marked, by small text."),
        Measure("images", "", 1, 1000, 0, "How many images there are."),
    )

    def applies(self, prompt: PromptFacts) -> bool:
        return True

    def measure(self, subject: Subject) -> Finding:
        if not subject.images:
            return Finding(not_measurable="there is no image")
        each = [measure_image(image) for image in subject.images]
        asked = read_aspect(subject.prompt.expect.aspect_ratio)
        values = {name: fmean(one.values[name] for one in each) for name in each[0].values}
        values["aspect_error"] = fmean(abs(one.values["aspect"] - asked) for one in each)
        boxes = [
            Box(f"image:{index}", line.left, line.top, line.right, line.bottom, label)
            for index, one in enumerate(each)
            for label, lines in (("text?", one.lines), ("watermark?", one.marks))
            for line in lines
        ]
        return Finding(
            {**values, "images": float(len(each))},
            boxes=tuple(boxes),
            fingerprints=tuple(one.fingerprint for one in each),
        )


def read_aspect(ratio: str) -> float:
    """ln(width/height) of a ratio such as 16:9."""
    width, height = map(int, ratio.split(":"))
    return math.log(width / height)


@dataclass(frozen=True, slots=True)
class Measured:
    """One image: its measures by name; in its own pixels, lines of text and marked corners."""

    values: dict[str, float]
    lines: list[Line]
    marks: list[Line]
    fingerprint: str


def measure_image(image: Image.Image) -> Measured:
    pixels = read_pixels(image)
    height, width = pixels.shape[:2]
    seen = shrink(pixels)
    lightness = read_lightness(seen)
    lines = find_lines(lightness)
    black, white = measure_clipping(pixels)
    mark = find_mark(pixels)
    values = {
        "megapixels": width * height / 1e6,
        "width": width,
        "height": height,
        "aspect": math.log(width / height),
        "brightness": float(lightness.mean(dtype=float)),
        "contrast": min(float(lightness.std(dtype=float)), 50.0),
        "colourfulness": measure_colourfulness(seen),
        "sharpness": measure_sharpness(lightness),
        "noise": measure_noise(lightness),
        "text_amount": measure_cover(lines, *lightness.shape),
        "black": black,
        "white": white,
        "watermark": mark.score,
    }
    across, down = width / seen.shape[1], height / seen.shape[0]
    return Measured(
        values,
        [enlarge(line, across, down) for line in lines],
        list(mark.places),
        make_fingerprint(lightness),
    )


def read_pixels(image: Image.Image) -> Pixels:
    """8-bit sRGB, on neutral grey where the picture is transparent, as raters see it."""
    plain = image.mode == "RGB" and "transparency" not in image.info
    return np.asarray(image if plain else flatten(image))


def shrink(pixels: Pixels) -> Pixels:
    """The picture with its long side at 512 pixels at most, by averaging areas."""
    scale = LONG_SIDE / max(pixels.shape)
    if scale >= 1:
        return pixels
    height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
    seen: Pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return seen


def enlarge(line: Line, across: float, down: float) -> Line:
    return Line(
        round(line.left * across),
        round(line.top * down),
        round(line.right * across),
        round(line.bottom * down),
    )
