"""ArcFace: whether the person is the reference's, by face, to weights of one's own."""

from functools import cache
from typing import Any

import cv2
import dlib
import face_recognition_models as weights
import numpy as np
from PIL import Image

from metrics.checks._adapters.prepare import normalise
from metrics.checks._adapters.weights import Adapter, BadWeights, Network, Numbers, embed
from metrics.checks.base import Finding, Measure, PromptFacts, Subject

SIDE = 112
# Where ArcFace's own alignment puts the eyes, in pixels of 112.
EYES = np.array([[38.2946, 51.6963], [73.5318, 51.5014]])
LONG_SIDE = 800
LEAST_SCORE = 0.25
HALF = (0.5, 0.5, 0.5)


class Check(Adapter):
    """Cosine of ArcFace embeddings: Deng et al. (2019), arXiv:1801.07698.

    `CHECK_ARCFACE` names the network: (1, 3, 112, 112) with levels from -1 to 1, red first, to
    (1, d). Faces are found upright and from the front (dlib's histograms of oriented gradients),
    then turned, scaled and moved so that the eyes lie where ArcFace has them. Of several faces in
    an image the likest counts. Images without a face count for `faces_found` alone.
    """

    title = "ArcFace likeness"
    variable = "CHECK_ARCFACE"
    measures = (
        Measure("similarity", "cosine", -1, 1, 1, "Mean likeness to the face.", headline=True),
        Measure("faces_found", "share", 0, 1, 1, "Images in which a face was found."),
    )

    def applies(self, prompt: PromptFacts) -> bool:
        return "subject" in prompt.roles

    def measure(self, subject: Subject) -> Finding:
        if not subject.images:
            return Finding(not_measurable="there is no image")
        references = [each.image for each in subject.references if each.role == "subject"]
        if len(references) != 1:
            return Finding(not_measurable=f"{len(references)} references could be the subject")
        try:
            return self._compare(references[0], subject, self.load())
        except BadWeights as reason:
            return Finding(not_measurable=str(reason))

    def _compare(self, reference: Image.Image, subject: Subject, network: Network) -> Finding:
        known = self._embed_faces(reference, network)
        if len(known) != 1:
            shown = f"{len(known)} faces" if known else "no face"
            return Finding(not_measurable=f"the reference shows {shown}")
        each = [self._embed_faces(image, network) for image in subject.images]
        found = [max(float(face @ known[0]) for face in faces) for faces in each if faces]
        if not found:
            return Finding(not_measurable="no face found in the images")
        similarity = float(np.clip(np.mean(found), -1, 1))
        return Finding({"similarity": similarity, "faces_found": len(found) / len(each)})

    def _embed_faces(self, image: Image.Image, network: Network) -> list[Numbers]:
        side = network.side(SIDE)
        faces = cut_faces(image.convert("RGB"), side)
        return [embed(network, normalise(face, HALF, HALF), self.variable) for face in faces]


def cut_faces(image: Image.Image, side: int) -> list[Image.Image]:
    """The faces of a picture, each aligned by its eyes in a square."""
    detect, mark = _models()
    pixels = np.asarray(image)
    scale = min(1.0, LONG_SIDE / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = np.asarray(image.resize(size, Image.Resampling.LANCZOS))
    faces = []
    for found in detect.run(small, 0, LEAST_SCORE)[0]:
        sides = (found.left(), found.top(), found.right(), found.bottom())
        points = mark(pixels, dlib.rectangle(*(round(each / scale) for each in sides)))
        corners = np.array([(points.part(number).x, points.part(number).y) for number in range(4)])
        # The first two points are the corners of the eye on the right of the picture.
        eyes = np.stack([corners[2:].mean(0), corners[:2].mean(0)])
        faces.append(align(pixels, eyes, side))
    return faces


def align(pixels: Any, eyes: Any, side: int) -> Image.Image:
    """The square in which the eyes (left and right, as (x, y)) lie in their places."""
    target = EYES * side / SIDE
    (a, b), (c, d) = eyes[1] - eyes[0], target[1] - target[0]
    turn = complex(c, d) / (complex(a, b) or 1)
    matrix = np.array([[turn.real, -turn.imag, 0], [turn.imag, turn.real, 0]])
    matrix[:, 2] = target[0] - matrix[:, :2] @ eyes[0]
    return Image.fromarray(cv2.warpAffine(pixels, matrix, (side, side), flags=cv2.INTER_AREA))


@cache
def _models() -> tuple[Any, Any]:
    return (
        dlib.get_frontal_face_detector(),
        dlib.shape_predictor(weights.pose_predictor_five_point_model_location()),
    )
