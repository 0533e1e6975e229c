import numpy as np

from metrics.stats.components import centre, find_components, find_separated

CHAIN = np.array([[0, 2, 0], [1, 0, 0], [0, 0, 0]], dtype=float)


def test_models_that_never_met_are_apart():
    assert find_components(CHAIN).tolist() == [0, 0, 1]


def test_the_component_with_the_most_votes_is_the_main_one():
    wins = np.zeros((4, 4))
    wins[0, 1] = 3
    wins[3, 2] = 5
    assert find_components(wins).tolist() == [1, 1, 0, 0]


def test_a_model_that_never_lost_separates_its_component_alone():
    wins = np.zeros((4, 4))
    wins[0, 1] = 3
    wins[2, 3] = wins[3, 2] = 1
    assert find_separated(wins, find_components(wins)).tolist() == [True, True, False, False]


def test_half_a_win_for_each_does_not_separate():
    wins = np.array([[0, 0.5], [0.5, 0]])
    assert not find_separated(wins, find_components(wins)).any()


def test_groups_of_which_one_always_wins_are_separated():
    wins = np.zeros((4, 4))
    wins[0, 1] = wins[1, 0] = wins[2, 3] = wins[3, 2] = wins[0, 2] = 1
    assert find_separated(wins, find_components(wins)).all()


def test_values_are_centred_within_each_component():
    centred = centre(np.array([1.0, 3.0, 10.0]), np.array([0, 0, 1]))
    assert centred.tolist() == [-1, 1, 0]
