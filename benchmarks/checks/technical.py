"""Planted watermarks, and fingerprints of changed and of different pictures."""

from collections.abc import Callable
from io import BytesIO
from itertools import combinations

import numpy as np
from PIL import Image, ImageEnhance

from benchmarks.checks._marks import cut_pictures, load_photograph, plant_mark
from benchmarks.checks.table import Row, resample
from metrics.checks._technical.fingerprint import NEAR, make_fingerprint, measure_hamming
from metrics.checks._technical.tones import read_lightness
from metrics.checks._technical.watermark import find_mark

DEVELOPED_ON = ("astronaut", "coffee", "rocket", "brick")
HELD_OUT = ("chelsea", "hubble_deep_field", "grass", "gravel", "camera", "moon", "coins", "cell")
PICTURES = 8  # of each photograph
Cases = dict[str, list[tuple[bool, float]]]


def run(seed: int) -> list[Row]:
    marks, prints = plant_marks(seed), compare_prints(seed)
    return [
        rate("watermark found, text or logo (held out)", marks, True, lambda s: s > 0.5, seed),
        rate("watermark found where none is", marks, False, lambda s: s > 0.5, seed),
        rate("near-duplicate found", prints, True, lambda bits: bits <= NEAR, seed, ">= 0.95"),
        rate("near-duplicate found of different ones", prints, False, lambda b: b <= NEAR, seed),
        Row(
            "least bits between different ones",
            min(v for c in prints.values() for t, v in c if not t),
        ),
    ]


def rate(
    what: str, cases: Cases, true: bool, says: Callable[[float], bool], seed: int, target: str = ""
) -> Row:
    """The share of the cases of that truth of which the check says yes."""
    kept = {name: [says(v) for truth, v in each if truth is true] for name, each in cases.items()}
    every = [said for each in kept.values() for said in each]
    interval = resample(kept, lambda drawn: float(np.mean(drawn)), seed=seed)
    return Row(what, float(np.mean(every)), interval, target, len(every))


def plant_marks(seed: int) -> Cases:
    cases: Cases = {}
    for name in HELD_OUT:
        rng = np.random.default_rng((seed, len(name)))
        for picture in cut_pictures(load_photograph(name), PICTURES, rng):
            marked = plant_mark(picture, rng)
            pairs = ((False, picture), (True, marked))
            found = [(truth, find_mark(np.asarray(each)).score) for truth, each in pairs]
            cases.setdefault(name, []).extend(found)
    return cases


def compare_prints(seed: int) -> Cases:
    """Bits between each photograph and what was made of it, and between different photographs."""
    rng = np.random.default_rng(seed)
    pictures = {name: load_photograph(name) for name in HELD_OUT}
    cases: Cases = {
        name: [
            (True, float(measure_hamming(take(picture), take(other))))
            for other in change(picture, rng)
        ]
        for name, picture in pictures.items()
    }
    for one, other in combinations(HELD_OUT, 2):
        bits = float(measure_hamming(take(pictures[one]), take(pictures[other])))
        cases[one].append((False, bits))
        cases[other].append((False, bits))
    return cases


def take(picture: Image.Image) -> str:
    return make_fingerprint(read_lightness(np.asarray(picture)))


def change(picture: Image.Image, rng: np.random.Generator) -> list[Image.Image]:
    """Near-duplicates: resized, recompressed, relit, noisy, and cropped by 1 % of each side."""
    file = BytesIO()
    picture.save(file, "JPEG", quality=int(rng.integers(20, 60)))
    noisy = np.asarray(picture, float) + rng.normal(0, 12, (*picture.size[::-1], 3))
    width, height = picture.size
    x, y = width // 100, height // 100
    return [
        picture.resize((width * 2 // 3, height * 2 // 3), Image.Resampling.LANCZOS),
        Image.open(file),
        ImageEnhance.Brightness(picture).enhance(float(rng.uniform(0.75, 1.25))),
        Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)),
        picture.crop((x, y, width - x, height - y)),
    ]
