"""Pictures as float arrays, and the few brushes that everything else is painted with."""

import hashlib
from collections.abc import Sequence
from io import BytesIO
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.float32]  # (height, width, 3) or (height, width, 4), sRGB from 0 to 1
Mask = NDArray[np.float32]  # (height, width), 0 to 1
Colour = NDArray[np.float32]  # (3,)
Points = Sequence[tuple[float, float]]

_SHIFT = 4  # fractional bits of OpenCV's polygon coordinates


def make_rng(*key: object) -> np.random.Generator:
    """A generator that depends on the key alone, so that no draw disturbs another."""
    digest = hashlib.sha256("\x1f".join(map(str, key)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def rgb(colour: str) -> Colour:
    return np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)], np.float32)


def mix(a: NDArray[np.float32], b: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    return a + (b - a) * np.float32(share)


def canvas_size(aspect_ratio: str, long_side: int) -> tuple[int, int]:
    """Width and height in pixels. Raises ValueError for a ratio that is not like `4:3`."""
    across, _, down = aspect_ratio.partition(":")
    try:
        ratio = float(across) / float(down)
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"aspect_ratio {aspect_ratio!r} is not like 4:3") from None
    if not 0.2 <= ratio <= 5:
        raise ValueError(f"aspect_ratio {aspect_ratio!r} is beyond 1:5 and 5:1")
    if ratio >= 1:
        return long_side, round(long_side / ratio)
    return round(long_side * ratio), long_side


def decode(data: bytes) -> Picture:
    """The picture of a file, with alpha."""
    return np.asarray(Image.open(BytesIO(data)).convert("RGBA"), np.float32) / np.float32(255)


def encode(picture: Picture, *, quality: int = 95) -> bytes:
    buffer = BytesIO()
    Image.fromarray(to_bytes(picture)).save(buffer, "JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()


def to_bytes(picture: Picture) -> NDArray[np.uint8]:
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)


def cover(picture: Picture, width: int, height: int) -> Picture:
    """The picture scaled and cropped about its centre, so that it fills the canvas."""
    h, w = picture.shape[:2]
    scale = max(width / w, height / h)
    cut_w, cut_h = min(w, round(width / scale)), min(h, round(height / scale))
    x, y = (w - cut_w) // 2, (h - cut_h) // 2
    return resize(picture[y : y + cut_h, x : x + cut_w], width, height)


def resize(picture: Picture, width: int, height: int) -> Picture:
    smaller = width < picture.shape[1]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return cast(Picture, cv2.resize(picture, (max(1, width), max(1, height)), interpolation=how))


def blur(picture: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    if sigma < 0.15:
        return picture
    return cast(Picture, cv2.GaussianBlur(picture, (0, 0), sigma))


def luminance(picture: Picture) -> Mask:
    return cast(Mask, cv2.cvtColor(np.ascontiguousarray(picture[..., :3]), cv2.COLOR_RGB2GRAY))


def to_hsv(picture: Picture) -> Picture:
    """Hue in degrees, saturation and value from 0 to 1."""
    return cast(Picture, cv2.cvtColor(np.clip(picture[..., :3], 0, 1), cv2.COLOR_RGB2HSV))


def from_hsv(picture: Picture) -> Picture:
    return cast(Picture, cv2.cvtColor(picture, cv2.COLOR_HSV2RGB))


def turn_hue(picture: Picture, degrees: float, saturation: float = 1.0) -> Picture:
    hsv = to_hsv(picture)
    hsv[..., 0] = (hsv[..., 0] + degrees) % 360
    hsv[..., 1] = np.clip(hsv[..., 1] * saturation, 0, 1)
    return from_hsv(hsv)


def gradient(height: int, width: int, stops: Sequence[Colour]) -> Picture:
    """A vertical gradient through the colours."""
    at = np.linspace(0, len(stops) - 1, height)
    table = np.stack(stops)
    column = np.stack([np.interp(at, np.arange(len(stops)), table[:, c]) for c in range(3)], 1)
    return np.repeat(column[:, None].astype(np.float32), width, 1)


def cloudy(
    rng: np.random.Generator, height: int, width: int, cells: tuple[int, int], octaves: int = 4
) -> Mask:
    """Smooth noise from 0 to 1 with `cells` (down, across) in its coarsest octave."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        coarse = rng.random((cells[0] * 2**octave + 1, cells[1] * 2**octave + 1), np.float32)
        fine = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        total += fine / np.float32(2**octave)
    low, high = float(total.min()), float(total.max())
    return ((total - low) / max(high - low, 1e-6)).astype(np.float32)


def blend(picture: Picture, over: NDArray[np.float32], mask: Mask) -> None:
    """Paint `over` onto the picture, in place, where the mask says."""
    picture += (over - picture) * mask[..., None]


def glow(picture: Picture, centre: tuple[float, float], radius: float, colour: Colour) -> None:
    """Light that falls off around a point, in place."""
    h, w = picture.shape[:2]
    y = (np.arange(h, dtype=np.float32) - np.float32(centre[1])) / np.float32(radius)
    x = (np.arange(w, dtype=np.float32) - np.float32(centre[0])) / np.float32(radius)
    light = np.exp(-(y * y))[:, None] * np.exp(-(x * x))[None, :]
    picture += light[..., None] * colour * (1 - 0.5 * picture)


def fill(
    picture: Picture,
    points: Points,
    colour: Colour,
    *,
    bottom: Colour | None = None,
    alpha: float = 1.0,
    soft: float = 0.0,
) -> None:
    """Fill a polygon, in place, with one colour or a vertical gradient."""
    h, w = picture.shape[:2]
    p = np.asarray(points, float)
    pad = int(3 * soft) + 2
    x0, y0 = (max(0, int(v) - pad) for v in p.min(0))
    x1, y1 = min(w, int(p[:, 0].max()) + pad + 1), min(h, int(p[:, 1].max()) + pad + 1)
    if x1 <= x0 or y1 <= y0:
        return
    stencil = np.zeros((y1 - y0, x1 - x0), np.uint8)
    fixed = np.round((p - (x0, y0)) * 2**_SHIFT).astype(np.int32)
    cv2.fillPoly(stencil, [fixed], 255, cv2.LINE_AA, _SHIFT)
    mask = blur(stencil.astype(np.float32) * np.float32(alpha / 255), soft)
    paint = colour if bottom is None else gradient(y1 - y0, 1, (colour, bottom))
    blend(picture[y0:y1, x0:x1], paint, mask)


def disc(
    picture: Picture,
    centre: tuple[float, float],
    radii: tuple[float, float],
    colour: Colour,
    *,
    bottom: Colour | None = None,
    alpha: float = 1.0,
    soft: float = 0.0,
) -> None:
    """Fill an ellipse, in place."""
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    xs, ys = centre[0] + radii[0] * np.cos(angle), centre[1] + radii[1] * np.sin(angle)
    points = list(zip(xs.tolist(), ys.tolist(), strict=True))
    fill(picture, points, colour, bottom=bottom, alpha=alpha, soft=soft)


def box(
    picture: Picture,
    left: float,
    top: float,
    right: float,
    bottom: float,
    colour: Colour,
    *,
    low: Colour | None = None,
    alpha: float = 1.0,
    soft: float = 0.0,
) -> None:
    """Fill a rectangle, in place."""
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    fill(picture, corners, colour, bottom=low, alpha=alpha, soft=soft)


def ellipse_mask(
    height: int, width: int, centre: tuple[float, float], radii: tuple[float, float]
) -> Mask:
    """One inside the ellipse, falling smoothly to zero at 1.6 times its radii."""
    y, x = np.ogrid[0:height, 0:width]
    d = np.sqrt(((x - centre[0]) / radii[0]) ** 2 + ((y - centre[1]) / radii[1]) ** 2)
    t = np.clip((1.6 - d) / 0.6, 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)
