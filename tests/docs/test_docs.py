"""The documents are held to the code."""

import re

import pytest

from arenas.providers.base import provider_names
from evalsite.env import VARIABLES
from metrics.checks.base import check_names
from tests.factories import ROOT

DOCS = {path.name: path.read_text() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]}


def commands() -> list[str]:
    folders = ROOT.glob("*/management/commands/*.py")
    return sorted(path.stem for path in folders if path.stem != "__init__")


@pytest.mark.parametrize("name", VARIABLES)
def test_every_variable_is_documented(name: str) -> None:
    assert f"`{name}`" in DOCS["operations.md"]


@pytest.mark.parametrize("name", commands())
def test_every_command_is_documented(name: str) -> None:
    assert any(f"manage.py {name}" in text or f"`{name}" in text for text in DOCS.values())


@pytest.mark.parametrize("name", [*provider_names(), *check_names()])
def test_every_plug_in_is_documented(name: str) -> None:
    assert any(f"`{name}`" in text for text in DOCS.values())


@pytest.mark.parametrize("name", sorted(DOCS))
def test_links_between_documents_lead_somewhere(name: str) -> None:
    folder = ROOT if (ROOT / name).exists() else ROOT / "docs"
    for target in re.findall(r"\]\(([^)#:]+)\)", DOCS[name]):
        assert (folder / target).exists(), target
