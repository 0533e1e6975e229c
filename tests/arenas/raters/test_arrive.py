"""Who comes from a crowd platform: one participant is one rater."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from arenas.definitions.models import Arena
from arenas.definitions.voting import Platform
from arenas.raters.arrive import Arrival, BadArrival, arrive, read_arrival
from arenas.raters.models import Participation, Person, Rater
from tests import factories

CODES = {"completion_code": "DONE", "screen_out_code": "OUT", "attention_code": "FAIL"}
PLATFORM = Platform.model_validate(CODES)
CAROL = Arrival("5f2a", "study-1", "session-1")


def make_study(slug: str = "small") -> Arena:
    settings = {"platform": CODES}
    return factories.make_arena(None, slug=slug, access="platform", voting_settings=settings)


def test_an_address_says_who_comes_for_which_study() -> None:
    query = {"PROLIFIC_PID": "5f2a", "STUDY_ID": "study-1", "SESSION_ID": "session-1"}
    assert read_arrival(PLATFORM, query) == CAROL


def test_an_arena_may_name_the_parameters_otherwise() -> None:
    platform = Platform.model_validate({**CODES, "name": "Ours", "participant": "worker"})
    assert read_arrival(platform, {"worker": "7"}) == Arrival("7")


@pytest.mark.parametrize(
    "wrong",
    ["", "{{%PROLIFIC_PID%}}", "a b", "é", "a\0", "<b>", "x" * 201, "a\n", "../x"],
)
def test_an_address_that_names_nobody_is_refused(wrong: str) -> None:
    with pytest.raises(BadArrival, match="PROLIFIC_PID"):
        read_arrival(PLATFORM, {"PROLIFIC_PID": wrong})


def test_a_bad_session_is_refused_like_a_bad_participant() -> None:
    with pytest.raises(BadArrival):
        read_arrival(PLATFORM, {"PROLIFIC_PID": "5f2a", "SESSION_ID": "{{%SESSION_ID%}}"})


@pytest.mark.django_db
def test_the_same_participant_is_the_same_rater() -> None:
    arena = make_study()
    first = arrive(arena, PLATFORM, CAROL)
    assert arrive(arena, PLATFORM, CAROL) == first
    assert Rater.objects.count() == 1


@pytest.mark.django_db
def test_a_second_study_is_another_part_of_the_same_rater() -> None:
    first = arrive(make_study(), PLATFORM, CAROL)
    second = arrive(make_study("second"), PLATFORM, Arrival("5f2a", "study-2", "session-2"))
    assert (second.rater, second.state) == (first.rater, Participation.State.ARRIVED)
    assert Person.objects.get().study == "study-2"


@pytest.mark.django_db
def test_two_platforms_may_have_the_same_identifier() -> None:
    arena, other = make_study(), Platform.model_validate({**CODES, "name": "Other"})
    assert arrive(arena, PLATFORM, CAROL).rater != arrive(arena, other, CAROL).rater


@pytest.mark.django_db
def test_who_was_screened_out_stays_so() -> None:
    arena = make_study()
    arrive(arena, PLATFORM, CAROL)
    Participation.objects.update(state=Participation.State.SCREENED_OUT)
    assert arrive(arena, PLATFORM, CAROL).state == Participation.State.SCREENED_OUT


@pytest.mark.django_db(transaction=True)
def test_devices_that_arrive_at_once_are_one_rater() -> None:
    arena = make_study()

    def come(_: int) -> int:
        try:
            return arrive(arena, PLATFORM, CAROL).pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(come, range(8)))) == 1
    assert (Rater.objects.count(), Person.objects.count()) == (1, 1)
