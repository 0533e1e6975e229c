"""Which prompts people are asked about: drawn by stated probabilities, the same each time."""

import json

import numpy as np
import pytest

from metrics.regressions.doubt import Outlook
from metrics.regressions.gather import Pictured
from metrics.regressions.inclusion import Inclusion, Offer, draw_inclusion, read_inclusion
from metrics.regressions.models import Run
from metrics.stats.asking import weigh_back
from tests.factories import NOW


def picture(prompts: int) -> list[Pictured]:
    return [
        Pictured(n, f"p{n}", "", (10 * n, 10 * n + 1, 10 * n + 2), (10 * n + 5,))
        for n in range(1, prompts + 1)
    ]


def include(
    prompts: int = 200,
    votes: int = 100,
    each: int = 1,
    seed: str = "nightly/1",
    hidden: set[int] | None = None,
) -> Inclusion:
    pictured = picture(prompts)
    doubt = np.where(np.arange(prompts) % 2, 0.5, 0.25)
    outlook = Outlook(np.full(prompts, 0.5), doubt)
    everything = {pk for row in pictured for pk in (*row.baseline, *row.challenger)}
    showable = frozenset(everything - (hidden or set()))
    return draw_inclusion(seed, Offer(each, votes), pictured, outlook, showable, now=NOW)


def test_every_prompt_can_be_drawn_and_doubtful_ones_more_often() -> None:
    inclusion = include()
    sure, doubtful = (
        {round(each.inclusion, 6) for each in inclusion.prompts if each.doubt == doubt}
        for doubt in (0.25, 0.5)
    )
    assert len(sure) == len(doubtful) == 1
    assert 0.2 <= min(sure) < min(doubtful) <= 1
    assert np.mean([each.inclusion for each in inclusion.prompts]) == pytest.approx(0.45)


def test_prompts_are_drawn_as_often_as_their_probability_says() -> None:
    draws = [include(prompts=40, votes=20, seed=f"nightly/{n}").prompts for n in range(400)]
    drawn = np.array([[each.drawn for each in prompts] for prompts in draws])
    stated = np.array([each.inclusion for each in draws[0]])
    assert np.abs(drawn.mean(axis=0) - stated).max() < 0.12  # 4.5 standard errors
    assert abs(drawn.mean() - stated.mean()) < 0.015


def test_weighed_back_votes_are_right_on_average_over_the_draws() -> None:
    rng = np.random.default_rng(3)
    truth = rng.choice([0.0, 0.5, 1.0], size=40, p=[0.5, 0.1, 0.4])
    means = []
    for n in range(600):
        asked = include(prompts=40, votes=20, seed=f"weekly/{n}").prompts
        means.append(
            weigh_back(
                truth,
                np.array([each.drawn for each in asked]),
                np.array([each.inclusion for each in asked]),
                np.array([each.prediction for each in asked]),
            ).mean()
        )
    error = np.std(means) / np.sqrt(len(means))
    assert abs(np.mean(means) - (truth.mean() - 0.5)) < 4 * error


def test_the_same_seed_draws_the_same_and_another_one_does_not() -> None:
    assert include() == include()
    assert include().prompts != include(seed="nightly/2").prompts


def test_what_was_chosen_can_be_read_back_whole() -> None:
    inclusion = include(hidden={15})
    run = Run(people=json.loads(json.dumps(inclusion.to_json())))
    assert read_inclusion(run) == inclusion


def test_the_votes_never_exceed_the_budget_and_the_end_does_not_look_ahead() -> None:
    for seed in range(50):
        inclusion = include(votes=15, each=2, seed=f"nightly/{seed}")
        drawn = [each.drawn for each in inclusion.prompts]
        assert 2 * sum(drawn[: inclusion.end]) <= 15
        # The last prompt in the plan took the last votes: what follows decides nothing.
        assert drawn[inclusion.end - 1]
        assert sum(drawn[: inclusion.end]) == 7


def test_with_votes_for_all_prompts_everybody_is_asked_about_all() -> None:
    inclusion = include(prompts=30, votes=60, each=2)
    assert all(each.drawn and each.inclusion == 1 for each in inclusion.prompts)
    assert inclusion.end == 30


def test_a_prompt_without_a_picture_on_both_sides_is_missing() -> None:
    inclusion = include(prompts=3, hidden={15, 20, 21, 22})
    assert inclusion.missing == (1, 2)
    assert [each.prompt for each in inclusion.prompts] == [3]


def test_a_sample_that_cannot_be_shown_is_not_the_one_to_be_compared() -> None:
    inclusion = include(prompts=20, hidden={10 * n + s for n in range(1, 21) for s in (0, 2)})
    assert all(each.baseline % 10 == 1 for each in inclusion.prompts)


def test_without_any_pictures_nothing_is_asked() -> None:
    inclusion = include(prompts=1, hidden={15})
    assert (inclusion.prompts, inclusion.end) == ((), 0)
