"""The court's figures on worlds whose truth is known; rates over many are the benchmark's."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.court import (
    AVERAGE,
    CHOSEN,
    FOLLOWS,
    NOISE,
    WORLDS,
    World,
    count_measured,
    draw_evidence,
)
from metrics.stats.court import Evidence, Figure, Hearing, Levels, hear, share_error, weigh
from metrics.stats.court_rule import State, decide_state, find_need, give_reasons, guess_need

LEVELS = Levels(error=share_error(0.05, 1))
PLAIN, CLUSTERED, FAR = WORLDS["plain"], WORLDS["clustered"], WORLDS["far apart"]


def hear_all(evidence: Evidence) -> Hearing:
    measured, tried = count_measured(evidence)
    return hear(evidence, measured=measured, tried=tried, levels=LEVELS)


def state_of(hearing: Hearing) -> State:
    return decide_state(hearing.weighed, blind=hearing.blind)


def make_evidence(rows: list[tuple[int, int, int, int, float, float, float]]) -> Evidence:
    """Rows of a, b, prompt, rater, points, value_a, value_b; a candidate per model and prompt."""
    a, b, prompt, rater, points, value_a, value_b = (
        np.array(column) for column in zip(*rows, strict=True)
    )
    return Evidence.from_columns(
        a,
        b,
        candidates=(100 * prompt + a, 100 * prompt + b),
        prompt=prompt,
        rater=rater,
        points=points,
        values=(value_a, value_b),
    )


def test_a_check_that_follows_the_raters_may_gate() -> None:
    hearing = hear_all(draw_evidence(1, PLAIN, FOLLOWS))
    assert state_of(hearing) == State.MAY_GATE


def test_a_check_that_follows_intransitive_raters_may_gate() -> None:
    hearing = hear_all(draw_evidence(1, WORLDS["intransitive"], FOLLOWS))
    assert state_of(hearing) == State.MAY_GATE


@pytest.mark.parametrize("world", [PLAIN, CLUSTERED, WORLDS["intransitive"]])
def test_noise_is_refused(world: World) -> None:
    hearing = hear_all(draw_evidence(2, world, NOISE))
    assert state_of(hearing) == State.UNPROVEN
    assert not hearing.blind


def test_a_check_that_only_knows_the_better_model_is_blind_within_pairs() -> None:
    hearing = hear_all(draw_evidence(3, FAR, AVERAGE))
    assert (state_of(hearing), hearing.blind) == (State.ADVISORY, True)
    accuracy = hearing.weighed.accuracy
    assert accuracy.least is not None
    assert accuracy.least >= 0.65
    assert any(reason.startswith("blind within pairs") for reason in give_reasons(hearing))


def test_what_is_not_missing_by_chance_is_warned_of() -> None:
    hearing = hear_all(draw_evidence(4, PLAIN, CHOSEN))
    assert hearing.missing.uneven
    assert hearing.missing.telling
    assert hearing.measured < hearing.votes


def test_what_is_missing_by_chance_is_not() -> None:
    evidence = draw_evidence(4, PLAIN, FOLLOWS)
    lost = np.random.default_rng(0).random(6 * PLAIN.prompts) < 0.3
    value_a = np.where(lost[evidence.candidate_a], np.nan, evidence.value_a)
    value_b = np.where(lost[evidence.candidate_b], np.nan, evidence.value_b)
    holey = replace(evidence, value_a=value_a, value_b=value_b, gap=value_a - value_b)
    assert not hear_all(holey).missing.warns


def test_nothing_is_fitted_on_the_competitors_a_check_is_tried_on() -> None:
    """Three competitors leave no pair without the two of a vote: the band stays 0."""
    evidence = draw_evidence(5, PLAIN, FOLLOWS)
    few = evidence.select((evidence.a < 3) & (evidence.b < 3))
    hearing = hear_all(few)
    assert hearing.band == 0
    assert hearing.calibration is None


def test_probabilities_fitted_on_other_competitors_come_true() -> None:
    calibration = hear_all(draw_evidence(6, PLAIN, FOLLOWS)).calibration
    assert calibration is not None
    slope = calibration.slope
    assert slope.lower is not None
    assert slope.upper is not None
    assert slope.lower < 1 < slope.upper
    assert calibration.error < 0.05


def test_turning_rows_round_changes_nothing() -> None:
    evidence = draw_evidence(7, PLAIN, FOLLOWS, votes=400)
    turned = Evidence.from_columns(
        evidence.b,
        evidence.a,
        candidates=(evidence.candidate_b, evidence.candidate_a),
        prompt=evidence.prompt,
        rater=evidence.rater,
        points=1 - evidence.points,
        values=(evidence.value_b, evidence.value_a),
    )
    assert weigh(turned, LEVELS) == weigh(evidence, LEVELS)


def test_a_tie_of_the_check_is_half_right() -> None:
    rows = [(0, 1, p, p, 1.0, 1.0, 1.0) for p in range(4)]
    assert weigh(make_evidence(rows), LEVELS).accuracy.value == 0.5


def test_undecided_votes_and_unmeasured_pictures_are_no_evidence() -> None:
    rows = [
        (0, 1, 0, 0, 1.0, 2.0, 1.0),
        (0, 1, 1, 1, 0.5, 1.0, 2.0),
        (0, 1, 2, 2, 0.0, 2.0, float("nan")),
    ]
    assert weigh(make_evidence(rows), LEVELS).accuracy.votes == 1


def test_concordance_within_a_pair_is_worked_out_by_hand() -> None:
    """Gaps 3 and 1 where a won, 2 and 0 where b did: of four comparisons three are in order."""
    rows = [
        (0, 1, 0, 0, 1.0, 3.0, 0.0),
        (0, 1, 1, 1, 1.0, 1.0, 0.0),
        (0, 1, 2, 2, 0.0, 2.0, 0.0),
        (0, 1, 3, 3, 0.0, 0.0, 0.0),
    ]
    assert weigh(make_evidence(rows), LEVELS).within.value == pytest.approx(0.75)


def test_two_votes_on_one_prompt_say_nothing_within_pairs() -> None:
    rows = [(0, 1, 0, 0, 1.0, 3.0, 0.0), (0, 1, 0, 1, 0.0, 3.0, 0.0)]
    assert weigh(make_evidence(rows), LEVELS).within.value is None


def test_the_ceiling_is_how_often_one_person_agrees_with_another() -> None:
    """Three people on each of 20 prompts, one against two: two of six ordered pairs agree."""
    rows = [
        (0, 1, prompt, rater, float(rater > 0), 1.0, 0.0)
        for prompt in range(20)
        for rater in range(3)
    ]
    weighed = weigh(make_evidence(rows), LEVELS)
    assert weighed.ceiling.value == pytest.approx(1 / 3)
    assert weighed.doubles == 60


def test_without_doubled_votes_the_ceiling_is_unknown_and_nothing_may_gate() -> None:
    evidence = draw_evidence(8, PLAIN, FOLLOWS)
    first = np.unique(evidence.battle, return_index=True)[1]
    hearing = hear_all(evidence.select(first))
    assert hearing.weighed.ceiling.value is None
    assert state_of(hearing) != State.MAY_GATE


def test_one_raters_votes_prove_nothing() -> None:
    evidence = draw_evidence(9, PLAIN, FOLLOWS)
    alone = replace(evidence, rater=np.zeros(len(evidence), dtype=np.int64))
    assert state_of(hear_all(alone)) == State.UNPROVEN


def test_limits_at_any_time_are_wider_than_the_interval_of_one_moment() -> None:
    accuracy = weigh(draw_evidence(1, PLAIN, FOLLOWS, votes=600), LEVELS).accuracy
    assert accuracy.least is not None
    assert accuracy.lower is not None
    assert accuracy.least < accuracy.lower


def test_no_vote_says_what_is_missing() -> None:
    nothing = draw_evidence(1, PLAIN, FOLLOWS, votes=600).select(np.zeros(600, dtype=bool))
    hearing = hear(
        nothing, measured=np.zeros(0, np.int64), tried=np.zeros(0, np.int64), levels=LEVELS
    )
    assert state_of(hearing) == State.UNPROVEN
    assert "needs about" in " ".join(give_reasons(hearing))


def test_what_is_needed_is_enough_once_it_is_there() -> None:
    """Its guess from a sixth of the votes: as many more bring the limit near the target."""
    some = weigh(draw_evidence(1, PLAIN, FOLLOWS, votes=300), LEVELS).accuracy
    need = find_need(some, 0.65, LEVELS.error)
    assert need is not None
    votes = some.votes + need.votes
    later = weigh(draw_evidence(1, PLAIN, FOLLOWS, votes=round(votes * 1.3)), LEVELS).accuracy
    assert later.least == pytest.approx(0.65, abs=0.05)


def test_nothing_is_needed_of_what_will_not_get_there() -> None:
    figure = Figure(0.6, 0.55, 0.65, 0.52, 0.68, 500, 60, 40)
    assert find_need(figure, 0.65, LEVELS.error) is None


def test_a_new_site_needs_some_hundred_votes() -> None:
    assert 300 < guess_need().votes < 1500


def test_a_model_against_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="itself"):
        make_evidence([(1, 1, 0, 0, 1.0, 1.0, 0.0)])
