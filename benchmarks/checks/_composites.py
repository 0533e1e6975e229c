"""Things put into pictures, blended or pasted: the truth behind `superimposition`."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from skimage import data
from sklearn.datasets import load_sample_images

from arenas.providers._procedural.cutouts import cut_out
from arenas.providers.base import Request
from arenas.suites.samples import load_sample
from benchmarks.checks._pictures import draw

Floats = NDArray[np.float32]
REFERENCES = Path(__file__).parents[2] / "fixtures/references"
# What is wrong with a pasted thing beside its edge, which is hard, rimmed or soft all around.
FAULTS = ("hard", "rim", "soft", "noise", "colour", "sharpness", "compression")


@dataclass(frozen=True, slots=True)
class Split:
    """What one half of the bench is made of: nothing of it stands in the other half."""

    backgrounds: tuple[str, ...]
    cutouts: tuple[str, ...]
    sizes: tuple[int, ...]
    qualities: tuple[int, ...]
    model: str  # whose taste the procedural provider's own composites have
    varied: bool = False  # whether scenes come in other light too, and shadows now and then odd


DEVELOPED_ON = Split(
    ("astronaut", "chelsea", "rocket", "brick", "hubble_deep_field", "motorcycle", "camera",
     "coins", "immunohistochemistry", "scene:beach", "scene:forest", "scene:library",
     "scene:city street", "scene:desert", "scene:market", "scene:studio"),
    ("person", "fox", "chair", "cat", "blob:rocket", "blob:motorcycle", "blob:astronaut",
     "blob:immunohistochemistry"),
    (512, 768, 896),
    (95, 85, 80, 75, 60),
    "birch",
    varied=True,
)  # fmt: skip
HELD_OUT = Split(
    ("china", "flower", "coffee", "gravel", "grass", "retina",
     "scene:meadow", "scene:snowy mountain", "scene:kitchen", "scene:harbour"),
    ("cup", "robot", "mug", "girl", "stone"),
    (640, 1024),
    (90, 70),
    "maple",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """One composite, with the picture before it and the reference of what was put in."""

    background: str
    cutout: str
    kind: str  # `blended` or a fault
    image: Image.Image
    source: Image.Image
    subject: Image.Image


# Cutouts that come from a background: never put into it.
ORIGINS = {"person": "astronaut", "cat": "chelsea", "cup": "coffee"}


def make_composites(split: Split, *, seed: int, each: int = 1) -> Iterator[Made]:
    """Every background with every cutout: as often blended as pasted, sizes and qualities drawn."""
    for background in split.backgrounds:
        for cutout in split.cutouts:
            if ORIGINS.get(cutout, cutout.removeprefix("blob:")) == background:
                continue
            for n in range(each):
                rng = np.random.default_rng([seed, *map(ord, background + cutout), n])
                yield from make_pair(split, background, cutout, rng)


def make_pair(
    split: Split, background: str, cutout: str, rng: np.random.Generator
) -> Iterator[Made]:
    size, quality = int(rng.choice(split.sizes)), int(rng.choice(split.qualities))
    scene = read_background(background, size)
    if split.varied:
        scene = vary(scene, rng)
    source = encode(scene, 92)
    thing = grow_blob(cutout[5:], rng) if cutout.startswith("blob:") else read_cutout(cutout)
    for kind in ("blended", str(rng.choice(FAULTS))):
        odd = split.varied and rng.random() < 0.3
        image = encode(put(scene, thing, kind, rng, odd=odd), quality)
        yield Made(background, cutout, kind, image, source, show(thing))


def vary(scene: Floats, rng: np.random.Generator) -> Floats:
    """Half of the scenes in another light, softer or noisier."""
    if rng.random() < 0.5:
        return scene
    gain = np.exp(rng.normal(0, 0.15, 3)).astype(np.float32)
    lit = np.clip(scene * gain, 0, 1) ** np.float32(np.exp(rng.normal(0, 0.2)))
    soft = cv2.GaussianBlur(lit, (0, 0), float(rng.uniform(0.3, 1.2)))
    grain = rng.standard_normal(scene.shape).astype(np.float32)
    return np.clip(soft + grain * np.float32(rng.uniform(0, 0.02)), 0, 1)


def grow_blob(name: str, rng: np.random.Generator) -> Floats:
    """A piece of a photograph of any shape: where smooth noise is high about the middle."""
    scene, side = read_background(name, 640), int(rng.integers(220, 360))
    top, left = (int(rng.integers(0, most - side)) for most in scene.shape[:2])
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    waves = cv2.GaussianBlur(rng.standard_normal((side, side)), (0, 0), side / 9)
    high = waves / waves.std() * 0.16 + 0.68 - np.hypot(x, y)
    parts = cv2.connectedComponents((high > 0).astype(np.uint8))[1]
    alpha = np.clip(high * side / 2 + 0.5, 0, 1) * (parts == parts[side // 2, side // 2])
    picture = scene[top : top + side, left : left + side]
    return np.dstack([picture, alpha]).astype(np.float32)


def list_untouched(split: Split, *, seed: int) -> Iterator[tuple[str, Image.Image]]:
    rng = np.random.default_rng(seed)
    for name in split.backgrounds:
        scene = read_background(name, int(rng.choice(split.sizes)))
        yield name, encode(scene, int(rng.choice(split.qualities)))


def list_own(split: Split, *, seed: int) -> Iterator[tuple[str, Image.Image, Image.Image]]:
    """Untouched pictures, each with a piece of its own as the subject."""
    for name in split.backgrounds:
        rng = np.random.default_rng([seed, *map(ord, name)])
        scene = read_background(name, int(rng.choice(split.sizes)))
        image = encode(scene, int(rng.choice(split.qualities)))
        yield name, image, show(grow_blob(name, rng))


@cache
def read_background(name: str, size: int) -> Floats:
    """The picture, 0 to 1, its long side of so many pixels."""
    if name.startswith("scene:"):
        return to_floats(draw(Request(name, (f"A {name[6:]}.",)), "scene", size=size))
    if name in ("china", "flower"):
        pixels = load_sample_images().images[name == "flower"]
    elif name == "motorcycle":
        pixels = data.stereo_motorcycle()[0]
    else:
        pixels = getattr(data, name)()
    picture = Image.fromarray(pixels).convert("RGB")
    return to_floats(ImageOps.contain(picture, (size, size), Image.Resampling.LANCZOS))


@cache
def read_cutout(name: str) -> Floats:
    """A thing with alpha, (height, width, 4)."""
    if name == "person":
        return cut_out(load_sample("astronaut")[0]).picture
    if name == "cat":
        return _oval(data.chelsea(), (225, 130), (125, 120))
    if name == "cup":
        return _oval(data.coffee(), (310, 190), (170, 120))
    if name == "stone":
        return _oval(data.moon(), (256, 256), (190, 170))
    return cut_out((REFERENCES / f"{name}.webp").read_bytes()).picture


def _oval(pixels: NDArray[np.uint8], middle: tuple[int, int], radii: tuple[int, int]) -> Floats:
    picture = np.asarray(Image.fromarray(pixels).convert("RGBA"), np.float32) / np.float32(255)
    height, width = picture.shape[:2]
    alpha = np.zeros((height * 4, width * 4), np.float32)
    at = (middle[0] * 4, middle[1] * 4)
    cv2.ellipse(alpha, at, (radii[0] * 4, radii[1] * 4), 0, 0, 360, 1.0, -1)
    picture[..., 3] = cv2.resize(alpha, (width, height), interpolation=cv2.INTER_AREA)
    (x, y), (w, h) = middle, radii
    return np.ascontiguousarray(picture[max(0, y - h) : y + h, max(0, x - w) : x + w])


def put(
    scene: Floats, cutout: Floats, kind: str, rng: np.random.Generator, *, odd: bool = False
) -> Floats:
    """The thing in the scene, standing or hanging somewhere in it.

    What is blended casts a shadow and what is pasted casts none; an odd thing does as the other.
    """
    height, width = scene.shape[:2]
    k = float(rng.uniform(0.3, 0.6)) * min(height, width) / max(cutout.shape[:2])
    size = max(8, round(cutout.shape[1] * k)), max(8, round(cutout.shape[0] * k))
    thing = cv2.resize(cutout, size, interpolation=cv2.INTER_AREA if k < 1 else cv2.INTER_CUBIC)
    thing = np.clip(thing, 0, 1)
    left = int(rng.uniform(0.05, 0.95) * (width - size[0]))
    top = int(rng.uniform(0.45, 0.97) * (height - size[1]))
    whole = np.zeros((height, width, 4), np.float32)
    whole[top : top + size[1], left : left + size[0]] = thing
    colour, alpha = whole[..., :3], whole[..., 3]
    if kind == "blended":
        return _blend(scene, scene if odd else _shade(scene, alpha), colour, alpha, rng)
    if odd:
        scene = _shade(scene, alpha)
    colour, alpha = _spoil(colour, alpha, kind, rng, scene)
    return scene + (colour - scene) * alpha[..., None]


def _blend(
    scene: Floats, under: Floats, colour: Floats, alpha: Floats, rng: np.random.Generator
) -> Floats:
    """Light, noise and softness of the scene; every third by Poisson's equation."""
    inside, around = alpha > 0.5, _around(alpha)
    own, its = colour[inside].mean(0), scene[around].mean(0)
    lit = colour * (0.45 + 0.55 * np.clip((its + 0.15) / (own + 0.15), 0.5, 1.6))
    grain, blur = _measure_grain(scene, around), float(rng.uniform(0.6, 1.1))
    lit = cv2.GaussianBlur(lit, (0, 0), blur)
    soft = cv2.GaussianBlur(alpha, (0, 0), blur)
    lit += rng.standard_normal((*alpha.shape, 1)).astype(np.float32) * grain
    if rng.random() < 0.35:
        mask = (cv2.dilate(alpha, np.ones((5, 5))) > 0.5).astype(np.uint8) * 255
        mask[:2], mask[-2:], mask[:, :2], mask[:, -2:] = 0, 0, 0, 0
        rows, columns = np.nonzero(mask)
        middle = (int(columns.min() + columns.max()) // 2, int(rows.min() + rows.max()) // 2)
        mixed = under + (lit - under) * soft[..., None]
        done = cv2.seamlessClone(_bytes(mixed), _bytes(under), mask, middle, cv2.NORMAL_CLONE)
        return done.astype(np.float32) / 255
    return under + (lit - under) * soft[..., None]


def _shade(scene: Floats, alpha: Floats) -> Floats:
    """A contact shadow under the foot."""
    rows, columns = np.nonzero(alpha > 0.5)
    tall, wide = int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
    shade = np.zeros(alpha.shape, np.float32)
    low = columns[rows > rows.max() - 0.08 * tall]
    middle = (int(low.mean()), int(rows.max()))
    cv2.ellipse(
        shade,
        middle,
        (max(3, int(np.ptp(low) * 0.6)), max(2, round(0.05 * tall))),
        0,
        0,
        360,
        1.0,
        -1,
    )
    shade = cv2.GaussianBlur(shade, (0, 0), 0.02 * (tall + wide) / 2 + 1)
    return scene * (1 - 0.6 * shade[..., None])


def _around(alpha: Floats) -> NDArray[np.bool_]:
    wide = int(0.1 * np.sqrt(float(alpha.size))) | 1
    return (cv2.dilate(alpha, np.ones((wide, wide))) > 0.5) & (alpha < 0.02)


def _measure_grain(scene: Floats, where: NDArray[np.bool_]) -> np.float32:
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
    grey = np.ascontiguousarray(scene.mean(2))
    return np.float32(np.median(np.abs(cv2.filter2D(grey, cv2.CV_32F, kernel))[where]) / 0.6745)


def _spoil(
    colour: Floats, alpha: Floats, kind: str, rng: np.random.Generator, scene: Floats
) -> tuple[Floats, Floats]:
    """One fault on top of an edge that is hard, or, where the edge is the fault, as named."""
    hard = (alpha > 0.5).astype(np.float32)
    if kind == "rim":
        wide = 2 * int(rng.integers(1, 3)) + 1
        grown = cv2.dilate(hard, np.ones((wide, wide)))
        rim = np.float32(0.95 if rng.random() < 0.6 else 0.05)
        return np.where(hard[..., None] > 0, colour, rim), grown
    if kind == "soft":
        return colour, cv2.GaussianBlur(hard, (0, 0), float(rng.uniform(2, 4)))
    if kind == "noise":
        grain = rng.standard_normal((*alpha.shape, 3)).astype(np.float32)
        return np.clip(colour + grain * np.float32(rng.uniform(0.025, 0.06)), 0, 1), hard
    if kind == "colour":
        gain = np.array(
            rng.choice([[1.3, 1.05, 0.7], [0.7, 0.95, 1.35], [1.4, 1.4, 1.4], [0.6, 0.6, 0.6]])
        )
        return np.clip(colour * gain.astype(np.float32), 0, 1), alpha
    if kind == "sharpness":
        if rng.random() < 0.5:
            return cv2.GaussianBlur(colour, (0, 0), float(rng.uniform(1.5, 3))), hard
        return np.clip(colour + 1.5 * (colour - cv2.GaussianBlur(colour, (0, 0), 1.5)), 0, 1), hard
    if kind == "compression":
        by = int(rng.integers(2, 6))
        ground = np.where(alpha[..., None] > 0.02, colour, scene[alpha < 0.02].mean(0))
        coarse = to_floats(encode(np.roll(ground, by, (0, 1)), int(rng.integers(15, 35))))
        return np.roll(coarse, -by, (0, 1)), hard
    return colour, hard


def show(cutout: Floats) -> Image.Image:
    """The reference picture, on grey as checks see transparent ones, with air around it."""
    ground = np.full((cutout.shape[0] + 40, cutout.shape[1] + 40, 3), 0.5, np.float32)
    inner = ground[20:-20, 20:-20]
    inner += (cutout[..., :3] - inner) * cutout[..., 3:]
    return Image.fromarray(_bytes(ground))


def encode(picture: Floats, quality: int) -> Image.Image:
    buffer = BytesIO()
    Image.fromarray(_bytes(picture)).save(buffer, "JPEG", quality=quality)
    return Image.open(BytesIO(buffer.getvalue())).convert("RGB")


def to_floats(image: Image.Image) -> Floats:
    return np.asarray(image, np.float32) / np.float32(255)


def _bytes(picture: Floats) -> NDArray[np.uint8]:
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)
