"""The registry of competitors: a file says what it says, and is silent on the rest."""

from collections import Counter
from datetime import date

import pytest
from django.core.management import CommandError, call_command

from arenas.candidates.models import Candidate
from arenas.competitors.models import Competitor
from arenas.competitors.price import read_price
from arenas.definitions.competitors import load_competitors
from arenas.definitions.load import load_arena
from arenas.suites.load import load_suite
from arenas.suites.read_yaml import BadFile
from tests.factories import NOW, ROOT, add_votes, count_rows, make_suite, write_yaml

pytestmark = pytest.mark.django_db

ANT = {
    "name": "ant",
    "provider": "procedural",
    "model": "ant-1",
    "params": {"noise": 0.5},
    "price": {"image": 0.04, "source": "a list", "as_of": date(2026, 11, 23)},
    "samples": 2,
    "licence": "MIT",
    "released": date(2026, 1, 5),
    "retiring": date(2027, 3, 15),
    "replacement": "bee",
}
REGISTRIES = sorted((ROOT / "fixtures" / "competitors").glob("*.yaml"))


@pytest.fixture
def load(tmp_path):
    """Loads a file of these competitors."""

    def write_and_load(*competitors):
        return load_competitors(
            write_yaml(tmp_path / "competitors.yaml", {"competitors": list(competitors)})
        )

    return write_and_load


@pytest.fixture
def load_small_arena(tmp_path):
    """Loads an arena of these competitors."""

    def write_and_load(*competitors):
        arena = {
            "slug": "small",
            "title": "Small",
            "suite": "small",
            "questions": [{"id": "better", "text": "Which is better?"}],
            "competitors": list(competitors),
        }
        make_suite(tmp_path)
        return load_arena(write_yaml(tmp_path / "arena.yaml", arena), now=NOW).arena

    return write_and_load


def test_a_competitor_is_kept_with_all_that_the_file_says(load):
    assert load(ANT) == Counter(new=1)
    ant = Competitor.objects.get()
    assert ant.setting == ("procedural", "ant-1", {"noise": 0.5})
    assert ant.price == {"image": 0.04, "source": "a list", "as_of": "2026-11-23"}
    assert (ant.samples, ant.licence, ant.replacement) == (2, "MIT", "bee")
    assert (ant.released_on, ant.retiring_on, ant.retired_on) == (
        date(2026, 1, 5),
        date(2027, 3, 15),
        None,
    )


def test_a_family_is_kept_and_may_change(load):
    load({**ANT, "family": "insects"})
    assert Competitor.objects.get().kin == "insects"
    assert load({**ANT, "family": "ants"}) == Counter(changed=1)
    assert Competitor.objects.get().kin == "ants"


def test_without_a_family_competitors_of_a_provider_are_kin(load):
    load(ANT)
    assert Competitor.objects.get().kin == "procedural"


def test_a_kept_price_reads_as_it_was_written(load):
    load(ANT)
    price = read_price(Competitor.objects.get().price)
    assert (str(price.image), price.as_of) == ("0.04", date(2026, 11, 23))


def test_the_same_file_changes_nothing(load):
    load(ANT)
    before = Competitor.objects.values().get()
    assert load(ANT) == Counter(unchanged=1)
    assert Competitor.objects.values().get() == before


def test_a_file_without_a_key_leaves_what_was_known(load):
    load(ANT)
    assert load({"name": "ant", "retired": date(2027, 1, 1)}) == Counter(changed=1)
    ant = Competitor.objects.get()
    assert (ant.samples, ant.retired_on) == (2, date(2027, 1, 1))
    assert ant.price["image"] == 0.04


def test_a_key_with_nothing_in_it_takes_away_what_was_known(load):
    load(ANT)
    load({"name": "ant", "price": None, "retiring": None})
    ant = Competitor.objects.get()
    assert (ant.price, ant.retiring_on) == ({}, None)


@pytest.mark.parametrize("retired", [None, date(2026, 12, 1)])
def test_another_retirement_forgets_how_the_first_was_found_out(load, retired):
    load(ANT)
    Competitor.objects.update(retired_on=date(2026, 11, 1), retired_note="it answered 404")
    load({"name": "ant", "retired": retired})
    ant = Competitor.objects.get()
    assert (ant.retired_on, ant.retired_note) == (retired, "")


def test_the_same_retirement_keeps_its_note(load):
    load(ANT)
    Competitor.objects.update(retired_on=date(2026, 11, 1), retired_note="it answered 404")
    load({"name": "ant", "retired": date(2026, 11, 1)})
    assert Competitor.objects.get().retired_note == "it answered 404"


@pytest.mark.parametrize("named", ["ant", {"name": "ant"}])
def test_an_arena_may_name_a_competitor_and_change_nothing_of_it(load, load_small_arena, named):
    load(ANT)
    before = Competitor.objects.values().get()
    assert [each.name for each in load_small_arena(named).competitors()] == ["ant"]
    assert Competitor.objects.values().get() == before


def test_a_name_that_nobody_knows_is_made_elsewhere(load_small_arena):
    load_small_arena("stranger")
    assert Competitor.objects.get().is_external


def test_a_mere_name_gets_its_setting_when_its_file_comes(load, load_small_arena):
    load_small_arena("ant", "bee")
    load(ANT)
    assert Competitor.objects.get(name="ant").provider == "procedural"
    assert Competitor.objects.get(name="bee").is_external


def test_a_name_under_which_something_was_made_keeps_what_it_is(load, load_small_arena):
    arena = load_small_arena("ant")
    Candidate.objects.create(prompt=arena.prompts()[0], competitor=Competitor.objects.get())
    with pytest.raises(BadFile, match="'ant' exists with another setting"):
        load(ANT)


def test_a_name_that_was_voted_on_keeps_what_it_is(load, load_small_arena):
    add_votes(load_small_arena("ant", "bee"), [("ant", "bee", "model_a")])
    with pytest.raises(BadFile, match="'ant' exists with another setting"):
        load(ANT)


def test_an_arena_changes_what_it_does_say(load, load_small_arena):
    load(ANT)
    load_small_arena({"name": "ant", "samples": 5})
    ant = Competitor.objects.get()
    assert (ant.samples, ant.licence, ant.model) == (5, "MIT", "ant-1")


BAD = {
    "a price without any": ("{name: bee, price: {batch: 0.5}}", "competitors.0.price: a price"),
    "a price that is text": ("{name: bee, price: {image: much}}", "competitors.0.price.image: "),
    "an unknown key of a price": (
        "{name: bee, price: {image: 1, picture: 1}}",
        "competitors.0.price.picture: unknown key",
    ),
    "an unknown key": ("{name: bee, colour: red}", "competitors.0.colour: unknown key"),
    "an unknown parameter": (
        "{name: bee, provider: procedural, params: {speed: 1}}",
        "competitor 'bee': ",
    ),
    "another setting": ("{name: ant, model: ant-2}", "'ant' exists with another setting"),
    "an end before the beginning": (
        "{name: bee, released: 2026-01-02, retired: 2026-01-01}",
        "retired before it was released",
    ),
}


@pytest.mark.parametrize(("line", "words"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_named_with_its_line_and_changes_nothing(load, tmp_path, line, words):
    load(ANT)
    before = count_rows()
    path = tmp_path / "bad.yaml"
    path.write_text(f"competitors:\n  - {line}\n  - {{name: cat}}\n")
    with pytest.raises(BadFile) as caught:
        load_competitors(path)
    assert str(caught.value).startswith(f"{path}:2: ")
    assert words in str(caught.value)
    assert count_rows() == before


def test_a_competitor_given_twice_is_an_error(load):
    with pytest.raises(BadFile, match=r"competitors\.yaml:\d+: 'ant' is given twice"):
        load(ANT, ANT)
    assert not Competitor.objects.exists()


def test_the_command_loads_all_files_or_none(tmp_path):
    good = write_yaml(tmp_path / "good.yaml", {"competitors": [ANT]})
    bad = write_yaml(tmp_path / "bad.yaml", {"competitors": [{"name": "bee", "price": 4}]})
    with pytest.raises(CommandError, match=r"bad\.yaml:"):
        call_command("load_competitors", str(good), str(bad))
    assert not Competitor.objects.exists()


def test_the_command_says_what_changed(tmp_path, capsys):
    path = write_yaml(tmp_path / "ants.yaml", {"competitors": [ANT]})
    call_command("load_competitors", str(path))
    call_command("load_competitors", str(path))
    assert capsys.readouterr().out.splitlines() == [
        "ants.yaml: 1 new, 0 changed, 0 unchanged competitors",
        "ants.yaml: 0 new, 0 changed, 1 unchanged competitors",
    ]


@pytest.mark.parametrize("path", REGISTRIES, ids=lambda path: path.stem)
def test_a_registry_that_comes_along_is_complete_and_loads_again_as_it_is(path):
    first = load_competitors(path)
    assert load_competitors(path) == Counter(unchanged=first["new"])
    for competitor in Competitor.objects.all():
        priced = read_price(competitor.price)
        assert priced or competitor.is_retired(NOW.date().replace(year=2030)), competitor
        assert not priced or (priced.source and priced.as_of), competitor


def test_the_arena_of_real_models_names_competitors_of_the_registry():
    load_suite(ROOT / "fixtures" / "suites" / "capabilities.yaml")
    load_competitors(ROOT / "fixtures" / "competitors" / "google.yaml")
    arena = load_arena(ROOT / "fixtures" / "arenas" / "gemini.yaml", now=NOW).arena
    assert {each.provider for each in arena.competitors()} == {"gemini", "imagen"}
