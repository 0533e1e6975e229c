from collections import Counter

from benchmarks.studies import Size, check_study, run_study


def test_a_small_study_runs_through_the_site(db: None) -> None:
    size = Size(competitors=3, prompts=6, raters=4, votes_per_rater=6)
    pairing = {"rule": "uniform", "random_share": 0.25, "newcomers": True, "batch": 10}
    snapshot, truth = run_study(0, size, pairing)
    hits = Counter[str]()
    check_study(snapshot, truth, hits)
    assert (snapshot.votes, hits["ratings"]) == (24, 3)
    assert hits["in interval"] <= hits["in band"]
