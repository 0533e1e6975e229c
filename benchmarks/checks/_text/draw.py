"""Pictures with a line of text of known spelling, on grounds and with distortions."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from skimage import data

Mask = NDArray[np.float32]  # (height, width): how much ink
Pixels = NDArray[np.uint8]
KINDS = ("clean", "photograph", "spoilt", "bent", "turned")
# Beyond what is promised: letters a third as large, on photographs, and spoilt.
HARD = ("small",)
MISTAKES = ("replaced", "left out", "put in", "swapped")
SYSTEM_FONTS = Path("/usr/share/fonts/truetype/dejavu")
SIDES = (768, 1024)


@dataclass(frozen=True, slots=True)
class Set:
    """What one half of the bench is drawn from; the halves share nothing of it."""

    typefaces: tuple[str, ...]
    strings: tuple[str, ...]
    photographs: tuple[str, ...]
    qualities: tuple[int, int]  # of JPEG


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    picture: Image.Image
    wanted: str
    drawn: str
    kind: str
    typeface: str
    mistake: str  # "" where it is spelt right


def misspell(text: str, mistake: str, rng: np.random.Generator) -> str:
    """One mistake among the letters, never one of case alone, and never none."""
    places = [i for i, letter in enumerate(text) if letter.isalpha()]
    while True:
        at = int(rng.choice(places))
        letter = chr(int(rng.integers(26)) + (65 if text[at].isupper() else 97))
        made = {
            "replaced": text[:at] + letter + text[at + 1 :],
            "left out": text[:at] + text[at + 1 :],
            "put in": text[:at] + letter + text[at:],
            "swapped": text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :],
        }[mistake]
        if made.lower() != text.lower() and made.split() and len(made.split()) == len(text.split()):
            return made


def list_cases(given: Set, each: int, *, seed: int, kinds: tuple[str, ...] = KINDS) -> list[Case]:
    """`each` cases of every kind, every other one misspelt."""
    cases = []
    for number in range(each * len(kinds)):
        rng = np.random.default_rng((seed, number))
        kind, wrong = kinds[number % len(kinds)], number // len(kinds) % 2 == 1
        wanted = str(rng.choice(given.strings))
        mistake = MISTAKES[number // len(kinds) // 2 % 4] if wrong else ""
        drawn = misspell(wanted, mistake, rng) if wrong else wanted
        typeface = str(rng.choice([name for name in given.typefaces if _is_there(name)]))
        picture = draw_case(drawn, typeface, kind, given, rng)
        cases.append(Case(picture, wanted, drawn, kind, typeface, mistake))
    return cases


def draw_case(
    text: str, typeface: str, kind: str, given: Set, rng: np.random.Generator
) -> Image.Image:
    side = int(rng.choice(SIDES))
    ground = _draw_ground(kind, given, side, rng)
    ink = place_ink(text, typeface, side, rng, reach=1 / 3 if kind in HARD else 1.0)
    change: dict[str, Callable[[Mask, np.random.Generator], Mask]] = {"bent": bend, "turned": turn}
    ink = change[kind](ink, rng) if kind in change else ink
    beneath = (ground.mean(2) * ink).sum() / max(ink.sum(), 1)
    dark = beneath > 127
    colour = rng.uniform(0, 60, 3) if dark else rng.uniform(200, 255, 3)
    halo = (
        cv2.GaussianBlur(ink, (0, 0), side * 0.006)[..., None]
        * (kind in ("photograph", *HARD))
        * 0.8
    )
    ground = ground * (1 - halo) + (255.0 if dark else 0.0) * halo
    mixed = ground * (1 - ink[..., None]) + colour * ink[..., None]
    pixels = np.clip(mixed, 0, 255).astype(np.uint8)
    return Image.fromarray(spoil(pixels, given, rng) if kind in ("spoilt", *HARD) else pixels)


def _draw_ground(kind: str, given: Set, side: int, rng: np.random.Generator) -> NDArray[np.float64]:
    if kind in ("photograph", "turned", *HARD) or (kind == "spoilt" and rng.random() < 0.5):
        name = str(rng.choice(given.photographs))
        photograph = Image.fromarray(getattr(data, name)()).convert("RGB")
        return np.asarray(photograph.resize((side, side), Image.Resampling.BICUBIC), float)
    colour = rng.uniform(170, 250, 3) if rng.random() < 0.5 else rng.uniform(5, 90, 3)
    slope = 1 - 0.2 * rng.random() * np.linspace(0, 1, side)[:, None, None]
    return np.broadcast_to(colour * slope, (side, side, 3)).copy()


def place_ink(
    text: str, typeface: str, side: int, rng: np.random.Generator, *, reach: float = 1.0
) -> Mask:
    """The line somewhere in the picture: half to 0.85 as wide, at most a sixth as high."""
    line = draw_line(text, typeface)
    scale = min(reach * side * rng.uniform(0.5, 0.85) / line.shape[1], side / 6 / line.shape[0])
    size = (round(line.shape[1] * scale), max(8, round(line.shape[0] * scale)))
    small = cv2.resize(line, size, interpolation=cv2.INTER_AREA)
    ink = np.zeros((side, side), np.float32)
    left = int(rng.integers(round(side * 0.07), side - size[0] - round(side * 0.07) + 1))
    top = int(rng.integers(round(side * 0.2), round(side * 0.8) - size[1]))
    ink[top : top + size[1], left : left + size[0]] = small
    return ink


def draw_line(text: str, typeface: str) -> Mask:
    """The line alone, 96 pixels high: `opencv:NAME:WEIGHT`, a file's name, or Pillow's own."""
    if typeface.startswith("opencv:"):
        _, name, weight = typeface.split(":")
        canvas = np.zeros((200, 130 * len(text) + 80, 3), np.uint8)
        cv2.putText(canvas, text, (40, 130), (255,) * 3, cv2.FontFace(name), 96, int(weight))
        stencil = canvas[..., 0]
    else:
        font = (
            ImageFont.load_default(96)
            if typeface == "aileron"
            else ImageFont.truetype(SYSTEM_FONTS / f"{typeface}.ttf", 96)
        )
        image = Image.new("L", (130 * len(text) + 80, 200))
        ImageDraw.Draw(image).text((40, 130), text, 255, font, anchor="ls")
        stencil = np.asarray(image)
    rows, columns = np.flatnonzero(stencil.max(1)), np.flatnonzero(stencil.max(0))
    line = stencil[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.pad(line, 4).astype(np.float32) / 255


def _is_there(typeface: str) -> bool:
    file = SYSTEM_FONTS / f"{typeface}.ttf"
    return typeface == "aileron" or typeface.startswith("opencv:") or file.exists()


def turn(ink: Mask, rng: np.random.Generator) -> Mask:
    """By eight degrees or so, one way or the other."""
    side = len(ink)
    angle = float(rng.choice((-1, 1)) * rng.uniform(6, 10))
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), angle, 0.85)
    return cv2.warpAffine(ink, matrix, (side, side), flags=cv2.INTER_AREA)


def bend(ink: Mask, rng: np.random.Generator) -> Mask:
    """A wave of a quarter of the letters' height, or the picture seen from one side."""
    side = len(ink)
    if rng.random() < 0.5:
        rows = np.flatnonzero(ink.max(1))
        height = (rows[-1] - rows[0]) * rng.uniform(0.15, 0.3)
        y, x = np.mgrid[0:side, 0:side].astype(np.float32)
        wave = height * np.sin(2 * np.pi * (x / side * rng.uniform(1, 2) + rng.random()))
        return cv2.remap(ink, x, (y + wave).astype(np.float32), cv2.INTER_LINEAR)
    corners = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32)
    moved = corners * 0.8 + side * 0.1 + rng.uniform(-0.1, 0.1, (4, 2)) * side
    matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    return cv2.warpPerspective(ink, matrix, (side, side))


def spoil(pixels: Pixels, given: Set, rng: np.random.Generator) -> Pixels:
    """Out of focus by a pixel or two, noisy, and compressed."""
    soft = cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.8, 2.2)).astype(float)
    noisy = np.clip(soft + rng.normal(0, rng.uniform(4, 14), soft.shape), 0, 255).astype(np.uint8)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(*given.qualities))]
    decoded: Pixels = cv2.imdecode(cv2.imencode(".jpg", noisy, quality)[1], cv2.IMREAD_COLOR)
    return decoded
