"""Photographs and drawings in stated manners, and other manners in the same colours."""

from itertools import permutations

import cv2
import numpy as np
from PIL import Image
from skimage import data

from arenas.images.decode import decode_pixels
from arenas.providers._procedural.styles import apply_style
from benchmarks.checks._rendered import SUITES

SIDE = 320


def open_scene(name: str) -> Image.Image:
    """A picture of the suite (`….webp`) or of scikit-image, 320 pixels long."""
    path = SUITES.parent / "references" / name
    picture = decode_pixels(path.read_bytes()) if name.endswith("webp") else None
    picture = picture or Image.fromarray(np.asarray(getattr(data, name)()))
    picture = picture.convert("RGB")
    picture.thumbnail((SIDE, SIDE))
    return picture


def draw_in(scene: Image.Image, style: str) -> Image.Image:
    """The scene in a style of the procedural provider; as it is where the style is empty."""
    levels = np.asarray(scene, np.float32) / np.float32(255)
    made = apply_style(levels, style).clip(0, 1) * 255
    return Image.fromarray(made.round().astype(np.uint8))


def recolour(picture: Image.Image, like: Image.Image) -> Image.Image:
    """The picture with the other's quantiles of L*, a* and b*: its colours, not its manner."""
    one, other = (cv2.cvtColor(np.asarray(each, np.float32) / 255, cv2.COLOR_RGB2LAB)
                  for each in (picture, like))  # fmt: skip
    shares = np.linspace(0, 1, 65)
    for channel in range(3):
        own = np.quantile(one[..., channel], shares) + np.arange(65) * 1e-6
        wanted = np.quantile(other[..., channel], shares)
        one[..., channel] = np.interp(one[..., channel], own, wanted)
    levels = cv2.cvtColor(one, cv2.COLOR_LAB2RGB).clip(0, 1) * 255
    return Image.fromarray(levels.round().astype(np.uint8))


def list_trials(
    styles: tuple[str, ...], scenes: tuple[str, ...]
) -> list[tuple[str, Image.Image, Image.Image, list[Image.Image]]]:
    """Style, reference, another scene in the style, and that scene in every other manner."""
    trials = []
    for style, (one, other) in (
        (style, pair) for style in styles for pair in permutations(scenes, 2)
    ):
        reference, same = draw_in(open_scene(one), style), draw_in(open_scene(other), style)
        wrong = [
            recolour(draw_in(open_scene(other), each), same)
            for each in ("", *styles)
            if each != style
        ]
        trials.append((style, reference, same, wrong))
    return trials
