"""Read trained weights from the file that a package ships, without the library that wrote it.

The file is PyTorch's layout of before 2020: five pickles (a magic number, a version, the
machine's sizes, the tensors by name, the keys of their storages), then each storage as its
length and its numbers. Nothing in it can run code: only the names below can be called.
"""

import pickle
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

MAGIC = 0x1950A86A20F9469CFC6C
DTYPES: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}

Weights = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where a tensor's numbers lie: its storage, offset, shape and strides, in numbers."""

    storage: str
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_weights(path: Path) -> Weights:
    """The tensors of the file by name. Raises ValueError for a file of another layout."""
    with path.open("rb") as file:
        if _Reader(file).load() != MAGIC:
            raise ValueError(f"{path.name} is not a file of weights of the older layout")
        _version, _sizes = _Reader(file).load(), _Reader(file).load()
        tensors: dict[str, Tensor] = _Reader(file).load()
        keys: list[str] = _Reader(file).load()
        dtypes = {tensor.storage: DTYPES[tensor.dtype] for tensor in tensors.values()}
        storages = {key: _read_storage(file, dtypes[key]) for key in keys}
    return {name: _view(tensor, storages[tensor.storage]) for name, tensor in tensors.items()}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        known: dict[tuple[str, str], object] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _describe,
            **{("torch", kind): kind for kind in DTYPES},
        }
        if (module, name) not in known:
            raise ValueError(f"weights that call {module}.{name} are not read")
        return known[module, name]

    def persistent_load(self, pid: tuple[str, ...]) -> tuple[str, str]:
        _, dtype, key, *_ = pid
        return key, dtype


def _describe(
    storage: tuple[str, str], offset: int, shape: tuple[int, ...], strides: tuple[int, ...],
    *_: object,
) -> Tensor:  # fmt: skip
    key, dtype = storage
    return Tensor(key, dtype, offset, shape, strides)


def _read_storage(file: BinaryIO, dtype: np.dtype[Any]) -> NDArray[Any]:
    length = int.from_bytes(file.read(8), "little")
    data = file.read(length * dtype.itemsize)
    return np.frombuffer(data, dtype)


def _view(tensor: Tensor, storage: NDArray[Any]) -> NDArray[np.float32]:
    strides = tuple(step * storage.itemsize for step in tensor.strides)
    # A stride beyond the storage would read another's memory: the furthest number must be in it.
    furthest = tensor.offset + sum(
        (n - 1) * s for n, s in zip(tensor.shape, tensor.strides, strict=True)
    )
    if not 0 <= furthest < len(storage):
        raise ValueError("a tensor reaches beyond its numbers")
    numbers = np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, strides)
    return np.ascontiguousarray(numbers, np.float32)
