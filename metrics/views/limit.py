"""Where a figure says too little to be shown: pages say so, and files keep the number."""

from typing import Final

# Points of half a width: odds of 100 to 1 either way, from nearly never to nearly always.
FAR: Final = 800.0
TOO_FEW: Final = (
    "Too few votes: the interval reaches more than 800 points to a side, from losing nearly always "
    "to winning nearly always. JSON and CSV have the numbers."
)
# Pairs that several raters rated: with fewer, alpha is what a handful of votes happened to be.
LEAST_PAIRS: Final = 10


def is_far(lower: float, upper: float) -> bool:
    """Whether the interval in points is so wide that it says nothing."""
    return upper - lower > 2 * FAR


def keep_share(share: float) -> float:
    """A bound of a share, in 0 … 1 as every share is: an interval by t may reach beyond."""
    return min(max(share, 0.0), 1.0)
