"""Composes one new picture: the place, the things in it, the subject, the words and the look."""

import re

import numpy as np

from arenas.providers._procedural import air, defects
from arenas.providers._procedural.canvas import Picture, cover, decode
from arenas.providers._procedural.cutouts import Cutout, cut_out
from arenas.providers._procedural.drawings import DRAWINGS
from arenas.providers._procedural.job import Job
from arenas.providers._procedural.lettering import set_words
from arenas.providers._procedural.likeness import drift_cutout
from arenas.providers._procedural.placing import Light, Pose, place
from arenas.providers._procedural.reading import (
    Item,
    Setting,
    read_items,
    read_setting,
    read_surface,
)
from arenas.providers._procedural.stages import OPEN_AIR, Stage, paint_stage
from arenas.providers._procedural.styles import apply_palette, apply_style
from arenas.providers._procedural.taste import finish
from arenas.providers._procedural.things import draw_thing
from arenas.providers.base import Reference

_OPEN = ("hills", "sea", "peaks", "city", "forest")
_ON_LAND = {"house", "lighthouse", "tree", "tent"}


def compose(job: Job, text: str, *, shot: int = 0, shots: int = 1) -> Picture:
    """A picture of what the text says, with the prompt's subject and words in it."""
    whole = read_setting(job.request.turns[0], otherwise=_OPEN[job.taste.serial % len(_OPEN)])
    setting = read_setting(text, otherwise=whole.place)
    stage = _stage(job, setting)
    picture = stage.picture
    subject = defects.reference_in_role(job.request, "subject")
    if defects.reference_in_role(job.request, "source") is None:
        _draw_items(job, stage, _items(job, text, subject), crowded=subject is not None)
    if subject is not None:
        cutout = drift_cutout(
            cut_out(subject.data), job.strengths["identity_drift"], key=(*job.key, shot)
        )
        light = Light(stage.light, job.taste.light)
        pose = pose_of(job, cutout, text, shot=shot, shots=shots)
        place(picture, cutout, pose, light, seams=job.strengths["pasting_seams"])
    picture = _weather(picture, setting, job)
    return _dress_up(job, picture, setting, text, shot)


def _items(job: Job, text: str, subject: Reference | None) -> list[Item]:
    """What the shot names, or failing that the lead-in to all shots."""
    named = read_items(text) or read_items(job.request.turns[0].partition(": ")[0])
    return [item for item in named if item.introduced or subject is None]


def _stage(job: Job, setting: Setting) -> Stage:
    source = defects.reference_in_role(job.request, "source")
    if source is None:
        return paint_stage(job.width, job.height, setting, job.taste, key=job.key)
    picture = source_picture(job, source.data)
    return Stage(picture, job.height * 0.6, job.height * 0.95, np.ones(3, np.float32), setting)


def source_picture(job: Job, data: bytes) -> Picture:
    return np.ascontiguousarray(cover(decode(data), job.width, job.height)[..., :3])


def _dress_up(job: Job, picture: Picture, setting: Setting, text: str, shot: int) -> Picture:
    """The style, the model's finish, and the words last, so that no style eats them."""
    style = defects.reference_in_role(job.request, "style")
    picture = np.clip(picture, 0, 1)
    if style is not None:
        picture = apply_palette(picture, style.data, 0.4)
    picture = apply_style(picture, setting.style)
    if defects.reference_in_role(job.request, "source") is None:
        picture = finish(picture, job.taste, key=(*job.key, shot))
    lines = job.lines_in(text)
    if lines:
        set_words(picture, read_surface(text), lines, flip=job.taste.serial)
    return np.clip(picture, 0, 1)


def _weather(picture: Picture, setting: Setting, job: Job) -> Picture:
    if setting.place not in OPEN_AIR or defects.reference_in_role(job.request, "source"):
        return picture
    change = {"snow": air.draw_snow, "rain": air.let_rain, "fog": air.let_fog}.get(setting.weather)
    return change(picture, job.key) if change else picture


def pose_of(job: Job, cutout: Cutout, text: str, *, shot: int, shots: int) -> Pose:
    """Where the subject stands in this shot, and how it is turned."""
    words, taste = text.lower(), job.taste
    height = _height_of(job, cutout) * taste.scale
    if re.search(r"\bsmall\b|few steps away", words):
        height *= 0.8
    if re.search(r"close-up|closer", words):
        height *= 1.3
    x, yaw, roll, mirrored = 0.5 + 0.13 * taste.side, 0.0, 0.0, taste.serial % 2 == 1
    if defects.reference_in_role(job.request, "source") is not None:
        x, mirrored = (0.4, 0.34, 0.46)[taste.side + 1], False
    if shots > 1:
        yaw, roll = (0.0, -0.7, 0.55, 0.25)[shot % 4], (0.0, 3.0, -3.0, 1.5)[shot % 4]
        height *= (1.0, 0.9, 1.06, 0.84)[shot % 4]
        mirrored = bool(re.search(r"other side|right", words)) or (mirrored != (shot % 3 == 1))
        x = 0.5 + (x - 0.5) * (1, -1, 0.4, -0.6)[shot % 4]
    if job.lines_in(text):
        x, mirrored = 0.5, False
    foot = 0.82 if len(job.lines_in(text)) > 1 else 0.94
    return Pose(x, foot, height, mirrored, roll, yaw)


def _height_of(job: Job, cutout: Cutout) -> float:
    h, w = cutout.picture.shape[:2]
    on_source = defects.reference_in_role(job.request, "source") is not None
    if cutout.cropped:
        return 0.66 if on_source else 0.8
    if w > 0.9 * h:
        return 0.26 if on_source else 0.38
    return 0.54 if on_source else 0.64


def _draw_items(job: Job, stage: Stage, items: list[Item], *, crowded: bool) -> None:
    """Set the things side by side, each group where the prompt put it."""
    h, w = stage.picture.shape[:2]
    copies = [(item, colour) for item in items for colour in item.colours]
    order = sorted(copies, key=lambda c: c[0].side)
    for n, (item, colour) in enumerate(order):
        slot = (n + 1) / (len(order) + 1)
        x = (
            0.5
            + (slot - 0.5) * (1.25 if len(order) > 1 else 1)
            + 0.1 * job.taste.side * (len(order) == 1)
        )
        if crowded:
            x = 0.14 if job.taste.side >= 0 else 0.86
        tall = DRAWINGS[item.thing].size * min(h, w) * min(1.0, 3.6 / max(3, len(order)))
        tall *= 0.94 + 0.12 * (job.taste.scale - 0.86) / 0.18
        draw_thing(stage.picture, item.thing, (x * w, _foot_of(item, n, stage, tall)), tall,
                   colour=colour, light=stage.light)  # fmt: skip


def _foot_of(item: Item, n: int, stage: Stage, tall: float) -> float:
    h = float(stage.picture.shape[0])
    if DRAWINGS[item.thing].floats:
        return min(h * (0.14 + 0.06 * (n % 2)) + tall, stage.horizon - h * 0.02 + 0.3 * tall)
    if stage.setting.table:
        return h * 0.84
    if item.thing == "boat":
        return stage.horizon + h * (0.08 + 0.03 * (n % 2))
    if item.thing in _ON_LAND and stage.setting.place in OPEN_AIR:
        return stage.horizon + h * (0.2 if stage.setting.place == "sea" else 0.14)
    return h * 0.86
