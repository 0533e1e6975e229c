"""Draws one turn with a local pipeline."""

import io
import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from PIL import Image

from arenas.providers._diffusers.load import (
    choose_checkpoint,
    import_diffusers,
    import_torch,
    load,
    make_editor,
    takes,
)
from arenas.providers._parameters import read_ratio
from arenas.providers.base import (
    ImagePart,
    Outcome,
    ProviderError,
    Reference,
    Request,
    Status,
)

# The settings that are a pipeline's arguments, by its names of them.
ARGUMENTS = {
    "steps": "num_inference_steps",
    "guidance": "guidance_scale",
    "negative_prompt": "negative_prompt",
}
# Pipelines halve their pictures several times over.
GRAIN = 16
# One pipeline, one device: one drawing at a time.
_lock = threading.Lock()


def draw(step: Request, model: str, settings: Mapping[str, Any]) -> Outcome:
    """The pictures of one turn, the same for the same seed."""
    with _lock:
        checkpoint = choose_checkpoint(model, settings)
        pipeline = load(checkpoint)
        source = find_source(step.references)
        editor = make_editor(pipeline) if source else None
        arguments = make_arguments(editor or pipeline, step, settings)
        if editor is not None and source is not None:
            arguments |= begin_from(source, settings)
        made = run(editor or pipeline, arguments)
    details = {
        **asdict(checkpoint),
        "sdk": f"diffusers {import_diffusers().__version__}, torch {import_torch().__version__}",
        "pipeline": type(editor or pipeline).__name__,
        "seed": step.seed,
        "begun_from": "picture" if editor else "words",
        "config": dict(settings),
    }
    return read_pictures(made, details)


def find_source(references: Sequence[Reference]) -> Reference | None:
    return next((picture for picture in references if picture.role == "source"), None)


def make_arguments(pipeline: Any, step: Request, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What the pipeline is called with. Raises for a setting that it does not take."""
    arguments: dict[str, Any] = {}
    for name in ARGUMENTS.keys() & settings.keys():
        if not takes(pipeline, ARGUMENTS[name]):
            kind = type(pipeline).__name__
            raise ProviderError(f"{kind} does not take {name}.", permanent=True)
        arguments[ARGUMENTS[name]] = settings[name]
    if takes(pipeline, "width") and takes(pipeline, "height"):
        arguments |= choose_frame(pipeline, step.aspect_ratio, settings)
    return arguments | {
        "prompt": step.turns[0],
        "num_images_per_prompt": step.n_images,
        "generator": import_torch().Generator("cpu").manual_seed(step.seed),
    }


def choose_frame(pipeline: Any, aspect_ratio: str, settings: Mapping[str, Any]) -> dict[str, int]:
    """The settings' width and height, or the pipeline's usual area in the ratio asked for."""
    stated = {name: settings[name] for name in ("width", "height") if name in settings}
    side = find_side(pipeline)
    if stated or side is None:
        return stated
    stretch = math.sqrt(read_ratio(aspect_ratio))
    return {"width": fit(side * stretch), "height": fit(side / stretch)}


def find_side(pipeline: Any) -> int | None:
    sample = getattr(pipeline, "default_sample_size", None)
    if sample is None and hasattr(pipeline, "unet"):
        sample = pipeline.unet.config.sample_size
    return sample * pipeline.vae_scale_factor if isinstance(sample, int) else None


def fit(length: float) -> int:
    return max(GRAIN, round(length / GRAIN) * GRAIN)


def begin_from(source: Reference, settings: Mapping[str, Any]) -> dict[str, Any]:
    picture = Image.open(io.BytesIO(source.data)).convert("RGB")
    if "width" in settings and "height" in settings:
        picture = picture.resize((settings["width"], settings["height"]))
    return {"image": picture}


def run(pipeline: Any, arguments: Mapping[str, Any]) -> Any:
    try:
        return pipeline(**arguments)
    except import_torch().OutOfMemoryError:
        message = "The device has not enough memory for this pipeline and size."
        raise ProviderError(message, permanent=True) from None


def read_pictures(made: Any, details: Mapping[str, Any]) -> Outcome:
    """The pictures but for those that the pipeline's safety checker has blackened."""
    flags = getattr(made, "nsfw_content_detected", None) or [False] * len(made.images)
    pictures = [image for image, flag in zip(made.images, flags, strict=True) if not flag]
    if any(flags):
        details = {**details, "withheld": len(flags) - len(pictures)}
    withheld = not pictures
    return Outcome(
        Status.REFUSED_OUTPUT if withheld else Status.DONE,
        tuple(ImagePart(encode(picture), "image/png") for picture in pictures),
        reason="The pipeline's safety checker withheld the picture." if withheld else "",
        raw_reason="nsfw_content_detected" if withheld else "",
        usage={"images": len(pictures)},
        cost_usd=Decimal(0),
        details=details,
    )


def encode(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()
