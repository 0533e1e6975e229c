"""Toys that nobody has seen: bodies of ellipsoids, painted by chance, seen from any side."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial.transform import Rotation

SUN = np.array([0.4, 0.6, 0.7]) / np.linalg.norm([0.4, 0.6, 0.7])
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Part:
    """An ellipsoid: where it is jointed, where its middle is from there, its radii, its paint."""

    joint: Numbers
    arm: Numbers
    radii: Numbers
    paint: tuple[Numbers, Numbers]
    waves: Numbers  # (3, 3): the stripes' or spots' directions and widths


@dataclass(frozen=True, slots=True)
class View:
    """How a toy is seen: turned (degrees), its limbs bent, the light's side."""

    yaw: float = 0.0
    pitch: float = 0.0
    bends: tuple[float, ...] = (0.0,) * 8
    sun: Numbers = field(default_factory=lambda: SUN)


def make_toy(seed: int) -> list[Part]:
    rng = np.random.default_rng(seed)
    colours = rng.uniform(0.1, 0.95, (4, 3))

    def part(joint: tuple[float, ...], arm: tuple[float, ...], radii: tuple[float, ...]) -> Part:
        pair = colours[rng.choice(4, 2, replace=False)]
        waves = rng.normal(0, 1, (3, 3)) * rng.uniform(4, 14)
        size = np.array(radii) * rng.uniform(0.75, 1.3, 3)
        return Part(np.array(joint), np.array(arm), size, (pair[0], pair[1]), waves)

    def twins(joint: tuple[float, float, float], arm: tuple[float, float, float],
              radii: tuple[float, float, float]) -> list[Part]:  # fmt: skip
        left = part(joint, arm, radii)
        flip = np.array([-1, 1, 1])
        return [left, Part(left.joint * flip, left.arm * flip, left.radii, left.paint, left.waves)]

    return [
        part((0, 0, 0), (0, -0.2, 0), (0.38, 0.5, 0.32)),
        part((0, 0.25, 0), (0, 0.3, 0.05), (0.36, 0.33, 0.33)),
        *twins((0.2, 0.72, 0), (0.05, 0.15, 0), (0.1, 0.22, 0.06)),
        *twins((0.33, 0.05, 0), (0.2, -0.22, 0.05), (0.12, 0.32, 0.12)),
        *twins((0.18, -0.55, 0), (0.02, -0.25, 0), (0.15, 0.32, 0.15)),
        *twins((0.14, 0.62, 0.3), (0, 0, 0.05), (0.07, 0.07, 0.05)),
        part((0, -0.4, -0.25), (0.3, 0.05, -0.25), (0.35, 0.12, 0.12)),
    ]


def draw_toy(toy: list[Part], view: View, *, side: int) -> Image.Image:
    """The toy with alpha, seen from far away, by the nearest ellipsoid that each ray meets."""
    grid = np.linspace(-1.15, 1.15, side)
    x, y = np.meshgrid(grid, -grid)
    depth, shown = np.full(x.shape, -np.inf), np.zeros((side, side, 4))
    whole = Rotation.from_euler("xy", [view.pitch, view.yaw], degrees=True).as_matrix()
    for n, part in enumerate(toy):
        bend = view.bends[n - 2] if 2 <= n < 2 + len(view.bends) else 0.0
        limb = Rotation.from_euler("zx", [bend, bend / 2], degrees=True).as_matrix()
        middle = whole @ (part.joint + limb @ part.arm)
        turn = (whole @ limb).T / part.radii[:, None]  # from the world to the unit ball
        start = np.stack([x - middle[0], y - middle[1], np.zeros_like(x)], -1) @ turn.T
        ray = turn[:, 2]
        a, b, c = ray @ ray, start @ ray, (start * start).sum(-1) - 1
        root = b * b - a * c
        z = np.where(root > 0, (-b + np.sqrt(np.maximum(root, 0))) / a, -np.inf)
        near = z + middle[2] > depth
        near &= root > 0
        ball = np.where(near[..., None], start + np.where(near, z, 0)[..., None] * ray, 0)
        normal = ball @ turn
        normal /= np.linalg.norm(normal, axis=-1, keepdims=True) + 1e-9
        mix = (np.sin(ball @ part.waves.T).sum(-1) > 0.3)[..., None]
        light = 0.45 + 0.6 * np.clip(normal @ view.sun, 0, 1)[..., None]
        colour = np.where(mix, part.paint[0], part.paint[1]) * light
        shown[near] = np.concatenate([colour, np.ones((side, side, 1))], -1)[near]
        depth = np.where(near, z + middle[2], depth)
    return Image.fromarray((shown.clip(0, 1) * 255).astype(np.uint8))


def bend(rng: np.random.Generator, *, least: float = 20, most: float = 55) -> View:
    """A view from elsewhere, the limbs moved and the sun on another side."""
    turn = float(rng.uniform(least, most) * rng.choice((-1, 1)))
    sun = np.array([rng.uniform(-0.8, 0.8), rng.uniform(0, 0.8), 0.7])
    bends = tuple(rng.uniform(-40, 40, 8).tolist())
    return View(turn, float(rng.uniform(-12, 12)), bends, sun / np.linalg.norm(sun))
