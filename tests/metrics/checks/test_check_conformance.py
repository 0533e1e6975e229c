import pytest
from PIL import Image
from skimage import data

from arenas.providers.base import Expectation
from metrics.checks.base import PromptFacts, ReferencePicture, Subject, check_names, make_check

ROLES = ("subject", "source", "style")
ASTRONAUT = Image.fromarray(data.astronaut())


@pytest.fixture(params=check_names())
def check(request):
    return make_check(request.param)


def prompt(roles=ROLES):
    expect = Expectation(text=("NASA",), edits=("smile",), preserve="the suit", subject="subject")
    return PromptFacts("p", "any", "an astronaut", frozenset(roles), expect)


def test_a_check_has_a_title_and_a_version(check):
    assert check.title
    assert isinstance(check.version, str)
    assert check.version


def test_measure_names_are_unique_identifiers(check):
    names = [measure.name for measure in check.measures]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() for name in names)


def test_exactly_one_measure_is_the_headline(check):
    assert sum(measure.headline for measure in check.measures) == 1


def test_every_measure_is_described_and_has_a_range_and_a_direction(check):
    for measure in check.measures:
        assert measure.description
        assert measure.low < measure.high
        assert measure.better in (-1, 0, 1)


def test_values_are_declared_measures_within_their_range(check):
    references = tuple(ReferencePicture(role, role, ASTRONAUT) for role in ROLES)
    finding = check.measure(Subject(prompt(), references, (ASTRONAUT, ASTRONAUT)))
    declared = {measure.name: measure for measure in check.measures}
    assert finding.values or finding.not_measurable
    for name, value in finding.values.items():
        assert declared[name].low <= value <= declared[name].high
    for box in finding.boxes:
        assert box.left <= box.right
        assert box.top <= box.bottom


def test_a_prompt_without_images_is_a_finding_with_a_reason(check):
    references = tuple(ReferencePicture(role, role, ASTRONAUT) for role in ROLES)
    assert check.measure(Subject(prompt(), references, ())).not_measurable


def test_whether_a_check_applies_is_decided_by_the_prompt_alone(check):
    assert check.applies(prompt()) in (True, False)
    assert check.applies(prompt(roles=())) in (True, False)


def test_an_unknown_check_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"known: .*identity"):
        make_check("taste")
