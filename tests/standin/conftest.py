"""A stand-in for each test, and the unmodified SDKs pointed at it."""

from collections.abc import Iterator

import pytest
from google import genai
from google.genai import types
from google.oauth2.credentials import Credentials
from openai import OpenAI

from evalsite.standin.server import StandIn


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn() as service:
        yield service


@pytest.fixture
def gemini(service: StandIn) -> Iterator[genai.Client]:
    options = types.HttpOptions(base_url=service.url)
    with genai.Client(api_key="a-key", http_options=options) as client:
        yield client


@pytest.fixture
def enterprise(service: StandIn) -> Iterator[genai.Client]:
    with genai.Client(
        enterprise=True,
        project="a-project",
        location="global",
        credentials=Credentials(token="a-token"),
        http_options=types.HttpOptions(base_url=service.url),
    ) as client:
        yield client


@pytest.fixture
def openai(service: StandIn) -> Iterator[OpenAI]:
    with OpenAI(api_key="a-key", base_url=f"{service.url}/v1", max_retries=0) as client:
        yield client
