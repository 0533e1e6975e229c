"""Votes of a Parquet file as the codes in which it stores them."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyarrow import Array, ArrowException, DictionaryArray, Table, types
from pyarrow.compute import binary_length
from pyarrow.parquet import ParquetFile, read_metadata

from metrics.reading.codes import (
    DEFAULT_CLUSTERS,
    REQUIRED,
    Batch,
    Column,
    TooManyModels,
    Unclear,
    compare,
    count_votes,
    list_votes,
)
from metrics.stats.comparisons import Comparisons, IntArray

# As many votes as fit in a core's cache together with their counts.
BATCH = 1 << 17


def read(path: Path, *, clusters: Sequence[str] | None, in_order: bool) -> Comparisons:
    """Comparisons from a file with text in the required columns. Raises Unclear."""
    try:
        metadata = read_metadata(path)
        present = metadata.schema.to_arrow_schema().names
        if clusters is None:
            clusters = [name for name in DEFAULT_CLUSTERS if name in present]
        texts = [*REQUIRED, *clusters]
        with ParquetFile(path, metadata=metadata, read_dictionary=texts, pre_buffer=False) as file:
            return _read(file, clusters, in_order=in_order)
    # KeyError: a column is missing or nested. ValueError: text is not UTF-8.
    except (ArrowException, OSError, KeyError, ValueError) as error:
        raise Unclear(str(error)) from error


def _read(file: ParquetFile, clusters: Sequence[str], *, in_order: bool) -> Comparisons:
    if in_order:
        return list_votes(_read_all(file, clusters), in_order=True)
    if not clusters:
        with suppress(TooManyModels):
            return count_votes(_read_batches(file))
    return compare(_read_all(file, clusters))


def _read_batches(file: ParquetFile) -> Iterator[Batch]:
    known: dict[str, tuple[Array, list[str]]] = {}
    # One thread: handing the batches over costs more than decoding them.
    for batch in file.iter_batches(BATCH, columns=REQUIRED, use_threads=False):
        arrays = {name: _require_text(batch[name]) for name in REQUIRED}
        for name, array in arrays.items():
            if name not in known or not array.dictionary.equals(known[name][0]):
                known[name] = array.dictionary, array.dictionary.to_pylist()
        a, b, winner = (
            Column(_to_numpy(array.indices), known[name][1]) for name, array in arrays.items()
        )
        yield Batch(a, b, winner)


def _read_all(file: ParquetFile, clusters: Sequence[str]) -> Batch:
    table = file.read(list(dict.fromkeys([*REQUIRED, *clusters])))
    for place, name in enumerate(table.column_names):
        if types.is_integer(table.schema.field(name).type):
            table = table.set_column(place, name, table[name].dictionary_encode())
    table = table.unify_dictionaries()
    texts = (_require_text(_in_one(table, name)) for name in REQUIRED)
    a, b, winner = (
        Column(_to_numpy(array.indices), array.dictionary.to_pylist()) for array in texts
    )
    return Batch(a, b, winner, {name: _cluster_codes(_in_one(table, name)) for name in clusters})


def _in_one(table: Table, name: str) -> DictionaryArray:
    array = table[name].combine_chunks()
    if not types.is_dictionary(array.type):
        raise Unclear(f"{name} is not stored as a dictionary")
    return array


def _require_text(array: DictionaryArray) -> DictionaryArray:
    if not types.is_dictionary(array.type) or not _is_text(array.type.value_type):
        raise Unclear("not a column of text")
    if array.null_count or array.dictionary.null_count:
        raise Unclear("an empty cell")
    return array


def _cluster_codes(array: DictionaryArray) -> IntArray:
    kind = array.type.value_type
    if array.dictionary.null_count or not (_is_text(kind) or types.is_integer(kind)):
        raise Unclear("a column of neither text nor whole numbers")
    numbers = np.arange(len(array.dictionary))
    if _is_text(kind):
        is_one = _to_numpy(binary_length(array.dictionary)) > 0
        numbers = np.where(is_one, np.cumsum(is_one) - 1, -1)
    codes = np.full(len(array), -1)
    known = _to_numpy(array.is_valid().cast("int8")) == 1
    codes[known] = numbers.take(_to_numpy(array.indices.drop_null()))
    return codes


def _to_numpy(numbers: Array) -> NDArray[np.int32]:
    # Array.to_numpy imports pandas where it is installed, which takes longer than the rest.
    return np.asarray(np.from_dlpack(numbers), dtype=np.int32)


def _is_text(kind: object) -> bool:
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))
