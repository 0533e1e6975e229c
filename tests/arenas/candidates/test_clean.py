import math
from decimal import Decimal

import pytest

from arenas.candidates.clean import LONGEST_REASON, clean
from arenas.providers.base import LONGEST_WAIT, Outcome, ProviderError, Status, TextPart
from tests.service import KEY


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", KEY)


def test_what_the_database_does_not_take_is_replaced():
    outcome = clean(
        Outcome(
            Status.DONE,
            (TextPart("a\0b"),),
            reason="\ud800",
            details={"a\0": ["\udfff", {"b": "c\0"}], "n": math.inf},
        )
    )
    assert outcome.parts == (TextPart("a�b"),)
    assert outcome.reason == "�"
    assert outcome.details == {"a�": ["�", {"b": "c�"}], "n": None}


def test_no_key_is_left_anywhere():
    outcome = Outcome(
        Status.DONE,
        (TextPart(f"the key {KEY}"),),
        reason=KEY,
        raw_reason=KEY,
        model_version=KEY,
        response_id=KEY,
        details={"sent": {"header": [KEY]}},
    )
    assert KEY not in repr(clean(outcome))
    assert KEY not in str(clean(ProviderError(KEY, raw_reason=KEY)))


def test_a_reason_is_as_long_as_people_read():
    assert len(str(clean(ProviderError("x" * 10_000_000)))) == LONGEST_REASON + 1


@pytest.mark.parametrize("count", [-1, 10**13, 1.5, "3", True])
def test_a_count_that_cannot_be_makes_the_others_incredible(count):
    usage = {"images": 1, "input_text_tokens": 20, "output_image_tokens": count}
    assert clean(Outcome(Status.DONE, usage=usage)).usage == {"images": 1}


def test_counts_that_can_be_are_kept():
    usage = {"images": 1, "output_image_tokens": 1290}
    assert clean(Outcome(Status.DONE, usage=usage)).usage == usage


@pytest.mark.parametrize("cost", ["-1", "1e9"])
def test_a_cost_that_cannot_be_is_unknown(cost):
    assert clean(Outcome(Status.DONE, cost_usd=Decimal(cost))).cost_usd is None


@pytest.mark.parametrize(
    ("asked", "kept"),
    [(math.inf, None), (math.nan, None), (-3, 0), (9e9, LONGEST_WAIT), (3, 3), (None, None)],
)
def test_a_wait_that_nobody_waits_for_is_none(asked, kept):
    assert ProviderError("busy", retry_after=asked).retry_after == kept
