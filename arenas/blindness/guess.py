"""Try to guess competitors from features, on prompts that the attacker has not seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from arenas.blindness.observe import Features

FOLDS = 5
DRAWS = 1000  # of the bootstrap
LEAST_PROMPTS = 3  # what is seen on fewer cannot help on another
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class TooFewPrompts(Exception):
    """Guessing needs prompts to learn from and others to guess on."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How often guesses were right, as shares from 0 to 1.

    `accuracy` is the mean over the competitors, so that `chance` is one over their number;
    `plain` is the share of all guesses, and `majority` what always naming the most frequent
    competitor would give. The interval holds for other prompts of the same kind.
    """

    accuracy: float
    lower: float
    upper: float
    chance: float
    plain: float
    majority: float


def make_attackers(seed: int) -> dict[str, Any]:
    """Who guesses: one that adds up single traces, and one that finds how they go together."""
    return {
        "logistic regression": make_pipeline(
            StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=2000)
        ),
        "random forest": RandomForestClassifier(
            150, min_samples_leaf=5, class_weight="balanced", random_state=seed
        ),
    }


def make_table(rows: Sequence[Mapping[str, float | str]], prompts: Integers) -> Floats:
    """Features as columns, a word as one column each value; only what may help elsewhere.

    A value that occurs on few prompts (an address, a token) is as good as the picture itself.
    """
    table = DictVectorizer(sparse=True).fit_transform(rows).tocsc()
    columns = [
        column
        for column in range(table.shape[1])
        if len(np.unique(prompts[table.indices[table.indptr[column] : table.indptr[column + 1]]]))
        >= LEAST_PROMPTS
    ]
    dense: Floats = table[:, columns].toarray()
    return dense[:, dense.min(axis=0) < dense.max(axis=0)] if len(columns) else dense


def guess(
    table: Floats, competitors: Integers, prompts: Integers, *, attacker: Any, seed: int
) -> Integers:
    """A guess for every row, by an attacker who has learnt from other prompts' rows only."""
    folds = min(FOLDS, len(np.unique(prompts)))
    if folds < 2:
        raise TooFewPrompts("guessing needs pictures of two prompts at least")
    guesses = np.empty_like(competitors)
    split = GroupKFold(folds, shuffle=True, random_state=seed)
    for train, test in split.split(table, competitors, prompts):
        if table.shape[1] == 0:  # nothing differs: any name is as good
            guesses[test] = np.bincount(competitors[train]).argmax()
            continue
        guesses[test] = attacker.fit(table[train], competitors[train]).predict(table[test])
    return guesses


def measure(
    guesses: Integers, competitors: Integers, prompts: Integers, *, rng: np.random.Generator
) -> Accuracy:
    """The mean over competitors of the share guessed right, its interval by whole prompts.

    The interval is the percentile bootstrap's with prompts as clusters (Field and Welsh 2007,
    "Bootstrapping clustered data", JRSS B 69): rows of one prompt are not independent.
    """
    hits, shown = count_by_prompt(guesses, competitors, prompts)
    clusters, names = shown.shape
    draws = rng.multinomial(clusters, np.full(clusters, 1 / clusters), size=DRAWS)
    lower, upper = np.quantile(average(draws @ hits, draws @ shown), [0.025, 0.975])
    return Accuracy(
        accuracy=float(average(hits.sum(axis=0)[None], shown.sum(axis=0)[None])[0]),
        lower=float(lower),
        upper=float(upper),
        chance=1 / names,
        plain=float(hits.sum() / shown.sum()),
        majority=float(shown.sum(axis=0).max() / shown.sum()),
    )


def count_by_prompt(
    guesses: Integers, competitors: Integers, prompts: Integers
) -> tuple[Integers, Integers]:
    """Right guesses and all of them, by prompt (rows) and competitor (columns)."""
    _, row = np.unique(prompts, return_inverse=True)
    _, column = np.unique(competitors, return_inverse=True)
    shown = np.zeros((row.max() + 1, column.max() + 1), np.int64)
    hits = np.zeros_like(shown)
    np.add.at(shown, (row, column), 1)
    np.add.at(hits, (row, column), (guesses == competitors).astype(np.int64))
    return hits, shown


def average(hits: Integers, shown: Integers) -> Floats:
    """The mean over columns of hits / shown, for each row; columns never shown are left out."""
    shares = np.divide(hits, shown, out=np.full(hits.shape, np.nan), where=shown > 0)
    return np.asarray(np.nanmean(shares, axis=1))


def join_channels(channels: Mapping[str, Features], names: Sequence[str]) -> Features:
    return {f"{name} {key}": value for name in names for key, value in channels[name].items()}
