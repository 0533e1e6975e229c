"""How candidates look and how long they took: the covariates of style control."""

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from arenas.candidates.models import Candidate
from metrics.checks import technical
from metrics.results.models import CheckResult

SECONDS = "seconds"  # the candidate's own, not a measure of a check


@dataclass(frozen=True, slots=True)
class Covariate:
    """One property that raters may like or dislike, whatever was asked for.

    `measure` is the `technical` check's, or `seconds`. `more` says in plain words what a larger
    value means, as in "raters prefer … pictures".
    """

    name: str
    description: str
    unit: str
    measure: str
    more: str


COVARIATES = (
    Covariate("resolution", "Size of the pictures", "megapixels", "megapixels", "larger"),
    Covariate("aspect", "Width against height", "ln(width/height)", "aspect", "wider"),
    Covariate("brightness", "Mean lightness", "L*", "brightness", "brighter"),
    Covariate("contrast", "Spread of the lightness", "L*", "contrast", "more contrasted"),
    Covariate("saturation", "Colourfulness", "Hasler–Süsstrunk", "colourfulness", "more colourful"),
    Covariate("sharpness", "Share of fine detail", "share", "sharpness", "sharper"),
    Covariate("noise", "Pixel noise", "L*", "noise", "noisier"),
    Covariate("text", "Area that looks like text", "share", "text_amount", "more text-filled"),
    Covariate("images", "Number of pictures", "pictures", "images", "more numerous"),
    Covariate("latency", "Time to make them", "seconds", SECONDS, "slower"),
)


def read_features(candidates: Collection[int]) -> pl.DataFrame:
    """A row per candidate, in the order given, with one column per covariate, as floats.

    `candidate` is the id. Null is what is not known: what the `technical` check's present
    version has not measured (values of two versions are not comparable), or how long a
    candidate took that was made elsewhere. Latency is that of the attempt that succeeded.
    """
    known = _read_known(candidates)
    rows = [
        (pk, *(known.get(pk, {}).get(each.measure) for each in COVARIATES))
        for pk in dict.fromkeys(candidates)
    ]
    columns = {each.name: pl.Float64 for each in COVARIATES}
    return pl.DataFrame(rows, schema={"candidate": pl.Int64, **columns}, orient="row")


def _read_known(candidates: Collection[int]) -> dict[int, dict[str, float | None]]:
    """What is known of each candidate: the check's values by measure, and its seconds."""
    results = CheckResult.objects.filter(
        candidate__in=candidates, check_name="technical", version=technical.Check.version
    )
    known: dict[int, dict[str, float | None]] = dict(results.values_list("candidate_id", "values"))
    made = Candidate.objects.filter(pk__in=candidates, status=Candidate.Status.DONE)
    for pk, seconds in made.exclude(seconds=None).values_list("pk", "seconds"):
        known.setdefault(pk, {})[SECONDS] = seconds
    return known
