"""A hundred changed bytes behind the site's back, each of them found."""

import random
from collections.abc import Iterator

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Model

from arenas.definitions.models import Arena
from arenas.ledger.chain import BrokenLedger
from arenas.ledger.export import write_lines
from arenas.ledger.read import read_entries
from arenas.ledger.seal import ledger_kinds, verify
from arenas.models import Block
from tests.arenas.ledger.rows import write_ledger

# How one byte of a value of each type is turned into another one, in SQL.
FLIPS = {
    "bytea": "set_byte({c}, {n} %% length({c}), get_byte({c}, {n} %% length({c})) # {bits})",
    "bigint": "{c} # {bit}",
    "integer": "{c} # {bit}",
    "smallint": "{c} # {bit}::smallint",
    "boolean": "NOT {c}",
    "timestamp with time zone": "{c} + interval '{n} microseconds' + interval '1 microsecond'",
    "character varying": "overlay({c} placing 'ÿ' from 1 + {n} %% greatest(length({c}), 1) for 1)",
    "jsonb": "{c} || to_jsonb({n})",
    "ARRAY": "array_append({c}, {c}[1])",
}
# What no row of these kinds depends on: the row's own number in its table.
UNCOVERED = {"id", "sealed_at"}


def list_places() -> list[tuple[str, int, str, str]]:
    """Every value of the ledger that can be changed: table, row, column, type."""
    places = []
    kinds: list[type[Model]] = [*ledger_kinds(), Block]
    for kind in kinds:
        table = kind._meta.db_table
        for column, form in describe_columns(table):
            rows = kind._default_manager.exclude(**{column: None}).values_list("pk", flat=True)
            places += [(table, pk, column, form) for pk in rows]
    return places


def describe_columns(table: str) -> Iterator[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s",
            [table],
        )
        yield from [row for row in cursor.fetchall() if row[0] not in UNCOVERED]


def flip(place: tuple[str, int, str, str], rng: random.Random) -> None:
    table, pk, column, form = place
    change = FLIPS[form].format(
        c=f'"{column}"', n=rng.randrange(200), bits=rng.randrange(1, 256), bit=1 << rng.randrange(3)
    )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED; SET LOCAL session_replication_role = replica")
        cursor.execute(f'UPDATE {table} SET "{column}" = {change} WHERE id = %s', [pk])


def is_found(place: tuple[str, int, str, str], rng: random.Random) -> bool | None:
    """Whether the change is found, None where the database refuses it; then it is undone."""
    try:
        with transaction.atomic():
            flip(place, rng)
            verify()
    except BrokenLedger:
        return True
    except IntegrityError:
        return None
    return False


def test_each_of_a_hundred_flipped_bytes_of_the_tables_is_found(world: Arena) -> None:
    write_ledger(world)
    rng = random.Random(7)
    verify()
    places = list_places()
    rng.shuffle(places)
    tried = [(place, found) for place in places if (found := is_found(place, rng)) is not None]
    assert len(tried) >= 100
    missed = [place for place, found in tried if not found]
    assert missed == [], missed


def test_each_of_a_hundred_flipped_bytes_of_an_exported_ledger_is_found(world: Arena) -> None:
    write_ledger(world)
    rng = random.Random(8)
    whole = "".join(line + "\n" for line in write_lines()).encode()
    for _ in range(100):
        place, bits = rng.randrange(len(whole)), rng.randrange(1, 256)
        changed = bytearray(whole)
        changed[place] ^= bits
        with pytest.raises(BrokenLedger):
            list(read_entries(bytes(changed).splitlines(keepends=True)))
