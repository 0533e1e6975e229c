"""Cuts a subject out of its reference picture, and finds its face."""

from dataclasses import dataclass
from functools import cache, lru_cache
from threading import Lock

import cv2
import dlib
import numpy as np
from numpy.typing import NDArray

from arenas.providers._procedural.canvas import Mask, Picture, blur, decode, resize, to_bytes

_WORK_SIZE = 200  # pixels: fine enough for an outline, small enough to be quick
_GRABCUT_ROUNDS = 3
_detecting = Lock()  # dlib's detector keeps its working memory in itself


@dataclass(frozen=True, slots=True)
class Face:
    """A face's centre and half its width, in pixels."""

    x: float
    y: float
    r: float


@dataclass(frozen=True, slots=True)
class Cutout:
    """A subject with alpha; `cropped` says that it is a portrait, cut off at the bottom."""

    picture: Picture  # (height, width, 4)
    face: Face | None
    cropped: bool
    photograph: bool


@cache
def _load_detector() -> dlib.fhog_object_detector:
    return dlib.get_frontal_face_detector()  # takes half a second


def find_face(picture: Picture) -> Face | None:
    """The largest face that dlib's detector sees."""
    with _detecting:
        found = _load_detector()(to_bytes(picture[..., :3]), 0)
    if not found:
        return None
    best = max(found, key=lambda box: box.area())
    return Face(best.center().x, best.center().y, best.width() / 2)


@lru_cache(maxsize=16)
def cut_out(data: bytes) -> Cutout:
    """The subject of a file: by its alpha where it has one, else by what stands in the middle."""
    picture = decode(data)
    photograph = float(picture[..., 3].min()) > 0.5
    face = find_face(picture) if photograph else None
    if photograph:
        picture = picture.copy()
        picture[..., 3] = segment(picture, face)
    rows, columns = np.nonzero(picture[..., 3] > 0.5)
    top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    at_the_edge = float(np.mean(picture[-2, left:right, 3] > 0.5))
    cropped = face is not None and at_the_edge > 0.3
    if face:
        face = Face(face.x - left, face.y - top, face.r)
    return Cutout(np.ascontiguousarray(picture[top:bottom, left:right]), face, cropped, photograph)


def segment(picture: Picture, face: Face | None) -> Mask:
    """Where the subject of a photograph is: around its face, or else in the middle."""
    h, w = picture.shape[:2]
    k = _WORK_SIZE / max(h, w)
    small = to_bytes(resize(picture[..., :3], round(w * k), round(h * k)))
    near = Face(face.x * k, face.y * k, face.r * k) if face else None
    labels = _guess_person(small.shape[:2], near) if near else _guess_middle(small.shape[:2])
    cv2.setRNGSeed(1)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(small, labels, None, *models, _GRABCUT_ROUNDS, cv2.GC_INIT_WITH_MASK)
    inside = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    solid = _largest(inside.astype(np.uint8)).astype(np.float32)
    soft = cv2.resize(blur(solid, 0.9), (w, h), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip((soft - 0.42) / 0.4, 0, 1), np.float32)


def _largest(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask)
    if count < 2:
        return np.ones_like(mask)
    return np.asarray(parts == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])), np.uint8)


def _guess_person(shape: tuple[int, ...], face: Face) -> NDArray[np.uint8]:
    """A head and a torso that widens below it; nothing beyond."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    dx, dy, r = np.abs(x - face.x), y - face.y, face.r
    labels = np.full(shape[:2], cv2.GC_BGD, np.uint8)
    reach = r * 2 + np.maximum(dy - r * 1.6, 0) * 0.45
    labels[((dy > r * 0.8) & (dx < reach)) | ((dx < r * 2) & (np.abs(dy) < r * 2.6))] = (
        cv2.GC_PR_BGD
    )
    head = (dx / (r * 1.7)) ** 2 + ((dy + r * 0.3) / (r * 2)) ** 2 < 1
    torso = (dy > r * 1.2) & (dx < reach * 0.86)
    labels[head | torso] = cv2.GC_PR_FGD
    core = (dx / (r * 0.9)) ** 2 + (dy / (r * 1.2)) ** 2 < 1
    labels[core | ((dy > r * 2.8) & (dx < r * 1.5))] = cv2.GC_FGD
    return labels


def _guess_middle(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    v, u = y / shape[0] - 0.53, x / shape[1] - 0.5
    labels = np.full(shape[:2], cv2.GC_BGD, np.uint8)
    labels[(np.abs(u) < 0.46) & (np.abs(v) < 0.5)] = cv2.GC_PR_BGD
    labels[(u / 0.42) ** 2 + (v / 0.45) ** 2 < 1] = cv2.GC_PR_FGD
    labels[(u / 0.2) ** 2 + (v / 0.2) ** 2 < 1] = cv2.GC_FGD
    return labels
