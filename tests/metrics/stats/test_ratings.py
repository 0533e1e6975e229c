import json
from dataclasses import asdict

import numpy as np
import pytest

from metrics.stats.comparisons import Comparisons, Outcome
from metrics.stats.ranks import RankRule, rank_models
from metrics.stats.rate import rate
from metrics.stats.winrates import win_rates

A, B, TIE, BOTH_BAD = Outcome


def board(rows, models=("x", "y", "z"), **clusters):
    a, b, outcome, weight = zip(*rows, strict=True)
    return Comparisons.from_codes(models, a, b, outcome, weight=weight, clusters=clusters)


CLEAR = board([(0, 1, A, 300), (0, 1, B, 100), (1, 2, A, 300), (1, 2, B, 100)])
CLOSE = board([(0, 1, A, 30), (0, 1, B, 29), (1, 2, A, 300), (1, 2, B, 100)])


def rows(ratings):
    return {row.model: row for row in ratings.rows}


def test_rows_stand_best_first():
    assert [row.model for row in rate(CLEAR).rows] == ["x", "y", "z"]


def test_models_told_apart_by_their_intervals_have_ranks_of_their_own():
    ranks = [(row.rank, row.rank_lower, row.rank_upper) for row in rate(CLEAR).rows]
    assert ranks == [(1, 1, 1), (2, 2, 2), (3, 3, 3)]


def test_models_not_told_apart_share_the_better_rank():
    found = rows(rate(CLOSE))
    assert found["x"].rank == found["y"].rank == 1
    assert found["x"].rank_upper == found["y"].rank_upper == 2
    assert found["z"].rank == 3


def test_ranks_count_within_a_component():
    lower, upper = np.array([5.0, 1.0, 9.0, 7.0]), np.array([6.0, 2.0, 9.5, 8.0])
    ranks = rank_models(lower, upper, None, np.array([0, 0, 1, 1]))
    assert ranks.lower.tolist() == ranks.rank.tolist() == ranks.upper.tolist() == [1, 2, 1, 2]


def test_a_significant_gap_ranks_even_where_intervals_overlap():
    lower, upper = np.array([3.0, 1.0]), np.array([6.0, 4.0])
    better = np.array([[False, False], [True, False]])
    ranks = rank_models(lower, upper, better, np.zeros(2, dtype=int))
    assert ranks.rank.tolist() == [1, 2]
    assert ranks.lower.tolist() == [1, 1]
    assert ranks.upper.tolist() == [2, 2]


def test_a_record_adds_up_to_the_votes():
    comparisons = board([(0, 1, A, 3), (1, 0, A, 2), (0, 1, TIE, 4), (1, 2, BOTH_BAD, 5)])
    found = rows(rate(comparisons))
    record = [
        (row.votes, row.wins, row.losses, row.ties, row.both_bad)
        for row in (found["x"], found["y"], found["z"])
    ]
    assert record == [(9, 3, 2, 4, 0), (14, 2, 3, 4, 5), (5, 0, 0, 0, 5)]


def test_what_is_dropped_is_not_rated():
    comparisons = board([(0, 1, A, 2), (0, 1, B, 1), (1, 2, TIE, 5), (0, 2, BOTH_BAD, 5)])
    found = rows(rate(comparisons, tie="drop", both_bad="drop"))
    assert found["z"].no_rank == "no votes"
    assert found["z"].rating_lower is None
    assert found["x"].rating - found["y"].rating == pytest.approx(400 * np.log10(2))


def test_both_bad_dropped_leaves_ties_alone():
    comparisons = board([(0, 1, A, 1), (0, 1, TIE, 2), (0, 1, BOTH_BAD, 90)], models=("x", "y"))
    kept = board([(0, 1, A, 1), (0, 1, TIE, 2)], models=("x", "y"))
    assert rate(comparisons, both_bad="drop").rows[0].rating == pytest.approx(
        rate(kept).rows[0].rating
    )


def test_few_votes_give_no_rank():
    assert rows(rate(board([(0, 1, A, 5), (0, 1, B, 4)])))["x"].no_rank == "fewer than 10 votes"


def test_a_wide_interval_gives_no_rank():
    found = rows(rate(CLEAR, rule=RankRule(max_half_width=5)))
    assert found["x"].no_rank == "interval wider than ±5"
    assert found["x"].rank is None
    assert found["x"].rank_lower == 1


def test_few_prompts_give_no_rank_where_they_are_asked_for():
    comparisons = board(
        [(0, 1, A, 30), (0, 1, B, 20), (1, 2, A, 30), (1, 2, B, 20)], prompt=[0, 1, 1, 2]
    )
    found = rows(rate(comparisons, cluster=(), rule=RankRule(min_prompts=3)))
    assert found["x"].no_rank == "fewer than 3 prompts"
    assert found["y"].rank == 1


def test_models_outside_the_main_set_have_no_rank_unless_allowed():
    comparisons = board(
        [(0, 1, A, 60), (0, 1, B, 50), (2, 3, A, 40), (2, 3, B, 30)], models=tuple("wxyz")
    )
    found = rows(rate(comparisons))
    assert found["y"].no_rank == "not connected to the main set of models"
    assert found["w"].rank == 1
    assert rows(rate(comparisons, rule=RankRule(main_only=False)))["y"].rank == 1


def test_without_intervals_ranks_follow_the_ratings():
    ratings = rate(CLOSE, ci="none")
    assert [row.rank for row in ratings.rows] == [1, 2, 3]
    assert ratings.rows[0].rating_lower is None
    assert ratings.rows[0].rank_lower is None


def test_one_prompt_alone_is_not_clustered_by():
    comparisons = board([(0, 1, A, 30), (0, 1, B, 20)], prompt=[4, 4], rater=[0, 1])
    assert rate(comparisons).settings.cluster == ("rater",)


def test_one_cluster_that_was_asked_for_gives_no_interval():
    comparisons = board([(0, 1, A, 30), (0, 1, B, 20)], models=("x", "y"), prompt=[4, 4])
    row = rate(comparisons, cluster=("prompt",)).rows[0]
    assert row.rating_lower is None
    assert row.no_rank == "too few clusters for an interval"


def test_a_result_carries_all_its_settings():
    settings = asdict(rate(CLEAR, ci="bootstrap", rounds=5, seed=3, level=0.9).settings)
    assert json.loads(json.dumps(settings))["rounds"] == 5
    assert settings["method"] == "bradley_terry"
    assert settings["rule"]["min_votes"] == 10


def test_gaps_across_components_and_without_intervals_are_refused():
    apart = board([(0, 1, A, 1), (2, 3, A, 1)], models=tuple("wxyz"))
    with pytest.raises(ValueError, match="w and y are not connected"):
        rate(apart).gap("w", "y")
    with pytest.raises(ValueError, match="ci is none"):
        rate(apart, ci="none").gap("w", "x")


@pytest.mark.parametrize(
    "wrong", [{"ci": "exact"}, {"tie": "third"}, {"both_bad": "loss"}, {"method": "magic"}]
)
def test_an_unknown_setting_is_refused_with_the_known_ones(wrong):
    with pytest.raises(ValueError, match=r"unknown .* \(known: "):
        rate(CLEAR, **wrong)


def test_a_level_outside_0_and_1_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1, not 95"):
        rate(CLEAR, level=95)


def test_no_votes_are_refused():
    with pytest.raises(ValueError, match="no votes to rate"):
        rate(Comparisons.from_codes(["x"], [], [], [], clusters={"prompt": []}))
    with pytest.raises(ValueError, match="no votes to rate"):
        rate(board([(0, 1, TIE, 5)]), tie="drop")


def test_win_rates_count_ties_as_half_and_name_pairs_that_never_met():
    found = win_rates(board([(0, 1, A, 2), (1, 0, A, 1), (0, 1, TIE, 1)]))
    assert found.rate[0, 1] == pytest.approx(0.625)
    assert found.rate[1, 0] == pytest.approx(0.375)
    assert found.votes[0, 1] == found.votes[1, 0] == 4
    assert np.isnan(found.rate[0, 2])
    assert np.isnan(found.rate[0, 0])
