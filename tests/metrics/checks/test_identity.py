from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter, ImageOps
from skimage import data

from arenas.providers.base import Expectation
from metrics.checks._identity.faces import find_faces, similarity
from metrics.checks.base import PromptFacts, ReferencePicture, Subject
from metrics.checks.identity import Check

FACES = Path(__file__).parents[4] / "shared/data/faces"
ASTRONAUT = Image.fromarray(data.astronaut())
COFFEE = Image.fromarray(data.coffee())
CAT = Image.fromarray(data.cat())


def measure(*images, references=(("a", ASTRONAUT),), subject=""):
    prompt = PromptFacts(
        "p", "identity", "her", frozenset({"subject"}), Expectation(subject=subject)
    )
    pictures = tuple(ReferencePicture(name, "subject", image) for name, image in references)
    return Check().measure(Subject(prompt, pictures, images))


def stand(*people):
    """People side by side."""
    group = Image.new("RGB", (800, 600))
    for place, person in enumerate(people):
        group.paste(person, (400 * place, 0))
    return group


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


def test_without_a_subject_reference_nothing_is_measured():
    assert measure(ASTRONAUT, references=()).not_measurable == "no reference could be the subject"


def test_a_reference_without_a_face_is_measured_as_a_subject():
    values = measure(COFFEE, references=[("a", COFFEE)]).values
    assert values["similarity"] == values["subject_similarity"] > 0.8
    assert "face_similarity" not in values


def test_a_reference_with_a_face_is_measured_by_it_alone():
    values = measure(ASTRONAUT).values
    assert values["similarity"] == values["face_similarity"]
    assert "subject_similarity" not in values


def test_another_thing_is_less_like_the_subject():
    own, other = (measure(image, references=[("a", COFFEE)]).values for image in (COFFEE, CAT))
    assert other["similarity"] < 0.4 < own["similarity"]


def test_turned_colours_are_less_like_the_subject():
    turned = Image.fromarray(np.asarray(COFFEE)[..., ::-1].copy())
    values = measure(turned, references=[("a", COFFEE)]).values
    assert values["similarity"] < measure(COFFEE, references=[("a", COFFEE)]).values["similarity"]


@pytest.mark.parametrize("reference", [ASTRONAUT, COFFEE], ids=["face", "subject"])
def test_a_mirrored_copy_elsewhere_is_called_a_copy(reference):
    scene = CAT.resize((900, 700))
    scene.paste(ImageOps.mirror(reference).resize((420, 420)), (430, 200))
    own = reference.resize((420, 420))
    assert measure(scene, references=[("a", own)]).values["copy_paste"] > 0.9


def test_two_people_are_told_apart_wherever_they_stand():
    pictures = photographs()
    pair = [pictures["biden"].resize((264, 600)), pictures["obama2"].resize((313, 600))]
    values = measure(stand(*reversed(pair)), references=[("a", stand(*pair))]).values
    assert values["faces_found"] == values["same_person"] == 1


def test_a_person_who_is_missing_lowers_the_faces_found():
    pictures = photographs()
    references = [(name, pictures[name]) for name in ("biden", "obama")]
    values = measure(pictures["obama2"], references=references).values
    assert values["faces_found"] == 0.5
    assert values["same_person"] == 1


def test_two_references_of_one_person_are_one_person():
    pictures = photographs()
    references = [(name, pictures[name]) for name in ("obama", "obama2")]
    assert measure(pictures["obama3"], references=references).values["faces_found"] == 1


def test_another_photograph_of_a_person_is_no_copy():
    pictures = photographs()
    other = measure(pictures["obama3"], references=[("o", pictures["obama"])]).values
    same = measure(pictures["obama"], references=[("o", pictures["obama"])]).values
    assert other["copy_paste"] < 0.2
    assert same["copy_paste"] == 1


def test_the_named_reference_is_the_subject():
    references = [("a", ASTRONAUT), ("b", COFFEE)]
    values = measure(ASTRONAUT, references=references, subject="a").values
    assert values["same_person"] == 1
    assert "subject_similarity" not in values


def test_there_is_no_headline_where_one_kind_of_subject_was_not_measured():
    values = measure(COFFEE, references=[("a", ASTRONAUT), ("b", COFFEE)]).values
    assert "similarity" not in values
    assert values["subject_similarity"] > 0.8


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (7, 5), (64, 64)])
@pytest.mark.parametrize("turned", [False, True], ids=["image", "reference"])
def test_odd_pictures_are_measured_or_not_but_never_fail(size, turned):
    odd = Image.new("RGB", size, "red")
    reference, image = (odd, COFFEE) if turned else (COFFEE, odd)
    finding = measure(image, references=[("a", reference)])
    assert all(np.isfinite(list(finding.values.values())))
    for measure_ in Check.measures:
        if measure_.name in finding.values:
            assert measure_.low <= finding.values[measure_.name] <= measure_.high


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
    assert [box.picture for box in boxes] == ["image:1", "reference:a"]
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
    group = stand(pictures["biden"].resize((264, 600)), pictures["obama2"].resize((313, 600)))
    assert len(find_faces(group)) == 2
    values = measure(group, references=[("o", pictures["obama"])]).values
    assert values["same_person"] == 1
