"""Competitors by file: what they call, at which setting and price, and from when to when."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Self

from django.db import transaction
from django.db.models import Q
from pydantic import Field, JsonValue, StringConstraints, model_validator

from arenas.competitors.models import EXTERNAL, Competitor
from arenas.competitors.price import Price
from arenas.definitions.lineage import BadLineage, find_parent, find_suites
from arenas.providers.base import make_provider
from arenas.suites.load import Text
from arenas.suites.read_yaml import BadFile, Place, Strict, find_line, read_yaml

# As long as their columns.
Name = Annotated[Text, StringConstraints(max_length=150, pattern=r"^[^\x00-\x1f\x7f]*$")]
SETTING = ("provider", "model", "params")
# A series is a part of addresses.
SERIES = r"^([^\s/\\?#%\x00-\x1f\x7f][^/\\?#%\x00-\x1f\x7f]*)?$"
MOST_STEPS = 2**63 - 1
# What a file may change without making another competitor, and the columns that hold it.
COLUMNS = {
    "family": "family",
    "series": "series",
    "step": "step",
    "samples": "samples",
    "price": "price",
    "licence": "licence",
    "link": "link",
    "released": "released_on",
    "retiring": "retiring_on",
    "retired": "retired_on",
    "replacement": "replacement",
}


class CompetitorShape(Strict):
    """A competitor in a file; of one that exists already, the name will do."""

    name: Name
    provider: str = EXTERNAL
    model: Annotated[str, StringConstraints(max_length=200)] = ""
    params: dict[str, JsonValue] = {}
    family: Annotated[str, StringConstraints(max_length=100)] = ""
    series: Annotated[str, StringConstraints(max_length=100, pattern=SERIES)] = ""
    step: Annotated[int, Field(ge=0, le=MOST_STEPS)] | None = None
    parent: Name | None = None
    trained_on: tuple[Text | int, ...] = ()
    price: Price | None = None
    samples: Annotated[int, Field(ge=1, le=100)] = 1
    licence: Annotated[str, StringConstraints(max_length=100)] = ""
    link: Annotated[str, StringConstraints(max_length=200)] = ""
    released: date | None = None
    retiring: date | None = None
    retired: date | None = None
    replacement: Annotated[str, StringConstraints(max_length=150)] = ""

    @model_validator(mode="before")
    @classmethod
    def read_name(cls, given: object) -> object:
        return {"name": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def check(self) -> Self:
        if self.released and self.retired and self.retired < self.released:
            raise ValueError("retired before it was released")
        if self.released and self.retiring and self.retiring < self.released:
            raise ValueError("retiring before it was released")
        if self.step is not None and not self.series:
            raise ValueError("step: goes with a series")
        if self.link and not self.link.startswith(("https://", "http://")):
            raise ValueError("link: an address that begins with https:// is expected")
        return self

    @property
    def gives_setting(self) -> bool:
        return bool(self.model_fields_set & set(SETTING))

    @property
    def setting(self) -> dict[str, Any]:
        return {key: getattr(self, key) for key in SETTING}

    @property
    def given(self) -> dict[str, Any]:
        """The columns that the file speaks of, with what it says."""
        named = {key: getattr(self, key) for key in COLUMNS if key in self.model_fields_set}
        if "price" in named:
            named["price"] = store_price(self.price)
        return {COLUMNS[key]: value for key, value in named.items()}


class CompetitorsShape(Strict):
    competitors: Annotated[tuple[CompetitorShape, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Source:
    """The file that is being loaded, able to say where in it something is wrong."""

    path: Path
    lines: Mapping[Place, int]

    def error(self, place: Place, message: str) -> BadFile:
        return BadFile(f"{self.path}:{find_line(place, dict(self.lines))}: {message}")


@transaction.atomic
def load_competitors(path: Path) -> Counter[str]:
    """Bring the file into the database; return how many competitors are new, changed, unchanged.

    Raises BadFile naming the place; then nothing changed.
    """
    shape, lines = read_yaml(path, CompetitorsShape)
    source = Source(path, lines)
    names = [each.name for each in shape.competitors]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise source.error(("competitors", index), f"{name!r} is given twice")
    for each in shape.competitors:
        adopt(each)
    return Counter(state for _, state in load_all(shape.competitors, source))


def load_all(shapes: Sequence[CompetitorShape], source: Source) -> list[tuple[Competitor, str]]:
    """Each competitor, and whether that made it `new`, `changed` it, or left it `unchanged`.

    A parent may stand further down in the file than its children.
    """
    loaded = [load_competitor(each, source, index) for index, each in enumerate(shapes)]
    for index, (competitor, state) in enumerate(loaded):
        if set_lineage(competitor, shapes[index], source, index) and state == "unchanged":
            loaded[index] = competitor, "changed"
    return loaded


def set_lineage(competitor: Competitor, shape: CompetitorShape, source: Source, index: int) -> bool:
    """Note the parent and the suites that the file states; return whether that changed anything."""
    stated: dict[str, Any] = {}
    try:
        if "parent" in shape.model_fields_set:
            stated["parent"] = find_parent(shape.parent, competitor) if shape.parent else None
        if "trained_on" in shape.model_fields_set:
            stated["trained_on"] = find_suites(shape.trained_on)
    except BadLineage as error:
        raise source.error(("competitors", index), f"competitor {shape.name!r}: {error}") from error
    changed = {key: value for key, value in stated.items() if getattr(competitor, key) != value}
    for key, value in changed.items():
        setattr(competitor, key, value)
    if changed:
        competitor.save(update_fields=list(changed))
    return bool(changed)


def adopt(shape: CompetitorShape) -> None:
    """Give a mere name its setting: an arena may have named a competitor before its file came.

    Only while nothing was made or voted on in that name.
    """
    known = Competitor.objects.filter(name=shape.name, provider=EXTERNAL, model="", params={})
    competitor = known.filter(candidates=None).first()
    if competitor is None:
        return
    met = Q(competitor_a=competitor) | Q(competitor_b=competitor)
    entries = competitor.entries.select_related("arena")
    if not any(entry.arena.votes.filter(met).exists() for entry in entries):
        Competitor.objects.filter(pk=competitor.pk).update(**shape.setting)


def load_competitor(shape: CompetitorShape, source: Source, index: int) -> tuple[Competitor, str]:
    """All but its lineage. The same name with another setting is an error."""
    place: Place = ("competitors", index)
    check_setting(shape, source, place)
    competitor, created = Competitor.objects.get_or_create(
        name=shape.name, defaults={**shape.setting, **shape.given}
    )
    if created:
        return competitor, "new"
    if shape.gives_setting and competitor.setting != tuple(shape.setting.values()):
        raise source.error(
            place,
            f"competitor {shape.name!r} exists with another setting; "
            "a setting is frozen: give the new one another name",
        )
    changed = find_changes(competitor, shape)
    if changed:
        Competitor.objects.filter(pk=competitor.pk).update(**changed)
    return competitor, "changed" if changed else "unchanged"


def check_setting(shape: CompetitorShape, source: Source, place: Place) -> None:
    if shape.provider == EXTERNAL:
        return
    try:
        make_provider(shape.provider, shape.model, shape.params)
    except ValueError as error:
        raise source.error(place, f"competitor {shape.name!r}: {error}") from error


def find_changes(competitor: Competitor, shape: CompetitorShape) -> dict[str, Any]:
    """The columns that the file says otherwise. What the file is silent on stays.

    How a retirement was found out is forgotten together with its date.
    """
    changed = {
        column: value
        for column, value in shape.given.items()
        if getattr(competitor, column) != value
    }
    if "retired_on" in changed:
        changed["retired_note"] = ""
    return changed


def store_price(price: Price | None) -> dict[str, float | str]:
    """The price as the database keeps it: numbers, and a date as text."""
    given = price.model_dump(exclude_unset=True, exclude_none=True) if price else {}
    return {
        key: float(value) if isinstance(value, Decimal) else str(value)
        for key, value in given.items()
    }
