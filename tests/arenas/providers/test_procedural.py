"""The procedural renderer: repeatable, and as good or bad as it was told to be."""

import asyncio
from dataclasses import replace
from functools import cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from arenas.providers.base import Expectation, ImagePart, Reference, Request, Status, TextPart
from arenas.providers.procedural import DEFECTS, Provider, applies
from arenas.suites.samples import load_sample

SUITES = Path("fixtures/suites")
STRENGTHS = (0.1, 0.3, 0.6, 1.0)
SIZE = 128


def read_reference(row):
    if row["file"].startswith("skimage:"):
        data, mime = load_sample(row["file"].removeprefix("skimage:"))
    else:
        data, mime = (SUITES / row["file"]).read_bytes(), "image/webp"
    return Reference(row["id"], row["role"], data, mime)


def read_request(row, seed):
    stated = row.get("expect", {})
    expect = Expectation(
        text=tuple(stated.get("text", ())),
        edits=tuple(stated.get("edits", ())),
        preserve=stated.get("preserve", ""),
        subject=stated.get("subject", ""),
        aspect_ratio=stated.get("aspect_ratio", "1:1"),
        n_images=stated.get("n_images", 1),
    )
    return Request(
        prompt=row["id"],
        turns=tuple(row.get("turns") or [row["text"]]),
        category=row["category"],
        references=tuple(read_reference(r) for r in row.get("references", ())),
        aspect_ratio=expect.aspect_ratio,
        n_images=expect.n_images,
        seed=seed,
        expect=expect,
    )


@cache
def all_requests():
    rows = [
        row
        for file in sorted(SUITES.glob("*.yaml"))
        for row in yaml.safe_load(file.read_text("utf-8"))["prompts"]
    ]
    return {row["id"]: read_request(row, seed) for seed, row in enumerate(rows)}


def answer(request, *, model="alpha", deadline=60.0, **params):
    provider = Provider(model, {"size": SIZE, **params})
    return asyncio.run(provider.generate(request, deadline=deadline))


def images(outcome):
    return [part for part in outcome.parts if isinstance(part, ImagePart)]


def pixels(outcome):
    """Every image of an answer as an array, at one size whatever its own."""
    files = (Image.open(BytesIO(part.data)).convert("RGB") for part in images(outcome))
    return [np.asarray(file.resize((SIZE, SIZE)), np.float32) for file in files]


@cache
def flawless(prompt):
    return pixels(answer(all_requests()[prompt]))


def change(prompt, defect, strength):
    flawed = pixels(answer(all_requests()[prompt], **{defect: strength}))
    pairs = zip(flawless(prompt), flawed, strict=True)
    return float(np.mean([np.abs(a - b).mean() for a, b in pairs]))


def test_the_same_request_gives_the_same_bytes():
    request = all_requests()["character-astronaut-market"]
    assert answer(request, pasting_seams=0.4).parts == answer(request, pasting_seams=0.4).parts


@pytest.mark.parametrize("other", [{"model": "beta"}, {"noise": 0.2}, {"size": 160}])
def test_another_model_or_setting_gives_another_picture(other):
    request = all_requests()["instructions-three-balloons"]
    assert images(answer(request)) != images(answer(request, **other))


def test_another_seed_gives_another_picture():
    request = all_requests()["instructions-three-balloons"]
    assert images(answer(request)) != images(answer(replace(request, seed=99_999)))


def test_two_models_without_defects_differ_visibly():
    request = all_requests()["composition-astronaut-meadow"]
    a, b = (pixels(answer(request, model=name))[0] for name in ("alpha", "beta"))
    assert np.abs(a - b).mean() > 10


def test_an_outcome_states_its_version_price_and_time():
    outcome = answer(all_requests()["instructions-five-boats"])
    assert outcome.status is Status.DONE
    assert outcome.model_version == "procedural-1"
    assert outcome.cost_usd == 0
    assert outcome.usage == {"images": 1}
    assert outcome.timings["render"] > 0


@pytest.mark.parametrize(
    ("ratio", "size"), [("1:1", (128, 128)), ("16:9", (128, 72)), ("3:4", (96, 128))]
)
def test_the_picture_has_the_aspect_ratio_asked_for(ratio, size):
    request = replace(all_requests()["instructions-five-boats"], aspect_ratio=ratio)
    assert Image.open(BytesIO(images(answer(request))[0].data)).size == size


@pytest.mark.parametrize("prompt", all_requests())
def test_every_prompt_of_the_fixtures_gives_the_images_it_expects(prompt):
    request = all_requests()[prompt]
    assert len(flawless(prompt)) == max(request.n_images, len(request.turns))


@pytest.mark.parametrize("defect", [name for name in DEFECTS if name != "refusal_rate"])
def test_a_defect_changes_what_it_applies_to_and_more_with_strength(defect):
    asked = [prompt for prompt, request in all_requests().items() if applies(defect, request)]
    # Each third, another third for each defect: all of them would take minutes.
    for prompt in asked[list(DEFECTS).index(defect) % 3 :: 3]:
        changes = [change(prompt, defect, strength) for strength in STRENGTHS]
        assert changes[0] > 0, prompt
        assert all(b >= 0.97 * a for a, b in pairwise(changes)), (prompt, changes)
        only_edit = defect == "ignored_edits" and changes[0] == changes[-1]
        assert only_edit or changes[-1] > 1.05 * changes[0], (prompt, changes)


@pytest.mark.parametrize("defect", [name for name in DEFECTS if name != "refusal_rate"])
def test_a_defect_leaves_prompts_alone_to_which_it_does_not_apply(defect):
    for prompt in ("instructions-three-balloons", "text-grand-opening", "preservation-sofa-green"):
        if not applies(defect, all_requests()[prompt]):
            assert change(prompt, defect, 1.0) == 0


def test_returned_unchanged_in_full_is_the_source_itself():
    request = all_requests()["preservation-sofa-green"]
    assert images(answer(request, returned_unchanged=1))[0].data == request.references[0].data


def test_a_refusal_gives_a_reason_and_no_parts():
    outcome = answer(all_requests()["instructions-five-boats"], refusal_rate=1)
    assert outcome.status in {Status.REFUSED_PROMPT, Status.REFUSED_OUTPUT}
    assert outcome.reason
    assert outcome.parts == ()


def test_refusals_come_at_about_their_rate_and_repeat_with_the_seed():
    request = replace(all_requests()["instructions-five-boats"], aspect_ratio="5:1")

    def refused(seed):
        outcome = answer(replace(request, seed=seed), size=64, refusal_rate=0.5)
        return outcome.status is not Status.DONE

    first = [refused(seed) for seed in range(60)]
    assert first == [refused(seed) for seed in range(60)]
    assert 18 <= sum(first) <= 42


def test_each_turn_gives_an_image_made_from_the_one_before():
    request = all_requests()["sequential-fox-picnic"]
    outcome = answer(request)
    assert [part.turn for part in outcome.parts] == [0, 1, 2]
    first, second, third = pixels(outcome)
    right, left = np.s_[:, SIZE // 2 :], np.s_[:, : SIZE // 2]
    assert np.abs(first[right] - second[right]).mean() < np.abs(first[left] - second[left]).mean()
    assert np.abs(second[left] - third[left]).mean() < np.abs(second[right] - third[right]).mean()


def test_an_interleaved_answer_alternates_words_and_pictures():
    parts = answer(all_requests()["interleaved-plant-a-tree"]).parts
    assert [type(part) for part in parts] == [TextPart, ImagePart] * 3
    assert parts[0].text == "1. Dig a hole in the meadow."


def test_an_edit_outside_the_vocabulary_still_changes_the_picture():
    request = replace(
        all_requests()["preservation-sofa-green"],
        expect=Expectation(edits=("make it feel like a memory of home",)),
    )
    unchanged = pixels(answer(request, ignored_edits=1))[0]
    assert np.abs(pixels(answer(request))[0] - unchanged).mean() > 1


def test_an_edit_leaves_the_rest_of_the_source_alone():
    request = all_requests()["preservation-boat-blue"]
    source, edited = (pixels(answer(request, ignored_edits=k))[0] for k in (1, 0))
    sky = np.s_[: SIZE // 3]
    assert np.abs(source - edited).mean() > 1
    assert np.abs(source[sky] - edited[sky]).mean() < 0.5


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"sharpness": 1}, "unknown parameter 'sharpness'"),
        ({"noise": 1.5}, "noise must be a number from 0 to 1"),
        ({"noise": float("nan")}, "noise must be a number from 0 to 1"),
        ({"identity_drift": "high"}, "identity_drift must be a number from 0 to 1"),
        ({"refusal_rate": True}, "refusal_rate must be a number from 0 to 1"),
        ({"size": 12}, "size must be a whole number from 64 to 2048"),
    ],
)
def test_a_wrong_parameter_is_an_error_that_names_it(params, message):
    with pytest.raises(ValueError, match=message):
        Provider("alpha", params)


def test_an_unknown_defect_is_an_error():
    with pytest.raises(ValueError, match="unknown defect 'sloth'"):
        applies("sloth", all_requests()["instructions-five-boats"])


def test_a_deadline_that_cannot_be_met_is_a_timeout():
    with pytest.raises(TimeoutError):
        answer(all_requests()["instructions-five-boats"], size=2048, deadline=0)
