"""What tells a region that was pasted in from one that belongs: numbers along and across its edge.

Measured on the lightness and colours of CIELAB at the picture's own resolution, its long side at
1024 pixels at most: a smaller picture has lost the noise and blocks that tell most.
"""

from collections.abc import Mapping

import cv2
import numpy as np

from metrics.checks._alignment.align import Pixels, Seen
from metrics.checks._preservation.change import read_lab
from metrics.checks._superimposition.locate import Region
from metrics.checks._superimposition.profiles import (
    LEAST_CONTRAST,
    REACH,
    Points,
    Values,
    find_near,
    find_other_edges,
    find_plateaus,
    measure_hardness,
    sample_profiles,
    split,
    walk_edge,
)

SOFT = 0.28  # an edge whose largest step is less of its contrast is softer than a lens makes it
# The names of the cues, in the order of the model's coefficients; more where a source lies beneath.
COMMON = (
    "hardness",
    "harder",
    "softness",
    "evenness",
    "bright_rim",
    "dark_rim",
    "noise",
    "detail",
    "lightness",
    "colour",
    "floating",
)
CUES = {
    "source": (*COMMON, "step", "smear", "halo", "shade"),
    "subject": COMMON,
}


def measure_cues(pixels: Pixels, region: Region) -> Mapping[str, float] | None:
    """The cues of one region, or None where its edge or its inside is too small."""
    if not region.mask.any():
        return None
    near = find_near(region.mask)
    mask, lab = region.mask[near], read_lab(np.ascontiguousarray(pixels[near]))
    points, normals = walk_edge(mask)
    inside, ring = split(mask)
    if len(points) < 24 or inside.sum() < 400 or ring.sum() < 400:
        return None
    profiles = sample_profiles(lab, points, normals)
    elsewhere = measure_hardness(sample_profiles(lab, *find_other_edges(lab, mask)))
    cues = (
        measure_edge(profiles, elsewhere)
        | measure_texture(lab[..., 0], inside, ring)
        | measure_tones(lab, inside, ring)
        | {"floating": measure_floating(lab[..., 0], points, normals, mask)}
    )
    if region.under is not None:
        return cues | measure_layer(lab - read_lab(region.under[near]), points, normals, ring)
    return cues


def measure_edge(profiles: Values, elsewhere: Values) -> dict[str, float]:
    """How hard and how even the edge is, beside the picture's other edges; rims along it."""
    hard = measure_hardness(profiles)
    usual = float(np.median(elsewhere)) if len(elsewhere) >= 12 else 0.45
    own = float(np.median(hard)) if len(hard) >= 12 else usual
    within, beyond = find_plateaus(profiles)
    light = profiles[:, REACH - 4 : REACH + 6, 0]
    top = light.max(1) - np.maximum(within[:, 0], beyond[:, 0])
    low = np.minimum(within[:, 0], beyond[:, 0]) - light.min(1)
    spread = float(np.subtract(*np.quantile(hard, (0.75, 0.25)))) if len(hard) >= 12 else 0.3
    return {
        "hardness": own,
        "harder": max(own - usual, 0.0),
        "softness": max(SOFT - own, 0.0),
        "evenness": -spread,
        "bright_rim": float(np.clip(np.median(top), 0, 40)) / 10,
        "dark_rim": float(np.clip(np.median(low), 0, 40)) / 10,
    }


def measure_texture(light: Values, inside: Seen, ring: Seen) -> dict[str, float]:
    """|ln| of the ratios, inside to ring, of pixel noise (Immerkær 1996) and of fine detail."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    grain = np.abs(cv2.filter2D(light, cv2.CV_32F, kernel)) / np.float32(6 * 0.6745)
    fine, coarse = (cv2.GaussianBlur(light, (0, 0), sigma) for sigma in (1.0, 2.5))
    middle = np.abs(fine - coarse)
    sharp = np.abs(light - fine)
    noise, detail = [], []
    for area in (inside, ring):
        flat = area & (middle <= np.median(middle[area]))
        noise.append(float(np.median(grain[flat])) + 0.1)
        detail.append((float(sharp[area].mean()) + 0.1) / (float(middle[area].mean()) + 0.1))
    return {
        "noise": min(abs(float(np.log(noise[0] / noise[1]))), 3.0),
        "detail": min(abs(float(np.log(detail[0] / detail[1]))), 3.0),
    }


def measure_layer(apart: Values, points: Points, normals: Points, ring: Seen) -> dict[str, float]:
    """The edge of what was laid over the source, by what the source does not explain.

    Each profile is split into a share of the layer (1 inside, 0 outside) and a rest. `step` is the
    share's largest step between pixels, `smear` the tens of pixels that it takes from 0.9 to 0.1,
    `halo` the largest rest (ΔE / 20); medians. `shade` is by how much L* / 5 the ring darkened.
    """
    profiles = sample_profiles(apart, points, normals)
    within, beyond = find_plateaus(profiles)
    towards = within - beyond
    size = np.linalg.norm(towards, axis=1)
    clear = size > LEAST_CONTRAST
    shade = float(np.clip(-apart[..., 0][ring], 0, 20).mean()) / 5
    if clear.sum() < 12:
        return {"step": 0.45, "smear": 0.3, "halo": 0.0, "shade": shade}
    moved = profiles[clear] - beyond[clear, None]
    share = (moved * towards[clear, None]).sum(2) / size[clear, None] ** 2
    rest = np.linalg.norm(moved - share[..., None] * towards[clear, None], axis=2)
    middle = slice(REACH - 5, REACH + 6)
    steps = -np.diff(share[:, middle], axis=1).min(1)
    return {
        "step": float(np.clip(np.median(np.abs(steps)), 0, 1.5)),
        "smear": float(np.median(((share > 0.1) & (share < 0.9)).sum(1))) / 10,
        "halo": float(np.clip(np.median(rest[:, middle].max(1)), 0, 60)) / 20,
        "shade": shade,
    }


def measure_tones(lab: Values, inside: Seen, ring: Seen) -> dict[str, float]:
    """How far the means of lightness and colour lie apart, in 20 ΔE."""
    apart = lab[inside].mean(0) - lab[ring].mean(0)
    return {
        "lightness": abs(float(apart[0])) / 20,
        "colour": float(np.hypot(apart[1], apart[2])) / 20,
    }


def measure_floating(light: Values, points: Points, normals: Points, mask: Seen) -> float:
    """How little darker it is just below the region than further down; 0 where it has no foot."""
    rows = np.flatnonzero(mask.any(1))
    tall = float(rows[-1] - rows[0] + 1)
    under = (normals[:, 1] > 0.6) & (points[:, 1] > rows[0] + 0.75 * tall)
    if under.sum() < 5:
        return 0.0
    x, y = points[under].T
    steps = np.array([0.02, 0.04, 0.06, 0.22, 0.27, 0.32]) * tall + 2
    down = y[:, None] + steps
    if down.max() > light.shape[0] - 1:
        down = np.minimum(down, light.shape[0] - 1)
    taken = light[down.astype(int), np.broadcast_to(x[:, None], down.shape).astype(int)]
    darker = np.median(taken[:, 3:], axis=1) - np.median(taken[:, :3], axis=1)
    return float(np.clip(-np.median(darker) / 10, -3, 3))
