"""Puts a cut-out subject into a scene: well, or as badly as the defect `pasting_seams` says."""

from dataclasses import dataclass

import cv2
import numpy as np

from arenas.providers._procedural.canvas import (
    Colour,
    Mask,
    Picture,
    blend,
    blur,
    disc,
    luminance,
    make_rng,
    mix,
    resize,
    rgb,
)
from arenas.providers._procedural.cutouts import Cutout


@dataclass(frozen=True, slots=True)
class Pose:
    """One view of a subject: where it stands (shares of the picture), how large, how turned."""

    x: float
    foot: float
    height: float
    mirrored: bool = False
    roll: float = 0.0  # degrees
    yaw: float = 0.0  # -1 to 1: how far it turns away to a side


@dataclass(frozen=True, slots=True)
class Light:
    colour: Colour
    side: int  # where it comes from: -1 left, 1 right


def place(
    picture: Picture, cutout: Cutout, pose: Pose, light: Light, *, seams: float = 0.0
) -> None:
    """Blend the subject into the picture, in place."""
    h, w = picture.shape[:2]
    figure = _turn(_scale(cutout, pose, w, h), pose)
    figure = _match(figure, light, picture, seams)
    fh, fw = figure.shape[:2]
    left = round(pose.x * w - fw / 2)
    top = (h - fh + 1) if cutout.cropped else round(pose.foot * h - fh)
    if not cutout.cropped:
        _cast_shadow(picture, figure[..., 3], (left, top), light, 1 - seams)
    else:
        _occlude(picture, figure[..., 3], (left, top), 1 - seams)
    if seams:
        figure = _cut_hard(figure, seams)
    _paste(picture, figure, (left, top))


def _scale(cutout: Cutout, pose: Pose, w: int, h: int) -> Picture:
    fh, fw = cutout.picture.shape[:2]
    k = min(pose.height * h / fh, 0.94 * w / fw)
    picture = cutout.picture.copy()
    picture[..., :3] *= picture[..., 3:]
    small = resize(picture, max(2, round(fw * k)), max(2, round(fh * k)))
    small[..., :3] /= np.maximum(small[..., 3:], 1e-3)
    return small[:, ::-1].copy() if pose.mirrored else small


def _turn(figure: Picture, pose: Pose) -> Picture:
    """Rotation about the foot and a turn to the side, as a perspective warp."""
    if not pose.roll and not pose.yaw:
        return figure
    h, w = figure.shape[:2]
    pad = round(abs(pose.roll) / 57 * h * 0.6) + 2
    wide = cv2.copyMakeBorder(figure, pad, 0, pad, pad, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
    h, w = wide.shape[:2]
    squeeze, lift = 0.16 * abs(pose.yaw) * w, 0.07 * pose.yaw * h
    corners = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    turned = np.array(
        [[squeeze, max(lift, 0)], [w - squeeze, max(-lift, 0)], [w - squeeze, h], [squeeze, h]],
        np.float32,
    )
    roll = np.vstack([cv2.getRotationMatrix2D((w / 2, h), pose.roll, 1), [0, 0, 1]])
    warp = roll @ cv2.getPerspectiveTransform(corners, turned)
    return np.asarray(cv2.warpPerspective(wide, warp, (w, h), flags=cv2.INTER_LINEAR), np.float32)


def _match(figure: Picture, light: Light, picture: Picture, seams: float) -> Picture:
    """Bring the scene's light onto the subject: its colour, its side and its haze."""
    w = figure.shape[1]
    level = float(np.clip(luminance(picture).mean() / 0.5, 0.8, 1.08))
    tint = 0.5 + 0.5 * light.colour / max(float(light.colour.max()), 1e-3)
    ramp = np.linspace(1 - 0.14 * light.side, 1 + 0.14 * light.side, w, dtype=np.float32)
    haze = picture.reshape(-1, 3).mean(0)
    lit = mix(
        figure[..., :3] * tint * np.float32(level) * ramp[None, :, None],
        np.broadcast_to(haze, (1, 1, 3)),
        0.07,
    )
    out = figure.copy()
    out[..., :3] = np.clip(mix(lit, figure[..., :3], seams), 0, 1)
    return out


def _cast_shadow(
    picture: Picture, alpha: Mask, at: tuple[int, int], light: Light, depth: float
) -> None:
    """A dark contact under the feet, and the body's shadow lying away from the light."""
    if depth <= 0:
        return
    h, w = alpha.shape
    left, foot = at[0], at[1] + h
    slant = -0.7 * light.side
    lay = np.array([[1, -slant, left + slant * h], [0, 0.24, foot - 0.25 * h]], np.float32)
    lying = cv2.warpAffine(alpha, lay, (picture.shape[1], picture.shape[0]))
    _darken(picture, blur(lying, max(1.0, h * 0.012)) * np.float32(0.34 * depth), (0, 0))
    columns = np.nonzero(alpha[int(h * 0.94) :].max(0) > 0.4)[0]
    x0, x1 = (columns.min(), columns.max()) if len(columns) else (0, w)
    contact = (left + (x0 + x1) / 2, foot - h * 0.012)
    radii = ((x1 - x0) * 0.54, max(2.0, h * 0.024))
    disc(picture, contact, radii, rgb("#080a14"), alpha=0.62 * depth, soft=h * 0.014)


def _occlude(picture: Picture, alpha: Mask, at: tuple[int, int], depth: float) -> None:
    """The soft darkening behind a figure that fills the foreground."""
    if depth > 0:
        spread = blur(np.pad(alpha, 24), 10.0) * np.float32(0.2 * depth)
        _darken(picture, spread, (at[0] - 24, at[1] - 20))


def _darken(picture: Picture, mask: Mask, at: tuple[int, int]) -> None:
    over = np.empty((*mask.shape, 4), np.float32)
    over[..., :3], over[..., 3] = rgb("#0a0c18"), mask
    _paste(picture, over, at)


def _cut_hard(figure: Picture, seams: float) -> Picture:
    """A scissor edge with a pale halo, oversharpened and noisy."""
    h = figure.shape[0]
    ring = max(1, round(h * 0.016 * seams))
    alpha = figure[..., 3]
    hard = (alpha > 0.5).astype(np.float32)
    grown = cv2.dilate(hard, np.ones((2 * ring + 1, 2 * ring + 1), np.uint8))
    colour = figure[..., :3]
    sharp = colour + (colour - blur(colour, 1.6)) * np.float32(1.6 * seams)
    grain = make_rng("seams", *figure.shape).standard_normal((*alpha.shape, 1), np.float32)
    sharp = np.clip(sharp * (1 + 0.12 * seams) + grain * 0.05 * seams, 0, 1)
    out = np.empty_like(figure)
    out[..., :3] = np.where(hard[..., None] > 0, sharp, rgb("#f2f2ee"))
    out[..., 3] = mix(alpha, grown, min(1.0, 0.35 + 0.65 * seams))
    return out


def _paste(picture: Picture, figure: Picture, at: tuple[int, int]) -> None:
    h, w = picture.shape[:2]
    fh, fw = figure.shape[:2]
    left, top = at
    x0, y0, x1, y1 = max(0, left), max(0, top), min(w, left + fw), min(h, top + fh)
    if x1 > x0 and y1 > y0:
        part = figure[y0 - top : y1 - top, x0 - left : x1 - left]
        blend(picture[y0:y1, x0:x1], part[..., :3], part[..., 3])
