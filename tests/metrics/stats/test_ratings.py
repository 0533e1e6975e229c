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
    better = np.ones((4, 4), dtype=bool)
    better[0] = better[2] = False
    ranks = rank_models(better & ~np.eye(4, dtype=bool), better & False, np.array([0, 0, 1, 1]))
    assert ranks.rank.tolist() == [1, 2, 1, 2]
    assert ranks.lower.tolist() == [1, 1, 1, 1]
    assert ranks.upper.tolist() == [2, 2, 2, 2]


def test_a_gap_that_is_significant_by_itself_ranks_but_bounds_no_rank():
    better = np.array([[False, False], [True, False]])
    ranks = rank_models(better, better & False, np.zeros(2, dtype=int))
    assert ranks.rank.tolist() == [1, 2]
    assert ranks.lower.tolist() == [1, 1]
    assert ranks.upper.tolist() == [2, 2]


def test_bands_are_wider_than_intervals_and_say_no_more_of_ranks():
    for row in rate(CLEAR).rows:
        points = [row.band_lower, row.rating_lower, row.rating_upper, row.band_upper]
        ranks = [row.band_rank_lower, row.rank_lower, row.rank_upper, row.band_rank_upper]
        assert (np.diff(np.array(points, dtype=float)) > 0).all()
        assert (np.diff(np.array(ranks, dtype=float)) >= 0).all()


def test_models_that_cannot_be_told_apart_share_a_letter():
    assert [row.groups for row in rate(CLEAR).rows] == ["", "", ""]
    found = rows(rate(CLOSE))
    assert (found["x"].groups, found["y"].groups, found["z"].groups) == ("a", "a", "")


def test_models_of_two_components_share_no_letter():
    apart = board([(0, 1, A, 6), (0, 1, B, 5), (2, 3, A, 4), (2, 3, B, 3)], models=tuple("wxyz"))
    found = rows(rate(apart))
    assert found["w"].groups == found["x"].groups
    assert found["y"].groups == found["z"].groups
    assert found["w"].groups != found["y"].groups


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


def on_prompts(count):
    """x and y, evenly matched on each of `count` prompts."""
    prompt = np.repeat(np.arange(count), 2)
    return Comparisons.from_codes(
        ["x", "y"], prompt * 0, prompt * 0 + 1, np.tile([0, 1], count),
        weight=prompt * 0 + 20, clusters={"prompt": prompt},
    )  # fmt: skip


def test_fewer_than_20_prompts_that_stand_for_more_give_no_rank():
    assert rows(rate(on_prompts(19)))["x"].no_rank == "fewer than 20 prompts"
    assert rows(rate(on_prompts(20)))["x"].rank == 1


def test_prompts_that_are_fixed_may_be_few_and_are_no_clusters():
    ratings = rate(on_prompts(2), prompts="fixed")
    assert rows(ratings)["x"].rank == 1
    assert ratings.settings.cluster == ()
    assert rate(on_prompts(2)).settings.cluster == ("prompt",)


def test_votes_that_name_no_prompt_need_none():
    comparisons = board([(0, 1, A, 30), (0, 1, B, 20)], models=("x", "y"), prompt=[-1, -1])
    assert rows(rate(comparisons))["x"].rank == 1


def test_an_estimand_says_what_prompts_stand_for_and_how_votes_weigh():
    plain, fixed = (
        rate(on_prompts(2), prompts=prompts).settings for prompts in ("sample", "fixed")
    )
    assert "of which these are a sample; pairs and prompts weighted as often" in plain.estimand
    assert "on these very prompts" in fixed.estimand
    weighted = Comparisons.from_codes(
        ["x", "y"], [0, 0], [1, 1], [0, 1], weight=[1, 1], count=[1, 2]
    )
    assert "what a uniform draw" in rate(weighted).settings.estimand


def test_weights_move_ratings_but_not_the_record():
    weighted = Comparisons.from_codes(
        ["x", "y"], [0, 0], [1, 1], [A, B], weight=[30, 10], count=[20, 20]
    )
    found = rows(rate(weighted))
    assert found["x"].rating - found["y"].rating == pytest.approx(400 * np.log10(3))
    assert (found["x"].wins, found["x"].losses, found["x"].votes) == (20, 20, 40)
    assert win_rates(weighted).rate[0, 1] == 0.5


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
    assert ratings.rows[0].rank_lower is ratings.rows[0].band_rank_lower is None


def test_one_prompt_alone_is_not_clustered_by():
    comparisons = board([(0, 1, A, 30), (0, 1, B, 20)], prompt=[4, 4], rater=[0, 1])
    assert rate(comparisons).settings.cluster == ("rater",)


def test_one_cluster_that_was_asked_for_gives_no_interval():
    comparisons = board([(0, 1, A, 30), (0, 1, B, 20)], models=("x", "y"), prompt=[4, 4])
    row = rate(comparisons, cluster=("prompt",), rule=RankRule(min_prompts=1)).rows[0]
    assert row.rating_lower is row.band_lower is None
    assert (row.rank_lower, row.rank_upper) == (1, 2)
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


def test_all_gaps_at_once_are_those_of_each_pair():
    ratings = rate(CLOSE)
    gaps = ratings.gaps()
    one = ratings.gap("x", "z")
    assert (gaps.points[0, 2], gaps.lower[0, 2], gaps.upper[0, 2]) == pytest.approx(
        (one.points, one.lower, one.upper)
    )
    assert gaps.upper[2, 0] == pytest.approx(-gaps.lower[0, 2])
    assert gaps.band_lower[0, 2] < gaps.lower[0, 2] < gaps.upper[0, 2] < gaps.band_upper[0, 2]


def test_gaps_of_models_that_are_not_connected_are_unknown():
    apart = board([(0, 1, A, 6), (0, 1, B, 5), (2, 3, A, 4), (2, 3, B, 3)], models=tuple("wxyz"))
    gaps = rate(apart).gaps()
    assert np.isnan(gaps.points[0, 2])
    assert np.isnan(gaps.band_upper[0, 2])
    assert gaps.points[0, 1] > 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"ci": "exact"},
        {"prompts": "all"},
        {"tie": "third"},
        {"both_bad": "loss"},
        {"method": "magic"},
    ],
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
