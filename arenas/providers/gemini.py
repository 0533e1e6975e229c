"""Google's Gemini models that draw: pictures and text in one answer, turn after turn.

They are reached on the Developer API, with GEMINI_API_KEY (or GOOGLE_API_KEY), or, with the
parameter `enterprise`, on the enterprise platform, with GOOGLE_CLOUD_PROJECT,
GOOGLE_CLOUD_LOCATION and Google's default credentials. GEMINI_BASE_URL names another address.

Parameters:

- `aspect_ratio`: such as 16:9, instead of each prompt's own.
- `image_size`: 512, 1K, 2K or 4K, where the model offers it.
- `thinking_level`: MINIMAL, LOW, MEDIUM or HIGH, for models that think.
- `temperature`: 0 to 2; newer models ignore it.
- `modalities`: [TEXT, IMAGE], or [IMAGE] for pictures alone.
- `seed`: false sends none. No model promises the same picture for the same seed.
- `system`: an instruction that stands above every prompt.
- `enterprise`: true for the enterprise platform.

Asked as a judge, a model heeds `thinking_level`, `temperature`, `system` and `enterprise`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from google import genai
from google.genai import types

from arenas.providers._gemini import asking, batch
from arenas.providers._gemini.client import connect, find_lack, read_account
from arenas.providers._gemini.conversation import Conversation, make_message, make_reader
from arenas.providers._gemini.settings import PARAMETERS, make_asking_config, make_config
from arenas.providers._parameters import check_parameters
from arenas.providers.base import (
    Answer,
    BatchProvider,
    BatchState,
    Cause,
    Outcome,
    ProviderError,
    Question,
    Reference,
    Request,
)


class Provider(BatchProvider):
    in_flight: ClassVar[int] = 64
    asked_with = ("thinking_level", "temperature", "system", "enterprise")

    def __init__(self, model: str, params: Mapping[str, Any]) -> None:
        super().__init__(model, params)
        self.settings = check_parameters(params, PARAMETERS)
        self.enterprise: bool = self.settings.get("enterprise", False)

    @property
    def account(self) -> str:
        return read_account(enterprise=self.enterprise)

    @property
    def lacks(self) -> str:
        return find_lack(enterprise=self.enterprise, base_url="GEMINI_BASE_URL")

    async def generate(self, request: Request, *, deadline: float) -> Outcome:
        config = make_config(self.settings, request)
        talk = Conversation(await self._connect(), self.model, request)
        try:
            async with asyncio.timeout(deadline):
                await talk.run(config)
        except TimeoutError:
            reason = f"the model did not answer within {deadline:g} seconds"
            failure = ProviderError(reason, cause=Cause.TIMEOUT)
        except ProviderError as error:
            failure = error
        else:
            ratio = self.settings.get("aspect_ratio", request.aspect_ratio)
            return talk.conclude(self._describe(config), ratio)
        raise talk.interrupt(failure)

    async def ask(
        self, images: Sequence[Reference], question: str, schema: Mapping[str, Any]
    ) -> Answer:
        config = make_asking_config(self.settings, schema)
        return await asking.ask(await self._connect(), self.model, images, question, config)

    async def submit(self, requests: Mapping[str, Request], *, name: str) -> str:
        long = next((key for key, request in requests.items() if len(request.turns) > 1), None)
        if long is not None:
            raise ValueError(f"a batch takes single turns only; {long} has several")
        items = [
            batch.Item(key, make_message(request, 0), make_config(self.settings, request))
            for key, request in requests.items()
        ]
        return await self._submit(items, name=name)

    async def submit_questions(self, questions: Mapping[str, Question], *, name: str) -> str:
        items = [
            batch.Item(
                key,
                asking.make_question(each.images, each.text),
                make_asking_config(self.settings, each.schema),
            )
            for key, each in questions.items()
        ]
        return await self._submit(items, name=name)

    async def find(self, name: str) -> str | None:
        return await batch.find(await self._connect(), name)

    async def poll(self, job: str) -> BatchState[Outcome]:
        reader = make_reader({**self._describe(), "batch": job})
        return await batch.poll(await self._connect(), job, reader)

    async def poll_questions(
        self, job: str, schemas: Mapping[str, Mapping[str, Any]]
    ) -> BatchState[Answer]:
        return await batch.poll(await self._connect(), job, asking.make_reader(schemas))

    async def cancel(self, job: str) -> None:
        await batch.cancel(await self._connect(), job)

    async def _submit(self, items: list[batch.Item], *, name: str) -> str:
        if self.enterprise:
            raise ProviderError("batches are made on the Developer API only", permanent=True)
        return await batch.submit(await self._connect(), self.model, items, name=name)

    async def _connect(self) -> genai.Client:
        return await connect(enterprise=self.enterprise)

    def _describe(self, config: types.GenerateContentConfig | None = None) -> dict[str, Any]:
        """What is kept with a candidate about how it was asked for."""
        asked = {"config": config.model_dump(mode="json", exclude_none=True)} if config else {}
        surface = "enterprise" if self.enterprise else "developer"
        return {"model": self.model, "surface": surface, **asked}
