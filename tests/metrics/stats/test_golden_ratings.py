import json
from pathlib import Path

import pytest

from metrics.stats.comparisons import Comparisons, Outcome
from metrics.stats.rankings import Rankings
from metrics.stats.rate import rate
from metrics.stats.rate_rankings import rate_rankings

GOLDEN = Path(__file__).parents[3] / "fixtures/golden"


def read_cases():
    """The cases of ratings: other figures have their cases beside them, and their own tests."""
    cases = {path.stem: json.loads(path.read_text("utf-8")) for path in GOLDEN.glob("*.json")}
    return {name: case for name, case in sorted(cases.items()) if "settings" in case}


CASES = read_cases()


def comparisons_of(votes):
    models = sorted({name for vote in votes for name in vote[:2]})
    prompts = sorted({vote[4] for vote in votes if len(vote) > 4})
    return Comparisons.from_codes(
        models,
        [models.index(vote[0]) for vote in votes],
        [models.index(vote[1]) for vote in votes],
        [Outcome[vote[2].upper()] for vote in votes],
        weight=[vote[3] for vote in votes],
        clusters={"prompt": [prompts.index(vote[4]) for vote in votes]} if prompts else None,
        in_order=True,
    )


def rankings_of(ballots):
    models = sorted({name for *tiers, _ in ballots for tier in tiers for name in tier})
    slots, places = [], []
    for *tiers, _ in ballots:
        row = [(models.index(name), place) for place, tier in enumerate(tiers) for name in tier]
        row += [(-1, 0)] * (len(models) - len(row))
        slots.append([code for code, _ in row])
        places.append([place for _, place in row])
    return Rankings.from_codes(models, slots, places, weight=[count for *_, count in ballots])


def rate_case(case):
    if "ballots" in case:
        return rate_rankings(rankings_of(case["ballots"]), **case["settings"])
    return rate(comparisons_of(case["votes"]), **case["settings"])


@pytest.mark.parametrize("name", CASES)
def test_a_rating_is_what_its_derivation_says(name):
    case = CASES[name]
    ratings = rate_case(case)
    expected, close = case["expected"], {"abs": case["tolerance"]}
    rows = {row.model: row for row in ratings.rows}
    assert {name: row.rating for name, row in rows.items()} == pytest.approx(
        expected["ratings"], **close
    )
    for bound in ("lower", "upper"):
        for name, value in expected.get(bound, {}).items():
            assert getattr(rows[name], f"rating_{bound}") == pytest.approx(value, **close)
    for name, value in expected.get("parameters", {}).items():
        assert ratings.fit.parameters[name] == pytest.approx(value, **close)


def test_golden_cases_are_there():
    assert len(CASES) >= 11
