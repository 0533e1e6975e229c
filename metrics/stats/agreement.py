"""Whether raters agree: with each other, and with themselves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from metrics.stats.comparisons import SWAPPED, BoolArray, FloatArray, IntArray, Outcome
from metrics.stats.shares import wilson_bounds


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `of` (it may be a sum of fractions), with Wilson's interval; None of none."""

    count: float
    of: int
    share: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class Alpha:
    """Krippendorff's alpha: 1 is full agreement, 0 what chance would give; None where undefined.

    From `units` that two or more rated, with `values` ratings in all. `lower` and `upper` are the
    bootstrap's, over units.
    """

    alpha: float | None
    lower: float | None
    upper: float | None
    units: int
    values: int
    level: float
    rounds: int


@dataclass(frozen=True, slots=True)
class RaterAgreement:
    """How one rater's votes compare; `rater` is the code given.

    `others`: the share of other raters of the same battles who said the same, each vote of the
    rater counting once however many they are. `repeats`: of votes on a battle voted on before,
    how many said the same again; of these, those with the sides `mirrored` and as before.
    """

    rater: int
    votes: int
    others: Share
    repeats: Share
    mirrored: Share
    unmirrored: Share


@dataclass(frozen=True, slots=True)
class Agreement:
    """All raters together, and each: alpha between them, and shares as in RaterAgreement."""

    alpha: Alpha
    repeats: Share
    mirrored: Share
    unmirrored: Share
    raters: tuple[RaterAgreement, ...]


def wilson(count: float, of: int, *, level: float = 0.95) -> Share:
    """The share `count` / `of`, 0 <= count <= of, with its score interval by wilson_bounds."""
    if not of:
        return Share(count, of, None, None, None)
    return Share(count, of, count / of, *wilson_bounds(count / of, of, level))


def krippendorff_alpha(
    counts: ArrayLike,
    *,
    level: float = 0.95,
    rounds: int = 1000,
    rng: np.random.Generator,
    mirrors: Sequence[int] | None = None,
) -> Alpha:
    """Nominal alpha = 1 - (n - 1) sum_u d_u / (n² - sum_c n_c²), from `counts` (U, C).

    `counts` [u, c] is how many raters gave unit u the value c; a unit with fewer than two does
    not count. d_u = (m_u² - sum_c n_uc²) / (m_u - 1) for its m_u values; n_c and n are sums over
    units (Krippendorff 2011, Computing Krippendorff's alpha-reliability).
    `mirrors` [c] is the value that c becomes when a unit is turned round: where given, every
    unit counts both ways, so that it does not matter which is its front. The interval has the
    percentiles of alpha over units drawn anew.
    """
    table = np.asarray(counts, dtype=np.float64)
    table = table[table.sum(axis=1) >= 2]
    if not len(table):
        return Alpha(None, None, None, 0, 0, level, rounds)
    # Units alike in their counts are drawn together, as one multinomial over the kinds.
    kinds, units = np.unique(table, axis=0, return_counts=True)
    drawn = rng.multinomial(len(table), units / len(table), size=rounds)
    alphas = _alphas(np.concatenate([units[None, :], drawn]), kinds, mirrors)
    sampled = alphas[1:][np.isfinite(alphas[1:])]
    tail = (1 - level) / 2
    known = bool(np.isfinite(alphas[0]))
    low, high = np.quantile(sampled, [tail, 1 - tail]) if known and len(sampled) else (None, None)
    return Alpha(
        float(alphas[0]) if known else None,
        None if low is None else float(low),
        None if high is None else float(high),
        units=len(table),
        values=int(table.sum()),
        level=level,
        rounds=rounds,
    )


def _alphas(units: FloatArray, kinds: FloatArray, mirrors: Sequence[int] | None) -> FloatArray:
    """Alpha for each row of `units` (B, K), how many units there are of each of `kinds` (K, C)."""
    rated = kinds.sum(axis=1)
    disagreement = units @ ((rated**2 - (kinds**2).sum(axis=1)) / (rated - 1))
    values = units @ kinds
    if mirrors is not None:
        values, disagreement = values + values[:, list(mirrors)], 2 * disagreement
    total = values.sum(axis=1)
    chance = total**2 - (values**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        alphas: FloatArray = np.where(chance > 0, 1 - (total - 1) * disagreement / chance, np.nan)
    return alphas


def measure_agreement(
    battle: ArrayLike,
    rater: ArrayLike,
    a: ArrayLike,
    b: ArrayLike,
    outcome: ArrayLike,
    *,
    level: float = 0.95,
    rounds: int = 1000,
    rng: np.random.Generator,
) -> Agreement:
    """Agreement over V votes on one question, in their order; all arrays are codes (V,).

    `battle` names the same pictures whatever the sides, `a` and `b` are the models (or pictures)
    as shown, `outcome` codes of Outcome. Turning a showing round changes nothing. Between
    raters, a rater's first vote on a battle counts; for repeats, each further one beside the one
    before. Votes without a rater (-1) count nowhere. Raises ValueError for unequal lengths.
    """
    columns = [np.asarray(column, dtype=np.int64) for column in (battle, rater, a, b, outcome)]
    if len({column.shape for column in columns}) != 1:
        raise ValueError("battle, rater, a, b and outcome differ in length")
    battles, raters, first, second, outcomes = (column[columns[1] >= 0] for column in columns)
    turned = first > second
    value = np.where(turned, SWAPPED[outcomes], outcomes)
    units = np.unique(battles, return_inverse=True)[1]
    present, people = np.unique(raters, return_inverse=True)
    order = np.lexsort((units, people))  # which keeps the order of a rater's votes on a battle
    again = order[1:][(np.diff(units[order]) == 0) & (np.diff(people[order]) == 0)]
    before = np.empty_like(order)
    before[order[1:]] = order[:-1]
    before = before[again]
    once = np.setdiff1d(order, again)
    said = _counts(units[once], value[once])
    others = said[units[once]].sum(axis=1) - 1
    alike = said[units[once], value[once]] - 1
    met = others > 0
    groups = (
        (people[once][met], alike[met] / others[met]),
        *_repeats(people[again], value[again] == value[before], turned[again] != turned[before]),
    )
    shares = [_share_by_rater(*group, size=len(present), level=level) for group in groups]
    votes = np.bincount(people, minlength=len(present))
    repeats, mirrored, unmirrored = (
        wilson(float(same.sum()), len(same), level=level) for _, same in groups[1:]
    )
    return Agreement(
        krippendorff_alpha(said, level=level, rounds=rounds, rng=rng, mirrors=SWAPPED.tolist()),
        repeats,
        mirrored,
        unmirrored,
        tuple(map(RaterAgreement, present.tolist(), votes.tolist(), *shares)),
    )


def _counts(units: IntArray, values: IntArray) -> FloatArray:
    """How many gave each unit each value, (U, 4)."""
    width = len(Outcome)
    size = int(units.max(initial=-1) + 1) * width
    counts = np.bincount(units * width + values, minlength=size).reshape(-1, width)
    return counts.astype(np.float64)


def _repeats(
    people: IntArray, same: BoolArray, mirrored: BoolArray
) -> Iterator[tuple[IntArray, FloatArray]]:
    """Who answered again, and whether alike: all, those shown mirrored, and those shown alike."""
    for kind in (np.ones_like(mirrored), mirrored, ~mirrored):
        yield people[kind], same[kind].astype(np.float64)


def _share_by_rater(people: IntArray, same: FloatArray, *, size: int, level: float) -> list[Share]:
    counts = np.bincount(people, same, minlength=size).tolist()
    return [
        wilson(count, of, level=level)
        for count, of in zip(counts, np.bincount(people, minlength=size).tolist(), strict=True)
    ]
