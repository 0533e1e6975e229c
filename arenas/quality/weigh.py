"""How strongly cases speak for a share above what is still honest, however often one looks."""

from math import exp, log

from scipy.special import betaincc, betaln


def weigh_share(times: int, cases: int, honest: float) -> float:
    """The e-value of `times` out of `cases` against a share of `honest` (0..1) or less.

    The likelihood averaged over all larger shares alike, by that at `honest`:
    B(k + 1, n - k + 1) P(Beta(k + 1, n - k + 1) > h) / ((1 - h) h^k (1 - h)^(n - k)). For no
    share up to `honest` its mean is above 1 at any number of cases, so that with chance 1/x at
    most it ever reaches x (Ville 1939; Robbins 1970, Annals of Math. Statistics 41(5)). Infinite
    where rounding ends. Raises ValueError for an impossible number, or a share outside 0..1.
    """
    if not (0 <= times <= cases and 0 < honest < 1):
        raise ValueError(f"{times} of {cases} cases against {honest}")
    above = float(betaincc(times + 1, cases - times + 1, honest))
    if not above:
        return 0.0
    averaged = float(betaln(times + 1, cases - times + 1)) + log(above) - log(1 - honest)
    weight = averaged - times * log(honest) - (cases - times) * log(1 - honest)
    return exp(weight) if weight < 700 else float("inf")
