"""A prompt as the text encoder of a CLIP takes it, by the `tokenizer.json` of the same model."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.checks._adapters.weights import (
    BadWeights,
    Network,
    Numbers,
    hash_file,
    name_file,
    run,
    say_lacking,
    show,
    unify,
)

# Of every CLIP of Radford et al. (2021), where the network takes any number of tokens.
USUAL_LENGTH = 77
# The encoder looks back only, from the mark of the end: what stands after it does not matter.
PADDING = 0

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Words:
    """Tokens, (1, length); where they are none of the padding, (1, length); the share read."""

    ids: Ids
    mask: Ids
    read: float


def load_tokenizer(variable: str) -> Any:
    """The tokenizer that the variable names. Raises BadWeights."""
    path = name_file(variable, "tokenizer is")
    return _load(path, hash_file(path))


@cache
def _load(path: Path, digest: str) -> Any:
    try:
        library: Any = import_module("tokenizers")
    except ImportError:
        lacking = say_lacking("tokenizers", path)
        raise BadWeights(f"{lacking} (pip install 'evalsite[clipscore]')") from None
    try:
        return library.Tokenizer.from_file(str(path))
    except Exception as error:  # the library has no class of its own for it
        raise BadWeights(f"{path.name} cannot be read: {type(error).__name__}") from None


def read_words(tokenizer: Any, text: str, *, length: int, variable: str) -> Words:
    """The text cut to `length` tokens, its marks of start and end among them.

    Raises BadWeights for a tokenizer that adds no such marks: the encoder could not tell the end.
    """
    tokenizer.no_padding()
    tokenizer.no_truncation()
    words = len(tokenizer.encode(text, add_special_tokens=False).ids)
    marks = len(tokenizer.encode(text).ids) - words
    if marks < 1:
        raise BadWeights(f"{variable}: the tokenizer does not mark the end of a text")
    tokenizer.enable_truncation(length)
    ids = tokenizer.encode(text).ids
    read = (len(ids) - marks) / words if words else 1.0
    return Words(*pad(ids, length), read)


def pad(ids: Sequence[int], length: int) -> tuple[Ids, Ids]:
    """The ids brought to `length`, and the mask that has 1 for each of them."""
    missing = length - len(ids)
    padded, mask = [*ids, *[PADDING] * missing], [1] * len(ids) + [0] * missing
    return np.array([padded], np.int64), np.array([mask], np.int64)


def find_length(network: Network, variable: str) -> int:
    """How many tokens the network takes.

    Raises BadWeights unless its input is (1, length), or two such inputs: ids and mask.
    """
    for shape in network.shapes:
        if len(shape) != 2 or shape[0] not in (1, None):
            raise BadWeights(f"{variable}: the input is {show(shape)}, not 1 × tokens")
    if len(network.shapes) > 2:
        raise BadWeights(f"{variable}: {len(network.shapes)} inputs instead of 1 or 2")
    return (network.shapes[0][1] if network.shapes else None) or USUAL_LENGTH


def embed_words(network: Network, words: Words, variable: str) -> Numbers:
    """The embedding of a text, of length 1: (d,). Raises BadWeights for any other output.

    An output for each token is refused: which of them stands for the text is not known here.
    """
    inputs = [words.ids, words.mask][: len(network.shapes) or 1]
    made = run(network, inputs, variable)
    if made.ndim != 2 or made.shape[0] != 1 or made.shape[1] < 2:
        raise BadWeights(f"{variable}: the output is {show(made.shape)}, not 1 × d")
    return unify(made[0], variable)
