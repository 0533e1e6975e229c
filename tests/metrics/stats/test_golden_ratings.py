import json
from pathlib import Path

import pytest

from metrics.stats.comparisons import Comparisons, Outcome
from metrics.stats.rate import rate

GOLDEN = sorted((Path(__file__).parents[3] / "fixtures/golden").glob("*.json"))


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


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_rating_is_what_its_derivation_says(path):
    case = json.loads(path.read_text(encoding="utf-8"))
    ratings = rate(comparisons_of(case["votes"]), **case["settings"])
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
    assert len(GOLDEN) >= 3
