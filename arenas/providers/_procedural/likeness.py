"""The defect `identity_drift`: the subject turns into somebody else, more with strength."""

import cv2
import numpy as np

from arenas.providers._procedural.canvas import (
    Mask,
    Picture,
    blend,
    disc,
    ellipse_mask,
    make_rng,
    mix,
    rgb,
    turn_hue,
)
from arenas.providers._procedural.cutouts import Cutout, Face


def drift_cutout(cutout: Cutout, strength: float, *, key: tuple[object, ...]) -> Cutout:
    """The cut-out subject, changed all over."""
    if not strength:
        return cutout
    h, w = cutout.picture.shape[:2]
    whole = np.ones((h, w), np.float32)
    changed = _drift(cutout.picture, cutout.face, whole, strength, key)
    return Cutout(changed, cutout.face, cutout.cropped, cutout.photograph)


def drift_within(
    picture: Picture, face: Face | None, strength: float, *, key: tuple[object, ...]
) -> Picture:
    """The subject of a whole picture, changed where its face is, or in the middle."""
    if not strength:
        return picture
    h, w = picture.shape[:2]
    if face:
        window = ellipse_mask(h, w, (face.x, face.y), (face.r * 1.6, face.r * 1.9))
    else:
        window = ellipse_mask(h, w, (w / 2, h / 2), (w * 0.32, h * 0.32))
    return _drift(picture, face, window, strength, key)


def _drift(
    picture: Picture, face: Face | None, window: Mask, strength: float, key: tuple[object, ...]
) -> Picture:
    rng = make_rng("identity", *key)
    shift = _face_shift if face else _figure_shift
    h, w = picture.shape[:2]
    dx, dy = shift(h, w, face or Face(w / 2, h / 2, w / 4), rng)
    grid_y, grid_x = np.mgrid[0:h, 0:w].astype(np.float32)
    pull = window * np.float32(strength)
    moved: Picture = cv2.remap(
        picture, grid_x + dx * pull, grid_y + dy * pull, cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    if face:
        _repaint_features(moved, face, strength, rng)
    turn = float(rng.choice((-1, 1)) * rng.uniform(26, 40)) * (0.6 if face else 1.6)
    colours = mix(moved[..., :3], turn_hue(moved[..., :3], turn, 0.9), strength)
    moved[..., :3] += (colours - moved[..., :3]) * window[..., None]
    return moved


def _bump(h: int, w: int, x: float, y: float, r: float) -> Mask:
    v = (np.arange(h, dtype=np.float32) - np.float32(y)) / np.float32(r)
    u = (np.arange(w, dtype=np.float32) - np.float32(x)) / np.float32(r)
    return np.exp(-(v * v))[:, None] * np.exp(-(u * u))[None, :]


def _face_shift(h: int, w: int, face: Face, rng: np.random.Generator) -> tuple[Mask, Mask]:
    """Where each pixel comes from: wider jaw, moved eyes, longer nose, another mouth."""
    x, y, r = face.x, face.y, face.r
    sign = rng.choice((-1.0, 1.0), 5).astype(np.float32)
    across = (np.arange(w, dtype=np.float32) - np.float32(x))[None, :]
    down = (np.arange(h, dtype=np.float32) - np.float32(y))[:, None]
    jaw = _bump(h, w, x, y + r * 0.75, r * 0.75)
    dx = -0.33 * sign[0] * across * jaw
    dy = -0.22 * sign[1] * down * _bump(h, w, x, y, r * 1.1)
    for side in (-1, 1):
        eye = _bump(h, w, x + side * r * 0.42, y - r * 0.25, r * 0.36)
        dx += sign[2] * side * 0.17 * r * eye
        dy += sign[3] * 0.16 * r * eye
    nose = _bump(h, w, x, y + r * 0.18, r * 0.34)
    dy += -sign[4] * 0.18 * r * nose
    mouth = _bump(h, w, x, y + r * 0.62, r * 0.42)
    dx += sign[0] * 0.28 * across * mouth
    return dx.astype(np.float32), dy.astype(np.float32)


def _figure_shift(h: int, w: int, face: Face, rng: np.random.Generator) -> tuple[Mask, Mask]:
    """A figure without a face: its upper and lower halves trade width and height."""
    sign = float(rng.choice((-1, 1)))
    across = np.arange(w, dtype=np.float32)[None, :] - np.float32(face.x)
    t = np.arange(h, dtype=np.float32)[:, None] / np.float32(h)
    dx = sign * 0.26 * across * np.cos(np.pi * t)
    dy = np.broadcast_to(sign * 0.09 * h * np.sin(np.pi * t), (h, w))
    return dx.astype(np.float32), dy.astype(np.float32)


def _repaint_features(
    picture: Picture, face: Face, strength: float, rng: np.random.Generator
) -> None:
    """Another skin tone, heavier brows, other lips."""
    h, w = picture.shape[:2]
    skin = rgb(str(rng.choice(("#a8714c", "#e8b9a0", "#c48a62"))))
    tone = ellipse_mask(h, w, (face.x, face.y + face.r * 0.1), (face.r * 0.72, face.r * 0.95))
    blend(picture[..., :3], picture[..., :3] * 0.5 + skin * 0.5, tone * np.float32(0.55 * strength))
    r = face.r
    for side in (-1, 1):
        at = (face.x + side * r * 0.42, face.y - r * 0.48)
        disc(picture[..., :3], at, (r * 0.26, r * 0.07), rgb("#2c1a12"), alpha=0.7 * strength,
             soft=r * 0.03)  # fmt: skip
    lips = (face.x, face.y + r * 0.62)
    disc(picture[..., :3], lips, (r * 0.3, r * 0.1), rgb("#8f2434"), alpha=0.45 * strength,
         soft=r * 0.05)  # fmt: skip
