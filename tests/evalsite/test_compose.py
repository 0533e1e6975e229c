"""The compose file is held to the code: no container engine is needed to keep it honest."""

import re
from typing import Any

import pytest
import yaml
from django.core.management import load_command_class

from evalsite import launch
from evalsite.env import VARIABLES
from tests.factories import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = ["migrate", "web", "generator", "worker", "checker", "beat"]
# What differs between a container and the demo: where to listen, how to log.
PLACES = re.compile(r"^--(host|port|loglevel|log-level|quiet|verbosity)")
PROGRAMS = ("celery", "granian", "manage.py")


def words(command: list[str]) -> list[str]:
    """A command from its program on, without what names a place or a volume of output."""
    start = next(index for index, word in enumerate(command) if word in PROGRAMS)
    return [word for word in command[start:] if not PLACES.match(word)]


def started_by_demo() -> list[list[str]]:
    programs = [*launch.list_steps(), *launch.list_children(8000)]
    return [words(list(program.command)) for program in programs]


@pytest.mark.parametrize("service", OURS)
def test_a_service_runs_what_the_demo_and_its_tests_run(service: str) -> None:
    assert words(COMPOSE["services"][service]["command"]) in started_by_demo()


@pytest.mark.parametrize("service", [*OURS, "standin"])
def test_a_service_sets_only_variables_that_the_settings_read(service: str) -> None:
    assert set(COMPOSE["services"][service]["environment"]) <= set(VARIABLES)


def test_all_services_of_the_site_are_one_image() -> None:
    built = [*OURS, "standin"]
    assert {COMPOSE["services"][service]["build"] for service in built} == {"."}


@pytest.mark.parametrize("service", ["web", "generator", "worker", "checker", "postgres", "valkey"])
def test_a_service_that_others_wait_for_has_a_health_check(service: str) -> None:
    assert COMPOSE["services"][service]["healthcheck"]["test"][0] == "CMD"


def test_every_volume_is_declared() -> None:
    used = {
        volume.split(":")[0]
        for service in COMPOSE["services"].values()
        for volume in service.get("volumes", [])
    }
    assert used == set(COMPOSE["volumes"])


def test_the_image_starts_the_web_server_as_compose_does() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    command = yaml.safe_load(dockerfile.split("CMD ")[1])
    assert command == COMPOSE["services"]["web"]["command"]


def test_the_stand_in_runs_only_where_it_is_asked_for() -> None:
    assert COMPOSE["services"]["standin"]["profiles"] == ["development"]


def test_the_stand_in_is_published_to_this_host_alone() -> None:
    ports = COMPOSE["services"]["standin"]["ports"]
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_stand_in_takes_the_options_that_compose_gives_it() -> None:
    _, program, name, *options = COMPOSE["services"]["standin"]["command"]
    parser = load_command_class("evalsite", name).create_parser(program, name)
    assert parser.parse_args(options).port == 8070
