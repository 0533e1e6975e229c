"""Faces: where they are, whose they are, and whether one is a copy of another."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import dlib
import face_recognition_models as weights
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.optimize import linear_sum_assignment

from metrics.checks._identity.copying import correlate, find_edges
from metrics.checks.base import Box

# Two photographs of one person lie nearer than this, two people further apart (dlib's own
# threshold, which its authors chose on Labeled Faces in the Wild).
SAME_PERSON = 0.6
# Faces are sought at this size at most: beyond it the detector finds more that are not there.
LONG_SIDE = 800
# Where real faces scored 0.9 and more, faces that are not there scored up to 0.13.
LEAST_SCORE = 0.25
CHIP, CHIP_PADDING = 120, 0.4  # pixels of an upright face, and what is around it

Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """Where a face lies in its picture, in pixels, its embedding (128,), and itself upright."""

    left: int
    top: int
    right: int
    bottom: int
    embedding: NDArray[np.float64]
    chip: Plane  # (CHIP, CHIP), grey

    def box(self, picture: str, label: str) -> Box:
        return Box(picture, self.left, self.top, self.right, self.bottom, label)


Person = tuple[Face, ...]  # one person's faces: the references may show somebody twice


def find_faces(image: Image.Image) -> list[Face]:
    """The upright, frontal faces of a picture: at least 80 pixels wide once it fits in 800."""
    picture = image.convert("RGB")
    scale = min(1.0, LONG_SIDE / max(picture.size))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    detect, mark, embed = _models()
    pixels = np.asarray(picture)
    small = np.asarray(picture.resize(size, Image.Resampling.LANCZOS))
    faces = []
    for found in detect.run(small, 0, LEAST_SCORE)[0]:
        sides = (found.left(), found.top(), found.right(), found.bottom())
        left, top, right, bottom = (round(side / scale) for side in sides)
        landmarks = mark(pixels, dlib.rectangle(left, top, right, bottom))
        embedding = np.array(embed.compute_face_descriptor(pixels, landmarks))
        chip = cv2.cvtColor(
            dlib.get_face_chip(pixels, landmarks, CHIP, CHIP_PADDING), cv2.COLOR_RGB2GRAY
        )
        right, bottom = min(right, picture.width), min(bottom, picture.height)
        faces.append(
            Face(max(left, 0), max(top, 0), right, bottom, embedding, chip.astype(np.float32))
        )
    return faces


@cache
def _models() -> tuple[Any, Any, Any]:
    """Detector, landmarks and embedder, once for each process; half a second.

    The landmarks are the five-point ones: the 68-point file was trained on pictures whose
    licence forbids commercial use.
    """
    return (
        dlib.get_frontal_face_detector(),
        dlib.shape_predictor(weights.pose_predictor_five_point_model_location()),
        dlib.face_recognition_model_v1(weights.face_recognition_model_location()),
    )


def distance(one: Face, other: Face) -> float:
    return float(np.linalg.norm(one.embedding - other.embedding))


def similarity(apart: float) -> float:
    """1 - distance / 1.2, at least 0: half at the threshold of 0.6."""
    return max(0.0, 1 - apart / (2 * SAME_PERSON))


def group_people(pictures: list[list[Face]]) -> list[Person]:
    """The people of several references: faces of two pictures nearer than 0.6 are one person's.

    Faces of one picture are always different people's.
    """
    people: list[list[Face]] = []
    for faces in pictures:
        known = list(people)
        pairs = match([tuple(person) for person in known], faces)
        for index, face in enumerate(faces):
            person = next((p for p, f in pairs.items() if f is face), None)
            if person is not None and nearest(tuple(known[person]), face) < SAME_PERSON:
                known[person].append(face)
            else:
                people.append([faces[index]])
    return [tuple(person) for person in people]


def nearest(person: Person, face: Face) -> float:
    """The distance to the nearest of a person's faces."""
    return min(distance(each, face) for each in person)


def match(people: list[Person], faces: list[Face]) -> dict[int, Face]:
    """Who is who: the pairing with the least sum of distances (Kuhn 1955, Hungarian method)."""
    if not people or not faces:
        return {}
    apart = np.array([[nearest(person, face) for face in faces] for person in people])
    rows, columns = linear_sum_assignment(apart)
    return {int(row): faces[column] for row, column in zip(rows, columns, strict=True)}


def compare_chips(one: Face, other: Face) -> float:
    """How far two upright faces' edges lie alike, either way round, -1 … 1.

    The larger the difference of pose or expression, the less they do. Shifts and sizes within
    what landmarks err by are tried.
    """
    rim = 10
    own = find_edges(one.chip)[rim:-rim, rim:-rim]
    window = _oval(own.shape[0])
    chips = (other.chip, np.ascontiguousarray(other.chip[:, ::-1]))
    return max(
        correlate(own, window, find_edges(_zoom(chip, scale)))
        for chip in chips
        for scale in (0.94, 0.97, 1.0, 1.03, 1.06)
    )


def _oval(side: int) -> Plane:
    v, u = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    return np.asarray((u / 0.75) ** 2 + (v / 0.95) ** 2 < 1, np.float32)


def _zoom(chip: Plane, scale: float) -> Plane:
    warp = cv2.getRotationMatrix2D((CHIP / 2, CHIP / 2), 0, scale)
    return np.asarray(cv2.warpAffine(chip, warp, (CHIP, CHIP), borderMode=cv2.BORDER_REPLICATE))
