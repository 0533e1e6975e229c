"""Loads a pipeline, and keeps it for the calls that follow."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from arenas.providers.base import Cause, ProviderError


@dataclass(frozen=True, slots=True)
class Checkpoint:
    model: str
    device: str
    dtype: str
    download: bool


def choose_checkpoint(model: str, settings: Mapping[str, Any]) -> Checkpoint:
    """The pipeline that the settings ask for, on the device that there is."""
    device, dtype = settings.get("device", "auto"), settings.get("dtype", "auto")
    if device == "auto":
        device = find_device()
    if dtype == "auto":
        dtype = "float32" if device == "cpu" else "float16"
    return Checkpoint(model, device, dtype, settings.get("download", False))


def find_device() -> str:
    torch = import_torch()
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


@lru_cache(maxsize=1)  # a second pipeline would not fit beside the first on most devices
def load(checkpoint: Checkpoint) -> Any:
    """The pipeline in memory. Only safetensors: other weights may run code when loaded."""
    torch, diffusers = import_torch(), import_diffusers()
    try:
        pipeline = diffusers.DiffusionPipeline.from_pretrained(
            checkpoint.model,
            dtype=getattr(torch, checkpoint.dtype),
            local_files_only=not checkpoint.download,
            use_safetensors=True,
        )
    except (OSError, ValueError) as error:
        missing = f"There is no usable pipeline {checkpoint.model!r} here: {error}"
        raise ProviderError(missing[:500], cause=Cause.GONE) from None
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(checkpoint.device)


def make_editor(pipeline: Any) -> Any | None:
    """The pipeline as one that begins from a picture; None where there is no such form of it."""
    if takes(pipeline, "image"):
        return pipeline
    try:
        return import_diffusers().AutoPipelineForImage2Image.from_pipe(pipeline)
    except ValueError:
        return None


def takes(pipeline: Any, argument: str) -> bool:
    return argument in inspect.signature(type(pipeline).__call__).parameters


def import_torch() -> Any:
    try:
        import torch
    except ImportError:
        raise missing_library() from None
    return torch


def import_diffusers() -> Any:
    try:
        import diffusers
        import transformers
    except ImportError:
        raise missing_library() from None
    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()
    return diffusers


def missing_library() -> ProviderError:
    needed = "This needs the diffusers extra: pip install evalsite[diffusers]."
    return ProviderError(needed, permanent=True)
