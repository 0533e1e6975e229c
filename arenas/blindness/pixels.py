"""How well the pixels alone tell competitors apart, prompt by prompt: no site can hide that."""

import io
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from scipy.fft import dctn
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import LeaveOneGroupOut
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from arenas.blindness.guess import Floats, Integers, TooFewPrompts

SIDE = 256
BLOCK = 8
Plane = NDArray[np.float64]


def embed(files: Iterable[bytes]) -> Floats:
    """What a candidate's pictures look like: the mean of their colours, edges and frequencies."""
    return np.asarray(np.mean([embed_picture(data) for data in files], axis=0))


def embed_picture(data: bytes) -> Floats:
    """167 numbers: 24 + 12 of colour, 28 of edges, 39 of frequencies, 64 of 8 × 8 blocks."""
    with Pillow.open(io.BytesIO(data)) as opened:
        picture = opened.convert("RGB").resize((SIDE, SIDE), Pillow.Resampling.BOX)
    colours = np.asarray(picture, float)
    light = np.asarray(picture.convert("L"), float)
    return np.concatenate(
        [
            describe_colours(colours),
            describe_edges(light),
            describe_frequencies(light),
            describe_blocks(light),
        ]
    )


def describe_colours(colours: Plane) -> Floats:
    """The shares of 8 levels of each colour; means and spreads, also of colour differences."""
    levels = [np.histogram(colours[..., n], 8, (0, 256))[0] / SIDE**2 for n in range(3)]
    differences = colours - colours[..., [1, 2, 0]]
    both = np.concatenate([colours, differences], axis=2)
    return np.concatenate([*levels, both.mean(axis=(0, 1)) / 64, both.std(axis=(0, 1)) / 64])


def describe_edges(light: Plane) -> Floats:
    """Which way edges run (16 directions, weighted by strength) and how strong they are."""
    down, right = np.gradient(light)
    strength = np.hypot(down, right)
    ways = np.histogram(np.arctan2(down, right), 16, (-np.pi, np.pi), weights=strength)[0]
    steps = np.log1p(np.quantile(strength, np.linspace(0.05, 0.995, 12)))
    return np.concatenate([ways / max(ways.sum(), 1), steps])


def describe_frequencies(light: Plane) -> Floats:
    """The logarithm of the spectrum's power in 39 rings, from coarse to fine."""
    power = np.abs(np.fft.rfft2(light - light.mean())) ** 2
    rows, columns = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None]
    ring = np.digitize(np.hypot(rows, columns), np.linspace(0, 0.5, 40)) - 1
    sums = np.bincount(ring.ravel(), power.ravel(), 40)[:39]
    counts = np.bincount(ring.ravel(), minlength=40)[:39]
    return np.asarray(np.log1p(sums / counts))


def describe_blocks(light: Plane) -> Floats:
    """The logarithm of the mean size of each cosine coefficient of 8 × 8 blocks."""
    blocks = light.reshape(SIDE // BLOCK, BLOCK, SIDE // BLOCK, BLOCK)
    sizes = np.abs(dctn(blocks, axes=(1, 3), norm="ortho")).mean(axis=(0, 2))
    return np.asarray(np.log1p(sizes).ravel())


def name_by_pixels(table: Floats, competitors: Integers, prompts: Integers) -> Integers:
    """A guess for every candidate by linear discriminants learnt from all other prompts.

    Shrinkage is Ledoit and Wolf's (2004), since there may be fewer pictures than numbers.
    """
    if len(np.unique(prompts)) < 2:
        raise TooFewPrompts("guessing needs pictures of two prompts at least")
    guesses = np.empty_like(competitors)
    for train, test in LeaveOneGroupOut().split(table, competitors, prompts):
        model = make_pipeline(
            StandardScaler(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
        )
        guesses[test] = model.fit(table[train], competitors[train]).predict(table[test])
    return guesses
