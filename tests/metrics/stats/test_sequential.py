import numpy as np
import pytest
from scipy.special import ndtri

from metrics.stats.intervals import Covariance
from metrics.stats.sequential import band_gap_reach, band_reach

PLANNED = 0.2  # logits


def of(variance, degrees=np.inf, size=4):
    """A covariance of `size` ratings with this variance each, before they are centred."""
    none = np.zeros((size, size))
    return Covariance(np.eye(size) * variance, none, np.full(size, degrees))


def times_wider(half_width, **settings):
    """The band over the fixed-time interval of this half-width."""
    covariance = of((half_width / ndtri(0.975)) ** 2, **settings)
    return band_reach(covariance, level=0.95, planned=PLANNED)[0] / covariance.reach(0.95)[0]


def test_a_band_is_narrowest_where_it_was_planned():
    assert times_wider(PLANNED) == pytest.approx(1.55, abs=0.005)
    assert times_wider(PLANNED) < min(times_wider(0.5 * PLANNED), times_wider(2 * PLANNED))


@pytest.mark.parametrize("share", np.geomspace(0.484, 1.63, 9))
def test_a_band_is_at_most_1_6_times_as_wide_over_an_11_fold_number_of_votes(share):
    assert times_wider(share * PLANNED) <= 1.6


@pytest.mark.parametrize("share", np.geomspace(0.03, 3.2, 9))
def test_a_band_is_at_most_twice_as_wide_over_a_10000_fold_number_of_votes(share):
    assert times_wider(share * PLANNED) <= 2


def test_in_votes_the_band_is_the_published_boundary():
    # Waudby-Smith et al. 2024, Theorem 2.2, with variance 1 per vote.
    rho, alpha = 0.1, 0.05
    planned = ndtri(0.975) * rho / np.sqrt(8)
    for votes in (10, 300, 10_000):
        boundary = np.sqrt(
            2
            * (votes * rho**2 + 1)
            / (votes * rho) ** 2
            * np.log(np.sqrt(votes * rho**2 + 1) / alpha)
        )
        reach = band_reach(of(1 / votes), level=1 - alpha, planned=planned)
        assert reach[0] == pytest.approx(boundary)


def test_a_running_mean_is_seldom_ever_outside_its_band():
    # A thousand walks of 1000 steps, looked at after each one: the band's own guarantee.
    rng = np.random.default_rng(0)
    steps = np.arange(1, 1001)
    reach = band_reach(of(1 / steps, size=len(steps)), level=0.95, planned=PLANNED)
    missed = [
        (np.abs(np.cumsum(rng.normal(size=len(steps))) / steps) > reach).any() for _ in range(1000)
    ]
    assert np.mean(missed) <= 0.05


def test_few_clusters_stretch_a_band_as_they_stretch_the_interval():
    assert times_wider(PLANNED, degrees=19.0) == pytest.approx(times_wider(PLANNED))


def test_a_band_is_unknown_without_degrees_and_nothing_without_variance():
    assert np.isnan(band_reach(of(1.0, degrees=0.0), level=0.95, planned=PLANNED)).all()
    assert (band_reach(of(0.0), level=0.95, planned=PLANNED) == 0).all()


def test_a_gap_is_as_much_wider_as_a_rating():
    covariance = of(0.01)
    gaps = band_gap_reach(covariance, level=0.95, planned=PLANNED)[0, 1]
    ratings = band_reach(covariance, level=0.95, planned=PLANNED)[0]
    assert gaps == pytest.approx(ratings * np.sqrt(2))


def test_all_gaps_at_once_share_the_risk():
    alone = band_gap_reach(of(0.01), level=0.95, planned=PLANNED)
    together = band_gap_reach(
        of(0.01), level=0.95, planned=PLANNED, components=np.array([0, 0, 0, 1])
    )
    # Three gaps of a component: its log(1/α) grows by log 3. One model has no gap.
    gained = 8 * (PLANNED / ndtri(0.975)) ** 2 / 0.01
    grown = 2 * np.log(3) / (np.log1p(gained) - 2 * np.log(0.05))
    assert together[0, 1] / alone[0, 1] == pytest.approx(np.sqrt(1 + grown))
    assert together[3, 3] == alone[3, 3] == 0
