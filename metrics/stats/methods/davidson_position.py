"""Davidson with a term for the side shown first."""

from metrics.stats.comparisons import Comparisons
from metrics.stats.methods._davidson import fit_davidson
from metrics.stats.methods.base import Fit
from metrics.stats.methods.davidson import Method as Davidson


class Method(Davidson):
    """Davidson with the gap g = x_i - x_j + gamma, where i is the model shown first (a).

    The order effect of Davidson & Beaver 1977, Biometrics 33(4), whose nu is this one times
    exp(-gamma/2). The parameter `gamma` is in logits and positive where the first side gains. It
    always has the weak prior of half a tie, since a position can be confounded with a strength;
    the rest is as without it.
    """

    sided = True

    def fit(self, comparisons: Comparisons) -> Fit:
        return fit_davidson(comparisons, position=True)
