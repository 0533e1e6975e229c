"""Looks laid over a finished picture: painted, printed, filmed, or of a reference's palette."""

from collections.abc import Callable
from functools import lru_cache
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from arenas.providers._procedural.canvas import (
    Mask,
    Picture,
    blur,
    cloudy,
    ellipse_mask,
    luminance,
    make_rng,
    mix,
    resize,
    rgb,
    to_bytes,
    turn_hue,
)


def apply_style(picture: Picture, style: str) -> Picture:
    """The picture in that style; unchanged where the style is empty."""
    return STYLES[style](picture) if style else picture


def apply_palette(picture: Picture, reference: bytes, share: float) -> Picture:
    """Lay the reference's colours, dark to light, over the picture's own brightness."""
    palette = _palette(reference)
    steps = np.linspace(0, 1, len(palette))
    light = luminance(picture)
    mapped = np.stack([np.interp(light, steps, palette[:, c]) for c in range(3)], -1)
    return mix(picture, mapped.astype(np.float32), share)


@lru_cache(maxsize=8)
def _palette(reference: bytes) -> NDArray[np.float32]:
    small = Image.open(BytesIO(reference)).convert("RGB").resize((64, 64))
    quantised = small.quantize(6, Image.Quantize.MEDIANCUT).convert("RGB")
    colours = np.unique(np.asarray(quantised).reshape(-1, 3), axis=0).astype(np.float32) / 255
    order = np.argsort(colours @ np.array([0.3, 0.59, 0.11], np.float32))
    return colours[order].astype(np.float32)


def restyle(picture: Picture, *, key: tuple[object, ...]) -> Picture:
    """Another look altogether, chosen by the key: other hues, flattened, inked."""
    rng = make_rng("restyle", *key)
    turned = turn_hue(picture, float(rng.choice((-1, 1)) * rng.uniform(50, 90)), 1.15)
    flat = _flatten(turned, 5)
    flat *= (1 - 0.75 * _edges(picture))[..., None]
    if rng.random() < 0.5:
        flat = flat[..., ::-1] * 0.4 + flat * 0.6
    return np.clip(flat, 0, 1).astype(np.float32)


def _median(picture: Picture, size: int) -> Picture:
    return np.asarray(cv2.medianBlur(to_bytes(picture), size), np.float32) / np.float32(255)


def _odd(picture: Picture, share: float) -> int:
    return max(3, 2 * int(picture.shape[0] * share / 2) + 1)


def _edges(picture: Picture) -> Mask:
    light = blur(luminance(picture), 1.0)
    dx, dy = cv2.Sobel(light, -1, 1, 0), cv2.Sobel(light, -1, 0, 1)
    return np.asarray(np.clip(np.hypot(dx, dy) * 2.2 - 0.12, 0, 1), np.float32)


def _flatten(picture: Picture, levels: int) -> Picture:
    smooth = _median(picture, 5)
    return (np.round(smooth * (levels - 1)) / np.float32(levels - 1)).astype(np.float32)


def _watercolour(picture: Picture) -> Picture:
    h, w = picture.shape[:2]
    rng = make_rng("watercolour")
    wash = _median(picture, _odd(picture, 0.016))
    wash = mix(wash, np.ones(3, np.float32), 0.2)
    wash *= 1 - 0.35 * blur(_edges(wash), 1.2)[..., None]
    pigment = cloudy(rng, h, w, (8, 8), 4)[..., None]
    wash += (pigment - 0.5) * 0.14
    bleed = cloudy(rng, h, w, (9, 9), 3) * 0.5
    paper = ellipse_mask(h, w, (w / 2, h / 2), (w * 0.4, h * 0.41))
    share = np.clip((paper + bleed - 0.3) * 3, 0, 1)[..., None]
    return (rgb("#fbf9f2") * (1 - share) + wash * share).astype(np.float32)


def _pencil(picture: Picture) -> Picture:
    h, w = picture.shape[:2]
    light = luminance(picture)
    dodge = np.clip(light / (1.02 - blur(1 - light, h * 0.012)), 0, 1)
    rng = make_rng("pencil")
    strokes = cv2.warpAffine(
        cloudy(rng, h, w, (h // 3, 14), 1),
        cv2.getRotationMatrix2D((w / 2, h / 2), 38, 1.5), (w, h), borderMode=cv2.BORDER_REFLECT,
    )  # fmt: skip
    shade = np.clip(light * 0.9 + 0.25 + (strokes - 0.5) * (1.1 - light), 0, 1)
    grey = np.clip(dodge * (0.35 + 0.65 * shade) - 0.25 * _edges(picture), 0, 1)
    lead, paper = rgb("#2b2b30"), rgb("#faf8f2")
    return np.asarray(lead + (paper - lead) * grey[..., None], np.float32)


def _pop_art(picture: Picture) -> Picture:
    h, w = picture.shape[:2]
    loud = turn_hue(np.clip((picture - 0.5) * 1.3 + 0.5, 0, 1).astype(np.float32), 0, 1.9)
    flat = _flatten(loud, 4)
    cell = max(4, h // 80)
    y, x = np.mgrid[0:h, 0:w]
    dots = np.hypot((x % cell) - cell / 2, (y % cell) - cell / 2) / cell
    ink = (dots < 0.45 * (1 - luminance(picture)))[..., None]
    printed = np.where(ink, flat * 0.72, flat)
    return (printed * (1 - _edges(picture))[..., None]).astype(np.float32)


def _oil(picture: Picture) -> Picture:
    h, w = picture.shape[:2]
    size = _odd(picture, 0.018)
    paint = _median(_median(picture, size), size)
    relief = cloudy(make_rng("oil"), h, w, (h // 14, w // 26), 2)
    ridge = cv2.Sobel(relief, -1, 1, 1, ksize=3) * 0.9
    return np.asarray(np.clip(turn_hue(paint, 0, 1.2) * (1 + ridge[..., None]), 0, 1), np.float32)


def _noir(picture: Picture) -> Picture:
    h, w = picture.shape[:2]
    light = luminance(picture)
    level = float(np.quantile(light, 0.45))
    hard = np.clip((light - level) * 1.55 + 0.42, 0, 1)
    shade = ellipse_mask(h, w, (w * 0.5, h * 0.26), (w * 0.42, h * 0.5))
    return np.repeat((hard * (0.35 + 0.65 * shade))[..., None], 3, 2).astype(np.float32)


def _pixel(picture: Picture) -> Picture:
    h, w = picture.shape[:2]
    small = resize(picture, max(24, w // 8), max(24, h // 8))
    small = np.round(turn_hue(np.clip(small, 0, 1), 0, 1.25) * 7) / np.float32(7)
    big = cv2.resize(small.astype(np.float32), (w, h), interpolation=cv2.INTER_NEAREST)
    return np.asarray(big, np.float32)


def _vintage(picture: Picture) -> Picture:
    h, w = picture.shape[:2]
    sepia = luminance(picture)[..., None] * rgb("#f3d9b0") + rgb("#241a10") * 0.5
    faded = mix(picture, sepia.astype(np.float32), 0.62) * 0.86 + 0.08
    faded *= (0.93 + 0.1 * cloudy(make_rng("vintage"), h, w, (5, 5)))[..., None]
    rim = round(min(h, w) * 0.035)
    faded[:rim], faded[-rim:], faded[:, :rim], faded[:, -rim:] = (rgb("#f4ead2"),) * 4
    return faded.astype(np.float32)


def _comic(picture: Picture) -> Picture:
    flat = _flatten(turn_hue(picture, 0, 1.3), 6)
    return (flat * (1 - _edges(picture))[..., None]).astype(np.float32)


def _woodblock(picture: Picture) -> Picture:
    h, w = picture.shape[:2]
    flat = _flatten(_median(picture, _odd(picture, 0.01)), 6)
    flat *= (0.94 + 0.09 * cloudy(make_rng("woodblock"), h, w, (h // 5, 4), 2))[..., None]
    ink = _edges(_median(picture, 5))[..., None] * 0.85
    return (flat * (1 - ink) + rgb("#17344f") * ink).astype(np.float32)


def _glamour(picture: Picture) -> Picture:
    """Soft focus: the lights bloom, the shadows lean to violet."""
    bloom = blur(picture, picture.shape[0] * 0.018)
    soft = 1 - (1 - np.clip(picture, 0, 1)) * (1 - np.clip(bloom, 0, 1) * 0.26)
    violet = rgb("#3a1450") * (1 - luminance(picture))[..., None] * 0.35
    warm = soft * np.array([1.02, 0.95, 1.0], np.float32)
    return np.clip((warm - 0.5) * 1.22 + 0.44 + violet, 0, 1).astype(np.float32)


STYLES: dict[str, Callable[[Picture], Picture]] = {
    "glamour": _glamour,
    "woodblock": _woodblock,
    "watercolour": _watercolour,
    "pencil": _pencil,
    "popart": _pop_art,
    "oil": _oil,
    "noir": _noir,
    "pixel": _pixel,
    "vintage": _vintage,
    "comic": _comic,
}
