"""Whether the subjects of the references, people or things, are the subjects of the images."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from PIL import Image

from metrics.checks._identity.copying import lay_over
from metrics.checks._identity.faces import (
    SAME_PERSON,
    Face,
    Person,
    compare_chips,
    distance,
    find_faces,
    group_people,
    match,
    nearest,
    similarity,
)
from metrics.checks._identity.subjects import (
    Portrait,
    compare_subjects,
    cut_out,
    find_subject,
)
from metrics.checks.base import (
    BaseCheck,
    Box,
    Finding,
    Measure,
    PromptFacts,
    ReferencePicture,
    Subject,
)

# Likenesses of edges: below the first nothing is copied, from the second on everything.
OTHER_POSE, SAME_PIXELS = 0.4, 0.9
# A subject that lies in the image as it does in the reference is compared there.
LAID = 0.5


@dataclass(slots=True)
class Sums:
    """What was found in a candidate's images, one number for each subject and image."""

    distances: list[float] = field(default_factory=list)
    alike: list[float] = field(default_factory=list)
    between: list[float] = field(default_factory=list)
    copied: list[float] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)


class Check(BaseCheck):
    """Similarity of the references' subjects to those found in the images, by two methods.

    A reference that shows faces is measured by faces, each the L2 distance d between 128-d
    embeddings of a ResNet (King 2017, dlib), upright and from the front: 1 - d / 1.2, at least 0,
    0.5 at the threshold 0.6 of one person. Several people are paired with the image's faces so
    that the distances' sum is least. A reference without a face is measured as a subject:
    √(content · colour), content = (c - 0.2) / 0.6 within 0 … 1 with the cosine c of masked
    EfficientNet-Lite0 embeddings, colour = exp(-e / 15) with the distance e of the colours in
    ΔE. `copy_paste` is (r - 0.4) / 0.5 within 0 … 1, r the correlation of edges once the reference
    is laid over the image. Numbers of the two methods are not comparable.
    """

    version = "3"
    title = "Identity"
    measures = (
        Measure(
            "similarity",
            "",
            0.0,
            1.0,
            1,
            "Mean similarity to the references' subjects, by the method that suits each.",
            headline=True,
        ),
        Measure(
            "face_similarity",
            "",
            0.0,
            1.0,
            1,
            "Mean of 1 - distance / 1.2 to the reference's faces; 0.5 is the threshold.",
        ),
        Measure(
            "subject_similarity",
            "",
            0.0,
            1.0,
            1,
            "Mean similarity of content and colour to subjects without a face.",
        ),
        Measure(
            "copy_paste",
            "",
            0.0,
            1.0,
            -1,
            "Mean share of the reference's own pixels and pose; high: pasted, not made anew.",
        ),
        Measure(
            "between_shots", "", 0.0, 1.0, 1, "Mean similarity of a subject between the images."
        ),
        Measure("distance", "L2", 0.0, 3.0, -1, "Mean distance to the reference's faces."),
        Measure("same_person", "share", 0.0, 1.0, 1, "Faces nearer to their reference than 0.6."),
        Measure("faces_found", "share", 0.0, 1.0, 1, "Of the faces sought in the images."),
    )

    def applies(self, prompt: PromptFacts) -> bool:
        return "subject" in prompt.roles or bool(prompt.expect.subject)

    def measure(self, subject: Subject) -> Finding:
        references = _subject_references(subject)
        if not references:
            return Finding(not_measurable="no reference could be the subject")
        if not subject.images:
            return Finding(not_measurable="there is no image")
        shown = [find_faces(reference.image) for reference in references]
        faceless = [each for each, faces in zip(references, shown, strict=True) if not faces]
        people = group_people([faces for faces in shown if faces])
        faces = _measure_people(people, subject.images) if people else Sums()
        things = _measure_things(faceless, subject.images)
        for reference, found in zip(references, shown, strict=True):
            faces.boxes += [face.box(f"reference:{reference.id}", "reference") for face in found]
        return _conclude(faces, things, len(people), len(faceless), len(subject.images))


def _subject_references(subject: Subject) -> list[ReferencePicture]:
    """The reference that the suite names as the subject, or else all that play its role."""
    named = subject.prompt.expect.subject
    if named:
        return [reference for reference in subject.references if reference.id == named]
    return [reference for reference in subject.references if reference.role == "subject"]


def _measure_people(people: Sequence[Person], images: Sequence[Image.Image]) -> Sums:
    sums = Sums()
    seen: list[list[Face]] = [[] for _ in people]
    for index, image in enumerate(images):
        for number, face in match(list(people), find_faces(image)).items():
            apart = nearest(people[number], face)
            copied = grade_copy(max(compare_chips(own, face) for own in people[number]))
            sums.distances.append(apart)
            sums.alike.append(similarity(apart))
            sums.copied.append(copied)
            label = f"face: distance {apart:.2f}, copied {copied:.2f}"
            sums.boxes.append(face.box(f"image:{index}", label))
            seen[number].append(face)
    for faces in seen:
        sums.between += [similarity(distance(*pair)) for pair in combinations(faces, 2)]
    return sums


def _measure_things(references: Sequence[ReferencePicture], images: Sequence[Image.Image]) -> Sums:
    sums = Sums()
    for reference in references:
        own = cut_out(reference.image)
        sums.boxes.append(Box(f"reference:{reference.id}", *own.frame, "reference"))
        seen = [_measure_thing(own, image, index, sums) for index, image in enumerate(images)]
        sums.between += [compare_subjects(*pair) for pair in combinations(seen, 2)]
    return sums


def _measure_thing(own: Portrait, image: Image.Image, index: int, sums: Sums) -> Portrait:
    laid = lay_over(own, image)
    frame = laid.frame(own, image.size) if laid.likeness > LAID else None
    found = find_subject(image, own, frame)
    alike, copied = compare_subjects(own, found), grade_copy(laid.likeness)
    sums.alike.append(alike)
    sums.copied.append(copied)
    label = f"subject: similarity {alike:.2f}, copied {copied:.2f}"
    sums.boxes.append(Box(f"image:{index}", *found.frame, label))
    return found


def grade_copy(likeness: float) -> float:
    """0 up to a likeness of 0.4, which other poses reach; 1 from 0.9, where copies lie."""
    return float(np.clip((likeness - OTHER_POSE) / (SAME_PIXELS - OTHER_POSE), 0, 1))


def _conclude(faces: Sums, things: Sums, people: int, faceless: int, images: int) -> Finding:
    """All numbers; the headline only where every kind of subject could be measured."""
    if not faces.alike and not things.alike:
        where = "image 1 of 1" if images == 1 else f"any of {images} images"
        return Finding(not_measurable=f"no face found in {where}")
    values = {
        "face_similarity": faces.alike,
        "subject_similarity": things.alike,
        "copy_paste": faces.copied + things.copied,
        "between_shots": faces.between + things.between,
        "distance": faces.distances,
        "same_person": [float(apart < SAME_PERSON) for apart in faces.distances],
    }
    if bool(faces.alike) == bool(people):
        shares = [(faces.alike, people), (things.alike, faceless)]
        weights = [weight for numbers, weight in shares if numbers]
        means = [float(np.mean(numbers)) for numbers, _ in shares if numbers]
        values["similarity"] = [float(np.average(means, weights=weights))]
    result = {name: float(np.mean(numbers)) for name, numbers in values.items() if numbers}
    if people:
        result["faces_found"] = len(faces.alike) / (people * images)
    return Finding(result, boxes=(*faces.boxes, *things.boxes))
