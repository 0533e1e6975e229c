"""What every rating method takes, gives and raises; and how methods are found.

A method is one file of this package with a class `Method`. The file's name is the method's
name: adding one touches no other file. Files that begin with `_` are parts of a method.
"""

import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit

from metrics.stats.comparisons import BoolArray, Comparisons, FloatArray, IntArray


class NotConverged(Exception):
    """A fit that has no answer, or did not reach it; the message says why."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Ratings of M models in logits, mean 0 in each component; what they rest on.

    `components` (M,) numbers what is connected, by votes; `separated` (M,) marks where a
    weak prior holds ratings that would run away; `parameters` are the method's own.
    """

    logits: FloatArray
    components: IntArray
    separated: BoolArray
    parameters: Mapping[str, float] = field(default_factory=dict)
    iterations: int = 0

    @property
    def voted(self) -> BoolArray:
        """Whether a model met any other, shape (M,): alone in its component, it did not."""
        met: BoolArray = np.bincount(self.components)[self.components] > 1
        return met


@dataclass(frozen=True, slots=True, eq=False)
class Influence:
    """How the votes pull at P parameters, of which the first M are the logits.

    `scores` is a sparse (R, P) array: the gradient of one vote's log-likelihood, row by row;
    `inverse` (P, P) turns sums of scores into movements of the parameters: it inverts the
    information, the log-likelihood's negative second derivative; after a second step of
    estimation it need not be symmetric.
    `roots` are sparse (R, P) arrays: the outer products of their r-th rows add up to the
    information of one vote of row r. They are empty where a method does not know them.
    """

    scores: Any  # scipy.sparse.csr_array, which has no types
    inverse: FloatArray
    roots: tuple[Any, ...] = ()


class BaseMethod(ABC):
    """One way to turn comparisons into ratings.

    A method sees the outcomes model_a, model_b and tie only: what becomes of both_bad, and
    whether ties are dropped, is settled before. `default_ci` names the interval it is given
    when none is asked for; `needs_order` says that the order of the votes matters, and
    `sided` that it matters which model was shown first (a).
    """

    default_ci: ClassVar[str] = "sandwich"
    needs_order: ClassVar[bool] = False
    sided: ClassVar[bool] = False

    @abstractmethod
    def fit(self, comparisons: Comparisons) -> Fit:
        """The ratings. Raises NotConverged."""

    def influence(self, comparisons: Comparisons, fit: Fit) -> Influence:
        """What a sandwich interval is made of. Raises ValueError where there is none."""
        raise ValueError("this method has no sandwich interval (use bootstrap or none)")

    def expected_share(self, fit: Fit, comparisons: Comparisons) -> FloatArray:
        """The expected result of each row for a, a tie being half: (R,), in 0..1."""
        gap = fit.logits[comparisons.a] - fit.logits[comparisons.b]
        return np.asarray(expit(gap), dtype=np.float64)


def method_names() -> list[str]:
    """The methods that exist: the files of this package."""
    package = import_module("metrics.stats.methods")
    return sorted(
        name
        for _, name, _ in pkgutil.iter_modules(package.__path__)
        if name != "base" and not name.startswith("_")
    )


def make_method(name: str) -> BaseMethod:
    """The method `name`. Raises ValueError for an unknown one."""
    if name not in method_names():
        raise ValueError(f"unknown method {name!r} (known: {', '.join(method_names())})")
    method: BaseMethod = import_module(f"metrics.stats.methods.{name}").Method()
    return method
