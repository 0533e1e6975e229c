"""A tiny pipeline of random weights, made here. `make test-extras` has diffusers."""

import asyncio
import io
import json
from importlib.util import find_spec

import pytest
from PIL import Image

from arenas.providers.base import Cause, ProviderError, Reference, Request, Status
from arenas.providers.diffusers import Provider

needs_diffusers = pytest.mark.skipif(
    find_spec("diffusers") is None, reason="needs the diffusers extra"
)
QUICK = {"steps": 2, "device": "cpu"}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A Stable Diffusion pipeline of a few thousand weights, saved as checkpoints are."""
    return save_pipeline(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="module")
def strict_checkpoint(tmp_path_factory):
    """The same with a safety checker that objects to everything."""
    return save_pipeline(tmp_path_factory.mktemp("strict"), **make_safety_checker())


def save_pipeline(folder, **parts):
    import torch

    torch.manual_seed(0)
    make_pipeline(make_tokenizer(folder), parts).save_pretrained(folder / "tiny")
    return str(folder / "tiny")


def make_pipeline(tokenizer, parts):
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline
    from diffusers import UNet2DConditionModel as UNet
    from transformers import CLIPTextConfig, CLIPTextModel

    words = CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=32, num_attention_heads=4,
        num_hidden_layers=1, bos_token_id=0, eos_token_id=1, pad_token_id=1,
    )  # fmt: skip
    unet = UNet(
        sample_size=32, block_out_channels=(4, 8), layers_per_block=1, norm_num_groups=2,
        cross_attention_dim=32, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip
    vae = AutoencoderKL(
        block_out_channels=(4, 8), norm_num_groups=2, latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
    )  # fmt: skip
    none = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    return StableDiffusionPipeline(
        tokenizer=tokenizer,
        text_encoder=CLIPTextModel(words),
        unet=unet,
        vae=vae,
        scheduler=DDIMScheduler(steps_offset=1, clip_sample=False),
        **(none | parts),
    )


def make_safety_checker():
    from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
    from transformers import CLIPConfig, CLIPImageProcessor

    sight = {
        "hidden_size": 32, "intermediate_size": 32, "num_attention_heads": 4,
        "num_hidden_layers": 1, "image_size": 32, "patch_size": 8,
    }  # fmt: skip
    checker = StableDiffusionSafetyChecker(CLIPConfig(vision_config=sight, projection_dim=8))
    checker.concept_embeds_weights.fill_(-2)  # a cosine is greater than this, always
    size = {"height": 32, "width": 32}
    extractor = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=size)
    return {
        "safety_checker": checker,
        "feature_extractor": extractor,
        "requires_safety_checker": True,
    }


def make_tokenizer(folder):
    """A tokenizer that spells every word."""
    from transformers import CLIPTokenizer

    letters = "abcdefghijklmnopqrstuvwxyz."
    tokens = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{one}</w>" for one in letters)]
    vocabulary, merges = folder / "vocab.json", folder / "merges.txt"
    vocabulary.write_text(json.dumps({token: number for number, token in enumerate(tokens)}))
    merges.write_text("#version: 0.2\n")
    return CLIPTokenizer(str(vocabulary), str(merges), model_max_length=77)


def generate(model, *turns, params=QUICK, **others):
    request = Request("prompt", turns, **others)
    return asyncio.run(Provider(model, params).generate(request, deadline=120))


def open_picture(part):
    return Image.open(io.BytesIO(part.data))


@needs_diffusers
def test_a_prompt_becomes_a_picture_that_costs_nothing(checkpoint):
    outcome = generate(checkpoint, "a red kite")
    assert outcome.status is Status.DONE
    assert open_picture(outcome.parts[0]).format == "PNG"
    assert (outcome.cost_usd, outcome.usage) == (0, {"images": 1})
    assert outcome.details["pipeline"] == "StableDiffusionPipeline"


@needs_diffusers
def test_the_same_seed_gives_the_same_picture(checkpoint):
    one, same, other = (generate(checkpoint, "a kite", seed=seed).parts for seed in (7, 7, 8))
    assert one == same
    assert one != other


@needs_diffusers
def test_several_pictures_differ(checkpoint):
    outcome = generate(checkpoint, "three kites", n_images=3)
    assert len({part.data for part in outcome.parts}) == 3


@needs_diffusers
@pytest.mark.parametrize(("ratio", "size"), [("1:1", (64, 64)), ("4:1", (128, 32))])
def test_the_aspect_ratio_shapes_the_usual_area(checkpoint, ratio, size):
    assert open_picture(generate(checkpoint, "a kite", aspect_ratio=ratio).parts[0]).size == size


@needs_diffusers
def test_width_and_height_are_kept(checkpoint):
    params = {**QUICK, "width": 96, "height": 64}
    assert open_picture(generate(checkpoint, "a kite", params=params).parts[0]).size == (96, 64)


@needs_diffusers
def test_steps_guidance_and_what_to_avoid_change_the_picture(checkpoint):
    changes = [QUICK]
    changes += [QUICK | {"steps": 3}, QUICK | {"guidance": 2.0}, QUICK | {"negative_prompt": "dog"}]
    made = {generate(checkpoint, "a kite", params=params).parts for params in changes}
    assert len(made) == len(changes)


@needs_diffusers
def test_a_source_is_what_the_picture_begins_from(checkpoint):
    made = [
        generate(checkpoint, "a kite", references=(make_source(colour),))
        for colour in ("black", "white")
    ]
    assert made[0].parts != made[1].parts
    assert made[0].details["begun_from"] == "picture"
    assert open_picture(made[0].parts[0]).size == (96, 48)


@needs_diffusers
def test_a_later_turn_begins_from_the_picture_before_it(checkpoint):
    outcome = generate(checkpoint, "a kite", "make it blue")
    first, second = outcome.parts
    assert (first.turn, second.turn) == (0, 1)
    assert outcome.details["begun_from"] == "picture"
    assert outcome.details["conversation"] == "edits of the previous picture"
    source = Reference("first", "source", first.data, first.mime)
    assert second.data == generate(checkpoint, "make it blue", references=(source,)).parts[0].data


@needs_diffusers
def test_a_picture_that_the_safety_checker_blackens_is_a_refusal(strict_checkpoint):
    outcome = generate(strict_checkpoint, "a kite")
    assert outcome.status is Status.REFUSED_OUTPUT
    assert outcome.raw_reason == "nsfw_content_detected"
    assert outcome.parts == ()


@needs_diffusers
def test_a_checkpoint_that_is_not_here_is_not_fetched(tmp_path):
    with pytest.raises(ProviderError) as caught:
        generate("nobody/no-such-pipeline", "a kite")
    assert caught.value.cause is Cause.GONE


def make_source(colour):
    buffer = io.BytesIO()
    Image.new("RGB", (96, 48), colour).save(buffer, "PNG")
    return Reference("source", "source", buffer.getvalue(), "image/png")


@pytest.mark.skipif(find_spec("diffusers") is not None, reason="the extra is installed")
def test_a_missing_library_is_a_failure_that_says_what_to_install():
    with pytest.raises(ProviderError, match=r"pip install evalsite\[diffusers\]") as caught:
        generate("some-pipeline", "a kite")
    assert caught.value.permanent


@pytest.mark.parametrize(
    ("name", "value"),
    [("steps", 0), ("guidance", "much"), ("width", 3), ("dtype", "int8"), ("device", "tpu")],
)
def test_a_wrong_parameter_is_named(name, value):
    with pytest.raises(ValueError, match=name):
        Provider("some-pipeline", {name: value})
