import numpy as np
import pytest

from metrics.stats.comparisons import Comparisons, Outcome

A, B, TIE, BOTH_BAD = Outcome


def rows_of(comparisons):
    columns = (comparisons.a, comparisons.b, comparisons.outcome, comparisons.weight)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


def test_equal_rows_are_added_up():
    comparisons = Comparisons.from_codes(["x", "y"], [0, 0, 1], [1, 1, 0], [A, A, A])
    assert rows_of(comparisons) == [(0, 1, A, 2.0), (1, 0, A, 1.0)]


def test_rows_of_different_clusters_stay_apart():
    comparisons = Comparisons.from_codes(
        ["x", "y"], [0, 0, 0], [1, 1, 1], [A, A, A], clusters={"prompt": [0, 1, -1]}
    )
    assert len(comparisons.a) == 3
    assert comparisons.votes == 3


def test_forgetting_a_cluster_adds_its_rows_up():
    comparisons = Comparisons.from_codes(
        ["x", "y"], [0, 0], [1, 1], [A, A], clusters={"prompt": [0, 1]}
    )
    assert rows_of(comparisons.clustered_by(())) == [(0, 1, A, 2.0)]


def test_rows_kept_in_order_are_not_added_up():
    comparisons = Comparisons.from_codes(["x", "y"], [0, 0], [1, 1], [A, A], in_order=True)
    assert len(comparisons.a) == 2


def test_rows_without_weight_are_dropped():
    comparisons = Comparisons.from_codes(["x", "y"], [0, 1], [1, 0], [A, A], weight=[0, 2])
    assert rows_of(comparisons) == [(1, 0, A, 2.0)]


def sums_of(comparisons):
    sums = (comparisons.weight, comparisons.count, comparisons.squares)
    return [array.tolist() for array in sums]


def test_one_sum_alone_says_how_often_a_vote_was_cast():
    rows = (["x", "y"], [0, 1], [1, 0], [A, A])
    for comparisons in (
        Comparisons.from_codes(*rows, weight=[3, 2]),
        Comparisons.from_codes(*rows, count=[3, 2]),
    ):
        assert sums_of(comparisons) == [[3, 2]] * 3
        assert comparisons.importance is None


def test_weights_counts_and_squares_add_up_each_by_itself():
    comparisons = Comparisons.from_codes(
        ["x", "y"], [0, 0, 1], [1, 1, 0], [A, A, A],
        weight=[3, 1, 2], count=[2, 4, 2], squares=[5, 1, 2],
    )  # fmt: skip
    assert sums_of(comparisons) == [[4, 2], [6, 2], [6, 2]]
    assert comparisons.votes == 8


def test_votes_of_one_row_weigh_alike_unless_their_squares_are_given():
    comparisons = Comparisons.from_codes(["x", "y"], [0], [1], [A], weight=[3], count=[2])
    assert sums_of(comparisons) == [[3], [2], [4.5]]


def test_counts_that_equal_the_weights_are_plain_votes():
    comparisons = Comparisons.from_codes(["x", "y"], [0], [1], [A], weight=[3], count=[3])
    assert comparisons.importance is None


def test_rows_counted_again_keep_what_each_vote_weighs():
    comparisons = Comparisons.from_codes(["x", "y"], [0], [1], [A], weight=[3], count=[2])
    assert sums_of(comparisons.reweighted(comparisons.weight * 2)) == [[6], [4], [9]]
    assert sums_of(comparisons.canonical().select(np.array([True]))) == [[3], [2], [4.5]]


def test_wins_are_counted_in_weights_or_in_votes():
    comparisons = Comparisons.from_codes(["x", "y"], [0], [1], [A], weight=[3], count=[2])
    assert comparisons.wins()[0, 1] == 3
    assert comparisons.wins(comparisons.count)[0, 1] == 2


def test_canonical_rows_look_from_the_first_model():
    comparisons = Comparisons.from_codes(
        ["x", "y"], [1, 1, 1, 1, 0], [0, 0, 0, 0, 1], [A, B, TIE, BOTH_BAD, B]
    )
    assert rows_of(comparisons.canonical()) == [
        (0, 1, A, 1.0),
        (0, 1, B, 2.0),
        (0, 1, TIE, 1.0),
        (0, 1, BOTH_BAD, 1.0),
    ]


def test_keys_of_a_database_may_be_clusters():
    big = np.iinfo(np.int64).max // 2
    comparisons = Comparisons.from_codes(
        ["x", "y"],
        [0, 0, 0, 0],
        [1, 1, 1, 1],
        [A, A, A, A],
        clusters={"prompt": [big, big, big, -1], "rater": [big, 5, big, 5]},
    )
    rows = zip(*comparisons.clusters.values(), comparisons.weight, strict=True)
    assert sorted(tuple(map(int, row)) for row in rows) == [(-1, 0, 1), (0, 0, 1), (0, 1, 2)]


def test_many_clusters_do_not_overflow_the_packed_codes():
    rows = np.arange(3_000)
    clusters = dict.fromkeys(("prompt", "rater", "day", "hour", "place", "screen"), rows)
    comparisons = Comparisons.from_codes(
        ["x", "y"], rows * 0, rows * 0 + 1, rows * 0, clusters=clusters
    )
    assert len(comparisons.a) == 3_000


def test_wins_count_half_of_what_is_undecided():
    comparisons = Comparisons.from_codes(
        ["x", "y"], [0, 0, 1, 1], [1, 1, 0, 0], [A, TIE, BOTH_BAD, B]
    )
    assert comparisons.wins().tolist() == [[0, 3], [1, 0]]


def test_clusters_are_counted_by_the_models_seen_in_them():
    comparisons = Comparisons.from_codes(
        ["x", "y", "z"], [0, 0, 0], [1, 1, 2], [A, A, A], clusters={"prompt": [0, 1, -1]}
    )
    assert comparisons.seen("prompt").tolist() == [2, 2, 0]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"a": [0, 1]}, r"row 1: a model against itself"),
        ({"a": [0, 2]}, r"row 1: a out of range \(2\)"),
        ({"b": [-1, 1]}, r"row 0: b out of range \(-1\)"),
        ({"outcome": [0, 4]}, r"row 1: outcome out of range \(4\)"),
        ({"weight": [1, -1]}, r"row 1: weight is not a count \(-1"),
        ({"weight": [np.nan, 1]}, r"row 0: weight is not a count \(nan"),
        ({"weight": [np.inf, 1]}, r"row 0: weight is not a count \(inf"),
        ({"weight": [1]}, r"weight: shape \(1,\)"),
        ({"count": [1, -1]}, r"row 1: weight is not a count \(-1"),
        ({"weight": [1, 1], "count": [1, 0]}, r"row 1: weight without a vote"),
        ({"weight": [2, 2], "squares": [2, 1]}, r"row 1: squares too small for the weight \(1"),
        ({"b": [1]}, r"b: 1 rows, but a has 2"),
        ({"outcome": [0.5, 1.0]}, r"outcome: expected one row of whole numbers"),
        ({"clusters": {"rater": [0, -2]}}, r"row 1: rater out of range \(-2\)"),
        ({"models": ["x", "x"]}, r"models: a name is there twice"),
    ],
)
def test_a_wrong_comparison_is_refused_by_its_place(wrong, message):
    codes = {"models": ["x", "y"], "a": [0, 0], "b": [1, 1], "outcome": [0, 1]} | wrong
    with pytest.raises(ValueError, match=message):
        Comparisons.from_codes(**codes)


def test_an_unknown_cluster_is_refused_with_the_known_ones():
    comparisons = Comparisons.from_codes(["x", "y"], [0], [1], [A], clusters={"prompt": [0]})
    with pytest.raises(ValueError, match=r"no clusters 'rater' \(known: prompt\)"):
        comparisons.clustered_by(["rater"])
