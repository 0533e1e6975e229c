import numpy as np
import polars as pl
import pytest

from arenas.votes.files import VoteFileError
from metrics.reading import codes, parquet
from metrics.reading.codes import encode
from metrics.reading.files import read_comparisons

SUFFIXES = [".csv", ".jsonl", ".json", ".parquet"]
RNG = np.random.default_rng(3)
ROWS = 2_000
FIRST = RNG.integers(0, 6, ROWS)
VOTES = {
    "model_a": [f"model {a}" for a in FIRST],
    "model_b": [f"model {b}" for b in (FIRST + RNG.integers(1, 6, ROWS)) % 6],
    "winner": RNG.choice(["model_a", "model_b", "tie", "tie (bothbad)"], ROWS).tolist(),
}
CLUSTERS = {
    "prompt": [f"p{n}" if n else None for n in RNG.integers(0, 40, ROWS)],
    "rater": RNG.choice(["ann", "bo", "cy"], ROWS).tolist(),
}


def write(folder, suffix, votes, **options):
    path = folder / f"votes{suffix}"
    name = {".jsonl": "write_ndjson"}.get(suffix, f"write_{suffix[1:]}")
    getattr(pl.DataFrame(votes), name)(path, **options)
    return path


def assert_equal(found, expected):
    assert found.models == expected.models
    assert found.in_order == expected.in_order
    for name in ("a", "b", "outcome", "weight"):
        assert np.array_equal(getattr(found, name), getattr(expected, name)), name
    assert found.clusters.keys() == expected.clusters.keys()
    for name, codes_ in expected.clusters.items():
        assert np.array_equal(found.clusters[name], codes_), name


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_kind_of_file_gives_what_its_strings_give(tmp_path, suffix):
    assert_equal(read_comparisons(write(tmp_path, suffix, VOTES)), encode(**VOTES))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_prompt_and_rater_are_clusters_where_the_file_has_them(tmp_path, suffix):
    path = write(tmp_path, suffix, VOTES | CLUSTERS)
    assert_equal(read_comparisons(path), encode(**VOTES, clusters=CLUSTERS))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_clusters_can_be_named_or_left_out(tmp_path, suffix):
    path = write(tmp_path, suffix, VOTES | CLUSTERS)
    rater = {"rater": CLUSTERS["rater"]}
    assert_equal(read_comparisons(path, clusters=["rater"]), encode(**VOTES, clusters=rater))
    assert_equal(read_comparisons(path, clusters=()), encode(**VOTES))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_order_of_the_votes_is_kept_where_asked_for(tmp_path, suffix):
    found = read_comparisons(write(tmp_path, suffix, VOTES), in_order=True)
    assert_equal(found, encode(**VOTES, in_order=True))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_rows_can_be_filtered(tmp_path, suffix):
    path = write(tmp_path, suffix, VOTES | CLUSTERS)
    kept = [row for row, rater in enumerate(CLUSTERS["rater"]) if rater == "bo"]
    expected = encode(*([values[row] for row in kept] for values in VOTES.values()))
    assert_equal(read_comparisons(path, where=["rater=bo"], clusters=()), expected)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_cluster_that_the_file_lacks_is_named(tmp_path, suffix):
    with pytest.raises(VoteFileError, match="no column 'judge'"):
        read_comparisons(write(tmp_path, suffix, VOTES), clusters=["judge"])


@pytest.mark.parametrize(
    "kind", [pl.String, pl.Categorical, pl.Enum(sorted({*VOTES["model_a"], "model 9"}))]
)
def test_text_in_parquet_may_be_stored_in_any_way(tmp_path, kind):
    frame = pl.DataFrame(VOTES).with_columns(pl.col("model_a", "model_b").cast(kind))
    for options in ({}, {"row_group_size": 300}, {"compression": "uncompressed"}):
        path = write(tmp_path, ".parquet", frame, **options)
        assert_equal(read_comparisons(path), encode(**VOTES))


def test_small_batches_of_parquet_add_up(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "BATCH", 64)
    path = write(tmp_path, ".parquet", VOTES, row_group_size=300)
    assert_equal(read_comparisons(path), encode(**VOTES))


def test_many_models_in_parquet_are_listed_rather_than_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(codes, "MOST_COUNTED", 5)
    found = read_comparisons(write(tmp_path, ".parquet", VOTES))
    assert (found.models, found.votes) == (encode(**VOTES).models, ROWS)


def test_prompts_in_parquet_may_be_numbers(tmp_path):
    prompts = [None if prompt is None else int(prompt[1:]) for prompt in CLUSTERS["prompt"]]
    path = write(tmp_path, ".parquet", VOTES | {"prompt": prompts})
    assert_equal(read_comparisons(path), encode(**VOTES, clusters={"prompt": prompts}))


def test_models_in_parquet_may_be_numbers(tmp_path):
    path = write(tmp_path, ".parquet", {"model_a": [1], "model_b": [2**63], "winner": ["tie"]})
    assert read_comparisons(path).models == ("1", str(2**63))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"winner": "draw"}, "unknown winner 'draw'"),
        ({"model_b": "x"}, "'x' against itself"),
        ({"model_a": None}, "model_a is empty"),
        ({"model_a": " "}, "model_a is empty"),
        ({"model_b": "NaN"}, "model_b is empty"),
        ({"winner": "nan"}, "winner is empty"),
    ],
)
def test_the_first_wrong_row_is_named(tmp_path, suffix, wrong, message):
    good = {"model_a": "x", "model_b": "y", "winner": "tie"}
    path = write(tmp_path, suffix, [good, good, good | wrong, good | wrong])
    with pytest.raises(VoteFileError, match=message) as refused:
        read_comparisons(path)
    assert refused.value.row == (4 if suffix == ".csv" else 3)
