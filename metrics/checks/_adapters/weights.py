"""Networks that whoever runs the site brings along: files named by environment variables.

ONNX files run by onnxruntime; TorchScript files (.pt, .pth, .ts) where torch is installed.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from metrics.checks.base import BaseCheck

Numbers = NDArray[np.float32]
KINDS: dict[str, Any] = {
    "tensor(float16)": np.float16,
    "tensor(float)": np.float32,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
}
TORCHSCRIPT = {".pt", ".pth", ".ts"}
# So many digits of the file's SHA-256 tell one version of the weights from another.
DIGITS = 8


class BadWeights(Exception):
    """The file cannot be used; the message says why, and becomes the reason of the finding."""


@dataclass(frozen=True, slots=True)
class Network:
    """A network with as many inputs as `shapes` says; None where a size is free."""

    shapes: tuple[tuple[int | None, ...], ...]
    run: Callable[[Sequence[NDArray[Any]]], Numbers]

    def side(self, usual: int) -> int:
        """The side of the square that it takes, or the usual one where any will do."""
        shape = self.shapes[0] if self.shapes else ()
        return (shape[3] if len(shape) == 4 else None) or usual


class Adapter(BaseCheck):
    """A check on weights of one's own. `variable` names the file; without it nothing is measured.

    The version is this code's own and the first digits of the file's SHA-256, since other weights
    give other values; `companions` are the variables of further files of which that is true.
    """

    variable: str
    companions: tuple[str, ...] = ()
    revision = "1"
    pictures = 1  # how many the network takes at once

    @property
    def version(self) -> str:  # type: ignore[override]
        # Read anew for each object, because it changes with the file.
        digest = hash_files(self.variable, *self.companions)
        return f"{self.revision}-{digest[:DIGITS]}" if digest else self.revision

    def load(self) -> Network:
        """The network. Raises BadWeights where none is named, or it is none of the kind."""
        network = load_named(self.variable)
        check_inputs(network, self.pictures, self.variable)
        return network


def load_named(variable: str) -> Network:
    """The network that the variable names. Raises BadWeights."""
    path = name_file(variable)
    return load_network(path, hash_file(path))


def name_file(variable: str, what: str = "weights are") -> Path:
    """The file that the variable names. Raises BadWeights where it names none."""
    value = os.environ.get(variable, "")
    if not value:
        raise BadWeights(f"no {what} named (set {variable})")
    path = find_file(variable)
    if path is None:
        raise BadWeights(f"{variable} names no file that can be read: {Path(value).name}")
    return path


def find_file(variable: str) -> Path | None:
    value = os.environ.get(variable, "")
    found = value and Path(value).is_file() and os.access(value, os.R_OK)
    return Path(value) if found else None


def hash_file(path: Path) -> str:
    """The SHA-256 of a file, read once for as long as it is not written again."""
    stat = path.stat()
    return _hash(path, stat.st_mtime_ns, stat.st_size)


def hash_files(*variables: str) -> str:
    """Of one variable's file its SHA-256, of several that of theirs; empty where there is none."""
    digests = [hash_file(path) if path else "" for path in map(find_file, variables)]
    if len(digests) == 1 or not any(digests):
        return digests[0]
    return hashlib.sha256(" ".join(digests).encode()).hexdigest()


@cache
def _hash(path: Path, written: int, size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def load_network(path: Path, digest: str) -> Network:
    """The network of a file, once for each process and content. Raises BadWeights."""
    try:
        return _load_torch(path) if path.suffix in TORCHSCRIPT else _load_onnx(path)
    except BadWeights:
        raise
    except Exception as error:  # of whichever library reads the file
        raise BadWeights(f"{path.name} cannot be read: {type(error).__name__}") from None


def _load_onnx(path: Path) -> Network:
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])
    given = session.get_inputs()
    kinds = {each.name: KINDS.get(each.type) for each in given}
    shapes = tuple(
        tuple(size if isinstance(size, int) else None for size in each.shape) for each in given
    )

    def run(inputs: Sequence[NDArray[Any]]) -> Numbers:
        pairs = zip(kinds.items(), inputs, strict=True)
        fed = {name: np.asarray(each, kind) for (name, kind), each in pairs}
        return np.asarray(session.run(None, fed)[0], np.float32)

    return Network(shapes, run)


def _load_torch(path: Path) -> Network:
    try:
        torch: Any = import_module("torch")
    except ImportError:
        raise BadWeights(say_lacking("torch", path)) from None
    module = torch.jit.load(str(path), map_location="cpu").eval()

    def run(inputs: Sequence[NDArray[Any]]) -> Numbers:
        with torch.inference_mode():
            made = module(*(torch.from_numpy(each) for each in inputs))
        return np.asarray(made, np.float32)

    return Network((), run)


def say_lacking(library: str, path: Path) -> str:
    """Worded as the check's own trouble (`the check …`), so that it may be measured again."""
    return f"the check lacks {library}, which reads {path.name} and is not installed"


def check_inputs(network: Network, pictures: int, variable: str) -> None:
    """Raise BadWeights unless it takes so many pictures as (n, 3, height, width)."""
    if not network.shapes:
        return  # TorchScript does not say what it takes
    if len(network.shapes) != pictures:
        raise BadWeights(f"{variable}: {len(network.shapes)} inputs instead of {pictures}")
    for shape in network.shapes:
        square = len(shape) == 4 and shape[1] in (3, None) and shape[2] == shape[3]
        if not square or shape[0] not in (1, None):
            raise BadWeights(f"{variable}: the input is {show(shape)}, not 1 × 3 × side × side")


def show(shape: Sequence[int | None]) -> str:
    return " × ".join("?" if size is None else str(size) for size in shape)


def embed(network: Network, picture: Numbers, variable: str) -> Numbers:
    """The embedding of one picture, of length 1: (d,), or the first of (tokens, d).

    Raises BadWeights for an output of another shape, or one that is no number.
    """
    made = run(network, [picture], variable)
    if made.ndim not in (2, 3) or made.shape[0] != 1 or made.shape[-1] < 2:
        shown = show(made.shape)
        raise BadWeights(f"{variable}: the output is {shown}, not 1 × d or 1 × tokens × d")
    return unify(made[0] if made.ndim == 2 else made[0, 0], variable)


def unify(vector: Numbers, variable: str) -> Numbers:
    """The vector at length 1. Raises BadWeights where it has none."""
    length = float(np.linalg.norm(vector))
    if not length > 0:
        raise BadWeights(f"{variable}: the embedding has no length")
    unit: Numbers = vector / np.float32(length)
    return unit


def measure_pair(network: Network, one: Numbers, other: Numbers, variable: str) -> float:
    """The single number that the network gives for two pictures. Raises BadWeights."""
    made = run(network, [one, other], variable)
    if made.size != 1:
        raise BadWeights(f"{variable}: the output holds {made.size} numbers, not one")
    return float(made.ravel()[0])


def run(network: Network, inputs: Sequence[NDArray[Any]], variable: str) -> Numbers:
    """What it gives first. Raises BadWeights where it fails, or the output is no number."""
    try:
        made = network.run(inputs)
    except Exception as error:  # of whichever library runs it
        raise BadWeights(f"{variable}: the network failed: {type(error).__name__}") from None
    if not np.isfinite(made).all():
        raise BadWeights(f"{variable}: the output is not a number")
    return made
