from decimal import Decimal

import pytest

from arenas.competitors.price import Cost, Price, Work, read_price

# Gemini 2.5 Flash Image's list: 0.30 USD per million tokens read, 30 per million drawn.
NANO = Price.model_validate(
    {"image": 0.039, "input_text": 0.3, "output_text": 2.5, "output_image": 30, "batch": 0.5}
)


def test_counted_tokens_are_priced_by_kind():
    usage = {"input_text_tokens": 1000, "output_text_tokens": 200, "output_image_tokens": 1290}
    assert NANO.cost(usage) == Cost(Decimal("0.039500"), estimated=False)


def test_what_was_not_counted_costs_the_lists_price_per_image_and_says_so():
    assert NANO.cost({"images": 2}) == Cost(Decimal("0.078000"), estimated=True)


def test_a_list_without_token_prices_counts_images():
    plain = Price(image=Decimal("0.04"))
    assert plain.cost({"images": 1, "input_text_tokens": 9}).usd == Decimal("0.04")


def test_pictures_read_cost_what_text_costs_where_the_list_says_nothing_else():
    assert NANO.cost({"input_image_tokens": 1_000_000}).usd == Decimal("0.3")
    dear = NANO.model_copy(update={"input_image": Decimal(2)})
    assert dear.cost({"input_image_tokens": 1_000_000}).usd == Decimal(2)


def test_a_batch_costs_its_share():
    assert NANO.cost({"images": 2}, in_batch=True).usd == Decimal("0.039")


def test_an_estimate_counts_images_words_and_pictures_read():
    work = Work(calls=2, images=2, characters=4000, pictures_read=10)
    assert NANO.estimate(work) == Decimal("0.078000") + Decimal("0.3") * (1000 + 11200) / 1_000_000


def test_a_refusal_costs_what_was_read():
    assert NANO.cost({"input_text_tokens": 100_000, "images": 0}).usd == Decimal("0.03")


@pytest.mark.parametrize(
    ("price", "fault"),
    [
        ({"source": "a page"}, "needs `image`"),
        ({"output_image": 30}, "needs `input_text`"),
        ({"image": -1}, "greater than or equal to 0"),
        ({"image": 1, "batch": 0}, "greater than 0"),
        ({"image": 1, "per_image": 2}, "per_image"),
        ({"image": float("nan")}, "finite"),
    ],
)
def test_a_price_that_makes_no_sense_is_an_error(price, fault):
    with pytest.raises(ValueError, match=fault):
        Price.model_validate(price)


def test_no_price_is_none():
    assert read_price({}) is None
    assert read_price({"image": 0.04}) == Price(image=Decimal("0.04"))
