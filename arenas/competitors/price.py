"""What a competitor's calls cost by its price list, before they are made and afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

MILLION = Decimal(1_000_000)
# For estimates alone, before a service has counted: English has some four characters a token,
# and Gemini 3 counts 1,120 tokens for a picture that it reads.
CHARACTERS_PER_TOKEN = 4
TOKENS_PER_PICTURE = 1120

USD = Annotated[Decimal, Field(ge=0, le=10_000)]


@dataclass(frozen=True, slots=True)
class Cost:
    """USD, and whether the list's price per image stands for what was not counted."""

    usd: Decimal
    estimated: bool


@dataclass(frozen=True, slots=True)
class Work:
    """What a candidate asks for: `pictures_read` are references and earlier turns' images."""

    calls: int
    images: int
    characters: int
    pictures_read: int


class Price(BaseModel):
    """A list price in USD: per image, and per million tokens by kind where so billed.

    `batch` is what a batch costs as a share of the price. `source` and `as_of` say where and when
    the price was read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    image: USD | None = None
    input_text: USD | None = None
    input_image: USD | None = None
    output_text: USD | None = None
    output_image: USD | None = None
    batch: Annotated[Decimal, Field(gt=0, le=1)] = Decimal(1)
    source: str = ""
    as_of: date | None = None

    @model_validator(mode="after")
    def check(self) -> Self:
        if self.image is None and self.output_image is None:
            raise ValueError("a price needs `image` (USD each) or `output_image` (USD per million)")
        if self.image is None and self.input_text is None:
            raise ValueError("a price by tokens needs `input_text` (USD per million), too")
        return self

    def cost(self, usage: Mapping[str, int], *, in_batch: bool = False) -> Cost:
        """USD of what was used: by tokens where the service counted them, else by images."""
        by_tokens = self._cost_tokens(usage)
        usd = by_tokens if by_tokens is not None else (self.image or 0) * usage.get("images", 0)
        return Cost(self._discount(Decimal(usd), in_batch), estimated=by_tokens is None)

    def estimate(self, work: Work, *, in_batch: bool = False) -> Decimal:
        """USD of work to come, thoughts and text that nobody can foresee left out."""
        image = self.image if self.image is not None else self._cost_image()
        text = Decimal(work.characters) / CHARACTERS_PER_TOKEN * (self.input_text or 0)
        read = work.pictures_read * TOKENS_PER_PICTURE * (self.input_image or self.input_text or 0)
        return self._discount(image * work.images + (text + read) / MILLION, in_batch)

    def _cost_image(self) -> Decimal:
        # Gemini 2.5 Flash Image counts 1,290 tokens for a picture of a megapixel.
        return 1290 * (self.output_image or Decimal(0)) / MILLION

    def _cost_tokens(self, usage: Mapping[str, int]) -> Decimal | None:
        """USD by tokens; None where the list has no such price or the service counted none."""
        kinds = ("input_text", "input_image", "output_text", "output_image")
        used = {kind: usage[f"{kind}_tokens"] for kind in kinds if f"{kind}_tokens" in usage}
        if not used or self.input_text is None or self.output_image is None:
            return None
        prices = {
            "input_text": self.input_text,
            "input_image": self.input_image if self.input_image is not None else self.input_text,
            "output_text": self.output_text if self.output_text is not None else self.input_text,
            "output_image": self.output_image,
        }
        return sum((used[kind] * prices[kind] for kind in used), Decimal(0)) / MILLION

    def _discount(self, usd: Decimal, in_batch: bool) -> Decimal:
        return (usd * (self.batch if in_batch else 1)).quantize(Decimal("0.000001"))


def read_price(stored: Mapping[str, object]) -> Price | None:
    """The price as it is kept with a competitor; None where none is known."""
    return Price.model_validate(stored) if stored else None
