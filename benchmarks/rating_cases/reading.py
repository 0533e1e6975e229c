from collections.abc import Callable

from pyarrow.parquet import ParquetFile

from benchmarks.rating_cases.measure import COLUMNS, main


def whole(path: str) -> Callable[[], None]:
    """The three columns in memory, as codes: the least that a rating from memory needs."""

    def read() -> None:
        with ParquetFile(path, read_dictionary=COLUMNS) as file:
            file.read(COLUMNS)

    return read


def in_batches(path: str) -> Callable[[], None]:
    """The three columns decoded and thrown away: less than this no rating can take."""

    def read() -> None:
        with ParquetFile(path, read_dictionary=COLUMNS, pre_buffer=False) as file:
            for _ in file.iter_batches(1 << 17, columns=COLUMNS, use_threads=False):
                pass

    return read


if __name__ == "__main__":
    main({"whole": whole, "in_batches": in_batches})
