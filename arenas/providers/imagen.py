"""Google's Imagen models, which draw from one text alone, on the enterprise platform.

They need GOOGLE_CLOUD_PROJECT, GOOGLE_CLOUD_LOCATION and Google's default credentials;
IMAGEN_BASE_URL names another address. Google is ending these models, and the SDK this call,
so that nothing here does more than it must.

Parameters: `aspect_ratio`, `image_size` (1K, 2K), `person_generation`, `language`,
`negative_prompt`, and `seed`: true sends the request's, which takes the watermark off.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, ClassVar

from google.genai import types

from arenas.providers._gemini.client import SDK, call, connect, find_lack, read_account
from arenas.providers._gemini.errors import BadAnswer, quote
from arenas.providers._gemini.pictures import compare_ratio, is_picture
from arenas.providers._gemini.settings import RATIOS, read_seed
from arenas.providers._parameters import TEXT, YES_NO, check_parameters, one_of
from arenas.providers.base import (
    BaseProvider,
    Cause,
    ImagePart,
    Outcome,
    ProviderError,
    Request,
    Status,
)

_MOST_IMAGES = 4
PARAMETERS = {
    "aspect_ratio": one_of(*RATIOS),
    "image_size": one_of("1K", "2K"),
    "person_generation": one_of("DONT_ALLOW", "ALLOW_ADULT", "ALLOW_ALL"),
    "language": one_of("auto", "en", "ja", "ko", "hi", "zh", "pt", "es"),
    "negative_prompt": TEXT,
    "seed": YES_NO,
}


class Provider(BaseProvider):
    in_flight: ClassVar[int] = 16

    def __init__(self, model: str, params: Mapping[str, Any]) -> None:
        super().__init__(model, params)
        self.settings = check_parameters(params, PARAMETERS)

    @property
    def account(self) -> str:
        return read_account(enterprise=True)

    @property
    def lacks(self) -> str:
        return find_lack(enterprise=True, base_url="IMAGEN_BASE_URL")

    async def generate(self, request: Request, *, deadline: float) -> Outcome:
        refuse_context(request)
        client = await connect(enterprise=True, base_url="IMAGEN_BASE_URL")
        config = self._make_config(request)
        start = time.perf_counter()
        try:
            async with asyncio.timeout(deadline):
                answer = await call(
                    client.aio.models.generate_images(
                        model=self.model, prompt=request.turns[0], config=config
                    )
                )
        except TimeoutError:
            reason = f"the model did not answer within {deadline:g} seconds"
            raise ProviderError(reason, cause=Cause.TIMEOUT) from None
        except BadAnswer as error:
            return _refuse_form(str(error))
        return read_images(
            answer.generated_images or [],
            details={"sdk": SDK, "model": self.model, "surface": "enterprise"}
            | {"config": config.model_dump(mode="json", exclude_none=True)},
            ratio=config.aspect_ratio or "1:1",
            seconds=time.perf_counter() - start,
        )

    def _make_config(self, request: Request) -> types.GenerateImagesConfig:
        wanted = {name: value for name, value in self.settings.items() if name != "seed"}
        seeded = self.settings.get("seed", False)
        return types.GenerateImagesConfig(
            **{"aspect_ratio": request.aspect_ratio, **wanted},
            number_of_images=max(1, min(request.n_images, _MOST_IMAGES)),
            # Pictures that the service filters vanish without a word otherwise.
            include_rai_reason=True,
            seed=read_seed(request) if seeded else None,
            add_watermark=False if seeded else None,
        )


def refuse_context(request: Request) -> None:
    """Raise ProviderError for a prompt that is more than one text."""
    if len(request.turns) > 1:
        reason = f"Imagen draws from one text alone; this prompt has {len(request.turns)} turns"
        raise ProviderError(reason, permanent=True)
    if request.references:
        count = len(request.references)
        reason = f"Imagen draws from one text alone; this prompt has {count} reference pictures"
        raise ProviderError(reason, permanent=True)


def read_images(
    images: list[types.GeneratedImage], *, details: dict[str, Any], ratio: str, seconds: float
) -> Outcome:
    """What the answer came to; it counts as refused where the filter left no picture."""
    found = [each.image for each in images if each.image]
    parts = tuple(
        ImagePart(image.image_bytes or b"", image.mime_type or "")
        for image in found
        if is_picture(image.image_bytes or b"")
    )
    filtered = [each.rai_filtered_reason for each in images if each.rai_filtered_reason]
    noted = {"filtered": [quote(reason) for reason in filtered]} if filtered else {}
    status, reason = _judge(parts, filtered, found)
    return Outcome(
        status,
        parts,
        reason=reason,
        raw_reason=quote(filtered[0]) if filtered and not parts else "",
        try_again=status in (Status.NO_IMAGE, Status.MALFORMED),
        usage={"images": len(parts)},
        details=details | noted | compare_ratio([part.data for part in parts], ratio),
        timings={"first_turn": seconds, "total": seconds},
    )


def _judge(
    parts: tuple[ImagePart, ...], filtered: list[str], found: list[types.Image]
) -> tuple[Status, str]:
    if parts:
        return Status.DONE, ""
    if filtered:
        reason = f"The service withheld the picture. It said: “{quote(filtered[0])}”"
        return Status.REFUSED_OUTPUT, reason
    if found:
        return Status.MALFORMED, "What the service sent in place of a picture is none."
    return Status.NO_IMAGE, "The service sent no picture, and does not say why."


def _refuse_form(raw_reason: str) -> Outcome:
    reason = "The answer is not of the form that the service documents."
    return Outcome(
        Status.MALFORMED, reason=reason, raw_reason=raw_reason, try_again=True, usage={"images": 0}
    )
