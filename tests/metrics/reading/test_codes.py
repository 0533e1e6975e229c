import numpy as np
import pytest

from metrics.reading.codes import (
    MOST_COUNTED,
    Batch,
    Column,
    TooManyModels,
    compare,
    count_votes,
    encode,
)
from metrics.stats.comparisons import Outcome

A, B, WINNER = ["x", "y", "x", "x"], ["y", "x", "z", "y"], ["model_a", "tie", "both_bad", "model_a"]


def as_votes(comparisons):
    """What was voted, and how often, whatever the codes."""
    models = comparisons.models
    rows = (comparisons.a, comparisons.b, comparisons.outcome, comparisons.weight)
    return {
        (models[a], models[b], Outcome(outcome).name.lower()): weight
        for a, b, outcome, weight in zip(*rows, strict=True)
    }


def test_strings_become_counts_of_equal_votes():
    comparisons = encode(A, B, WINNER)
    assert comparisons.models == ("x", "y", "z")
    assert as_votes(comparisons) == {
        ("x", "y", "model_a"): 2,
        ("y", "x", "tie"): 1,
        ("x", "z", "both_bad"): 1,
    }


def test_the_historic_spelling_of_both_bad_is_known():
    assert encode(["x"], ["y"], ["tie (bothbad)"]).outcome.tolist() == [Outcome.BOTH_BAD]


def test_strings_may_come_as_any_iterable():
    assert as_votes(encode(np.array(A, dtype=object), iter(B), tuple(WINNER))) == as_votes(
        encode(A, B, WINNER)
    )


def test_votes_in_order_stay_one_row_each():
    comparisons = encode(A, B, WINNER, in_order=True)
    assert [comparisons.models[a] for a in comparisons.a] == A
    assert comparisons.weight.tolist() == [1] * 4


def test_clusters_are_numbered_by_appearance_and_nothing_is_none():
    prompts = ["p", None, "", float("nan")]
    comparisons = encode(A, B, WINNER, clusters={"prompt": prompts}, in_order=True)
    assert comparisons.clusters["prompt"].tolist() == [0, -1, -1, -1]


def test_clusters_keep_equal_votes_of_two_prompts_apart():
    comparisons = encode(A, B, WINNER, clusters={"prompt": ["p", "p", "p", "q"]})
    assert sorted(comparisons.weight) == [1, 1, 1, 1]


def test_a_list_of_votes_and_a_table_of_counts_say_the_same():
    counted = encode(A, B, WINNER)
    listed = encode(A, B, WINNER, clusters={"prompt": [None] * 4})
    assert listed.models == counted.models
    assert as_votes(listed) == as_votes(counted)


def test_more_models_than_a_table_holds_are_listed():
    names = [f"m{number}" for number in range(MOST_COUNTED + 1)]
    codes = np.arange(len(names))
    winner = Column(np.zeros(len(names), dtype=np.int64), ["tie"])
    batch = Batch(Column(codes, names), Column((codes + 1) % len(names), names), winner)
    with pytest.raises(TooManyModels):
        count_votes([batch])
    assert len(compare(batch).models) == len(names)


def test_batches_with_other_dictionaries_add_up():
    first = Batch(
        Column(np.array([0, 1]), ["x", "y"]),
        Column(np.array([0, 1]), ["y", "x"]),
        Column(np.array([0, 0]), ["tie"]),
    )
    second = Batch(
        Column(np.array([0, 1]), ["z", "x"]),
        Column(np.array([0, 0]), ["y"]),
        Column(np.array([1, 0]), ["tie", "model_b"]),
    )
    assert as_votes(count_votes([first, second])) == {
        ("x", "y", "tie"): 2,
        ("y", "x", "tie"): 1,
        ("z", "y", "model_b"): 1,
    }


def test_names_that_no_vote_uses_are_no_models():
    column = Column(np.array([0]), ["x", "unused"])
    batch = Batch(column, Column(np.array([1]), ["unused", "y"]), Column(np.array([0]), ["tie"]))
    assert count_votes([batch]).models == ("x", "y")
    assert compare(
        Batch(batch.model_a, batch.model_b, batch.winner, {"prompt": np.array([0])})
    ).models == ("x", "y")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([], [], []), "no votes"),
        ((["x", "x"], ["y", None], ["tie", "tie"]), "row 1: a model without a name"),
        ((["x", 3], ["y", "y"], ["tie", "tie"]), "row 1: a model without a name"),
        (([" "], ["y"], ["tie"]), "row 0: a model without a name"),
        ((["nan"], ["y"], ["tie"]), "row 0: a model without a name"),
        ((["x", "x"], ["y", "y"], ["tie", "draw"]), "row 1: unknown winner 'draw'"),
        ((["x", "y"], ["y", "y"], ["tie", "tie"]), "row 1: 'y' against itself"),
        ((["x"], ["y", "y"], ["tie"]), r"unequal length: \[1, 2\]"),
    ],
)
def test_wrong_strings_are_named_by_their_row(columns, message):
    for clusters in (None, {"prompt": [1] * len(columns[0])}):
        with pytest.raises(ValueError, match=message):
            encode(*columns, clusters=clusters)
