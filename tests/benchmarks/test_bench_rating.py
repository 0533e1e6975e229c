import numpy as np

from benchmarks import rating
from benchmarks.rating_cases.votes import make_votes


def test_our_side_of_the_benchmark_runs_and_says_what_it_found(capsys):
    sizes = {"large": (3000, 12), "small": (2000, 5)}
    figures, ratings = rating.run(sizes, {"ours", "reading"}, turns=1)
    assert figures.keys() == {
        case.key for case in rating.CASES if case.module in ("ours", "reading")
    }
    assert all(found["peak"] > 0 for found in figures.values())
    assert len(ratings[rating.LARGE]) == 12
    assert rating.distance(ratings[rating.SMALL], ratings[rating.STRINGS]) < 1e-9
    rating.print_figures(sizes, figures)
    rating.print_targets(figures, ratings)
    printed = capsys.readouterr().out
    assert "| 3,000 × 12 | ours | Parquet → ratings + sandwich intervals |" in printed
    assert "| small, 1000 bootstrap rounds, s | cpu | ≤ 0.6 |" in printed


def test_the_votes_are_as_described():
    votes = make_votes(20_000, 30)
    assert len(votes) == 20_000
    assert (votes["model_a"] != votes["model_b"]).all()
    ties = np.mean(votes["winner"].to_numpy() == "tie")
    assert 0.15 < ties < 0.2
    seen = votes["model_a"].value_counts()["count"].to_numpy()
    assert np.log(seen).std() > 0.3
    assert make_votes(20_000, 30).equals(votes)


def test_lists_of_ratings_are_compared_whatever_their_mean():
    assert rating.distance({"x": 1010, "y": 990}, {"y": -9, "x": 11}) == 0
    assert rating.distance({"x": 1010, "y": 990}, {"x": 12, "y": -12}) == 2
