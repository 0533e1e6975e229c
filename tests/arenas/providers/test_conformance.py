"""What every provider promises, whichever file it is."""

import asyncio

import pytest

from arenas.providers.base import BaseProvider, Request, Status, make_provider, provider_names

OFFLINE = ("procedural",)


@pytest.mark.parametrize("name", provider_names())
def test_a_provider_is_made_with_no_parameters(name):
    assert isinstance(make_provider(name, "some-model", {}), BaseProvider)


@pytest.mark.parametrize("name", provider_names())
def test_a_provider_keeps_its_model_and_parameters(name):
    provider = make_provider(name, "some-model", {})
    assert provider.model == "some-model"
    assert provider.params == {}


@pytest.mark.parametrize("name", provider_names())
def test_a_parameter_that_a_provider_does_not_know_is_an_error_that_names_it(name):
    with pytest.raises(ValueError, match="no_such_parameter"):
        make_provider(name, "some-model", {"no_such_parameter": 1})


@pytest.mark.parametrize("name", provider_names())
def test_a_provider_takes_at_least_one_call_at_a_time(name):
    assert make_provider(name, "some-model", {}).in_flight >= 1


@pytest.mark.parametrize("name", OFFLINE)
def test_an_offline_provider_answers_a_plain_prompt(name):
    request = Request("plain", ("A red kite over a green hill.",), seed=1)
    outcome = asyncio.run(make_provider(name, "some-model", {}).generate(request, deadline=60))
    assert outcome.status is Status.DONE
    assert outcome.parts


def test_an_unknown_provider_is_an_error():
    with pytest.raises(ValueError, match="unknown provider 'nobody'"):
        make_provider("nobody", "some-model", {})
