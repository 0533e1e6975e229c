"""Whether the person in the reference is the person in the images, by face."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

import dlib
import face_recognition_models as weights
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from metrics.checks.base import (
    BaseCheck,
    Box,
    Finding,
    Measure,
    PromptFacts,
    ReferencePicture,
    Subject,
)

# Two photographs of one person lie nearer than this, two people further apart (dlib's own
# threshold, which its authors chose on Labeled Faces in the Wild).
SAME_PERSON = 0.6
# Faces are sought at this size at most: beyond it the detector finds more that are not there.
LONG_SIDE = 800
# Where real faces scored 0.9 and more, faces that are not there scored up to 0.13.
LEAST_SCORE = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """Where a face lies in its picture, in pixels, and its embedding (128,)."""

    left: int
    top: int
    right: int
    bottom: int
    embedding: NDArray[np.float64]

    def box(self, picture: str, label: str) -> Box:
        return Box(picture, self.left, self.top, self.right, self.bottom, label)


class Check(BaseCheck):
    """Distances d between faces: L2 between 128-d embeddings of a ResNet (King 2017, dlib).

    Faces are found by histograms of oriented gradients, upright and from the front. A
    similarity is 1 - d / 1.2, at least 0: 1 for the same picture, 0.5 at the threshold
    d = 0.6 below which two faces count as one person's. Of several faces in an image the
    nearest to the reference counts. Images without a face count for `faces_found` alone.
    """

    version = "1"
    title = "Identity"
    measures = (
        Measure(
            "similarity",
            "",
            0.0,
            1.0,
            1,
            "Mean of 1 - distance / 1.2 to the reference face; 0.5 is the threshold.",
            headline=True,
        ),
        Measure("distance", "L2", 0.0, 3.0, -1, "Mean distance to the reference face."),
        Measure("same_person", "share", 0.0, 1.0, 1, "Images whose face is nearer than 0.6."),
        Measure("between_shots", "", 0.0, 1.0, 1, "Mean similarity of the images' faces."),
        Measure("faces_found", "share", 0.0, 1.0, 1, "Images in which a face was found."),
    )

    def applies(self, prompt: PromptFacts) -> bool:
        return "subject" in prompt.roles or bool(prompt.expect.subject)

    def measure(self, subject: Subject) -> Finding:
        references = _subject_references(subject)
        if len(references) != 1:
            return Finding(not_measurable=f"{len(references)} references could be the subject")
        reference = references[0]
        faces = find_faces(reference.image)
        if len(faces) != 1:
            shown = f"{len(faces)} faces" if faces else "no face"
            return Finding(not_measurable=f"the reference shows {shown}")
        nearest = {
            index: min(found, key=lambda face: _distance(face, faces[0]))
            for index, image in enumerate(subject.images)
            if (found := find_faces(image))
        }
        if not nearest:
            return Finding(not_measurable=_nothing_found(len(subject.images)))
        return _compare(faces[0], reference.id, nearest, len(subject.images))


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
        right, bottom = min(right, picture.width), min(bottom, picture.height)
        faces.append(Face(max(left, 0), max(top, 0), right, bottom, embedding))
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


def _subject_references(subject: Subject) -> list[ReferencePicture]:
    """The reference that the suite names as the subject, or else all that play its role."""
    named = subject.prompt.expect.subject
    if named:
        return [reference for reference in subject.references if reference.id == named]
    return [reference for reference in subject.references if reference.role == "subject"]


def _nothing_found(images: int) -> str:
    if not images:
        return "there is no image"
    return "no face found in " + ("image 1 of 1" if images == 1 else f"any of {images} images")


def _compare(reference: Face, name: str, faces: dict[int, Face], images: int) -> Finding:
    distances = {index: _distance(face, reference) for index, face in faces.items()}
    values = {
        "similarity": float(np.mean([similarity(distance) for distance in distances.values()])),
        "distance": float(np.mean(list(distances.values()))),
        "same_person": float(np.mean([distance < SAME_PERSON for distance in distances.values()])),
        "faces_found": len(faces) / images,
    }
    if len(faces) > 1:
        values["between_shots"] = _mean_similarity(list(faces.values()))
    boxes = [reference.box(f"reference:{name}", "reference")]
    for index, face in faces.items():
        boxes.append(face.box(f"image:{index}", f"distance {distances[index]:.2f}"))
    return Finding(values, boxes=tuple(boxes))


def similarity(distance: float) -> float:
    """1 - distance / 1.2, at least 0: half at the threshold of 0.6."""
    return max(0.0, 1 - distance / (2 * SAME_PERSON))


def _mean_similarity(faces: Sequence[Face]) -> float:
    pairs = combinations(faces, 2)
    return float(np.mean([similarity(_distance(one, other)) for one, other in pairs]))


def _distance(one: Face, other: Face) -> float:
    return float(np.linalg.norm(one.embedding - other.embedding))
