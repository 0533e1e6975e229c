"""The free judge looks at pixels alone, and always answers the same."""

import asyncio
import io

import numpy as np
import pytest
from PIL import Image

from arenas.providers.base import ProviderError, Reference, Status, make_provider

CHOICE = {"type": "string", "enum": ["A", "B", "tie"]}
ASPECTS = ("instruction", "preservation", "identity", "naturalness", "overall")
SCHEMA = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, **dict.fromkeys(ASPECTS, CHOICE)},
}


def picture(colour="teal", noise=0.0):
    pixels = np.asarray(Image.new("RGB", (96, 96), colour), dtype=np.float64)
    pixels = pixels + np.random.default_rng(1).normal(0, 255 * noise, pixels.shape)
    buffer = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def judge(a, b, schema=SCHEMA, **references):
    images = [Reference(f"Reference ({role})", role, data, "image/png")
              for role, data in references.items()]  # fmt: skip
    images += [Reference(f"Answer {s}", s, d, "image/png") for s, d in (("A", a), ("B", b))]
    provider = make_provider("procedural", "", {})
    return asyncio.run(provider.ask(images, "Which?", schema))


def test_less_noise_is_more_natural_in_either_order():
    clean, noisy = picture(), picture(noise=0.2)
    assert judge(clean, noisy).data["naturalness"] == "A"
    assert judge(noisy, clean).data["naturalness"] == "B"


def test_the_same_picture_twice_is_a_tie_throughout():
    replies = judge(picture(), picture(), source=picture("red"), subject=picture("blue")).data
    assert {replies[aspect] for aspect in ASPECTS} == {"tie"}


def test_what_is_nearer_to_the_source_preserves_more():
    near, far = picture("#106060"), picture("#806060")
    assert judge(near, far, source=picture("#006060")).data["preservation"] == "A"


def test_what_changed_nothing_did_not_follow():
    source = picture("red")
    assert judge(source, picture("#e02020"), source=source).data["instruction"] == "B"


def test_the_colours_of_the_subject_are_its_identity():
    assert judge(picture("green"), picture("red"), subject=picture("red")).data["identity"] == "B"


def test_overall_is_what_most_rules_say():
    assert judge(picture(), picture(noise=0.2)).data["overall"] == "A"


def test_an_edit_is_done_where_anything_changed():
    schema = {
        "type": "object",
        "properties": {"state": {"type": "string", "enum": ["done", "not done"]}},
    }
    assert judge(picture("red"), picture("red"), schema).data["state"] == "not done"
    assert judge(picture("red"), picture("blue"), schema).data["state"] == "done"


def test_it_costs_nothing_and_says_what_it_is():
    answer = judge(picture(), picture())
    assert (answer.status, answer.cost_usd) == (Status.DONE, 0)
    assert answer.model_version == "rules-of-thumb-1"


def test_what_no_rule_answers_is_an_error():
    with pytest.raises(ProviderError, match="no rule of thumb answers 'taste'"):
        judge(picture(), picture(), {"properties": {"taste": {"type": "integer"}}})
