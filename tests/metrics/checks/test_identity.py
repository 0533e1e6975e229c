from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter
from skimage import data

from arenas.providers.base import Expectation
from metrics.checks.base import PromptFacts, ReferencePicture, Subject
from metrics.checks.identity import Check, find_faces, similarity

FACES = Path(__file__).parents[4] / "shared/data/faces"
ASTRONAUT = Image.fromarray(data.astronaut())
COFFEE = Image.fromarray(data.coffee())


def measure(*images, references=(("a", ASTRONAUT),), subject=""):
    prompt = PromptFacts(
        "p", "identity", "her", frozenset({"subject"}), Expectation(subject=subject)
    )
    pictures = tuple(ReferencePicture(name, "subject", image) for name, image in references)
    return Check().measure(Subject(prompt, pictures, images))


def photographs():
    if not FACES.is_dir():
        pytest.skip(f"no photographs of several people in {FACES}")
    pictures = {}
    for path in sorted(FACES.iterdir()):
        with Image.open(path) as picture:
            pictures[path.stem] = picture.convert("RGB")
    return pictures


def test_it_applies_to_prompts_with_a_subject_reference_only():
    assert Check().applies(PromptFacts("p", "c", "t", frozenset({"subject"})))
    assert not Check().applies(PromptFacts("p", "c", "t", frozenset({"style"})))


def test_the_same_picture_is_the_same_person():
    values = measure(ASTRONAUT).values
    assert values["similarity"] == pytest.approx(1, abs=1e-6)
    assert values["same_person"] == values["faces_found"] == 1


@pytest.mark.parametrize(
    "edit",
    [
        lambda image: ImageEnhance.Brightness(image).enhance(1.5),
        lambda image: image.filter(ImageFilter.GaussianBlur(2)),
        lambda image: image.crop((60, 0, 400, 340)),
        lambda image: image.convert("L"),
    ],
    ids=["relit", "blurred", "cropped", "grey"],
)
def test_an_edited_picture_is_still_the_same_person(edit):
    values = measure(edit(ASTRONAUT)).values
    assert values["same_person"] == 1
    assert 0.5 < values["similarity"] < 1


def test_an_image_without_a_face_is_not_measurable():
    assert measure(COFFEE).not_measurable == "no face found in image 1 of 1"
    assert measure(COFFEE, COFFEE).not_measurable == "no face found in any of 2 images"


def test_a_candidate_without_images_is_not_measurable():
    assert measure().not_measurable == "there is no image"


def test_a_reference_without_a_face_is_not_measurable():
    finding = measure(ASTRONAUT, references=[("a", COFFEE)])
    assert finding.not_measurable == "the reference shows no face"


def test_a_reference_with_two_faces_is_not_measurable():
    two = Image.fromarray(np.hstack([data.astronaut(), data.astronaut()]))
    finding = measure(ASTRONAUT, references=[("a", two)])
    assert finding.not_measurable == "the reference shows 2 faces"


def test_two_possible_subjects_are_not_measurable_unless_one_is_named():
    references = [("a", ASTRONAUT), ("b", COFFEE)]
    finding = measure(ASTRONAUT, references=references)
    assert finding.not_measurable == "2 references could be the subject"
    assert measure(ASTRONAUT, references=references, subject="a").values["same_person"] == 1


def test_images_without_a_face_lower_the_share_of_faces_found_only():
    values = measure(ASTRONAUT, COFFEE).values
    assert values["faces_found"] == 0.5
    assert values["same_person"] == 1
    assert "between_shots" not in values


def test_shots_are_compared_with_each_other():
    values = measure(ASTRONAUT, ASTRONAUT.filter(ImageFilter.GaussianBlur(2))).values
    assert 0.5 < values["between_shots"] < 1


def test_boxes_show_the_faces_compared_inside_their_pictures():
    boxes = measure(COFFEE, ASTRONAUT).boxes
    assert [box.picture for box in boxes] == ["reference:a", "image:1"]
    for box in boxes:
        assert 0 <= box.left < box.right <= 512
        assert 0 <= box.top < box.bottom <= 512


@pytest.mark.parametrize("size", [400, 600, 700, 1024])
def test_one_face_is_one_face_at_any_size(size):
    assert len(find_faces(ASTRONAUT.resize((size, size), Image.Resampling.LANCZOS))) == 1


def test_a_large_picture_gives_the_face_of_a_small_one():
    large = ASTRONAUT.resize((2048, 2048), Image.Resampling.LANCZOS)
    assert measure(large).values["similarity"] > 0.8


def test_similarity_is_half_at_the_threshold_and_never_negative():
    assert similarity(0.0) == 1
    assert similarity(0.6) == pytest.approx(0.5)
    assert similarity(2.0) == 0


def test_every_pair_of_one_person_is_nearer_than_any_pair_of_two():
    faces = {name: find_faces(image)[0] for name, image in photographs().items()}
    apart = {
        (one, other): np.linalg.norm(faces[one].embedding - faces[other].embedding)
        for one, other in combinations(faces, 2)
    }
    same = [distance for (one, other), distance in apart.items() if one[:5] == other[:5]]
    different = [distance for (one, other), distance in apart.items() if one[:5] != other[:5]]
    assert max(same) < 0.6 < min(different)


def test_the_nearest_of_several_faces_counts():
    pictures = photographs()
    group = Image.new("RGB", (800, 600))
    group.paste(pictures["biden"].resize((264, 600)), (0, 0))
    group.paste(pictures["obama2"].resize((313, 600)), (400, 0))
    assert len(find_faces(group)) == 2
    values = measure(group, references=[("o", pictures["obama"])]).values
    assert values["same_person"] == 1
