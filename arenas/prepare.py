"""The statements of a rater's cycle, which PostgreSQL parses and plans once for each connection.

Django puts each statement together anew, and its values into the text: that costs more than the
rows do. All else goes through Django.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeVar

from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.models import Model

Row = TypeVar("Row", bound=Model)


def fetch(sql: str, values: Any) -> list[tuple[Any, ...]]:
    """Execute a statement that returns rows."""
    connection.ensure_connection()
    raw: Any = connection.connection
    usual, raw.cursor_factory = raw.cursor_factory, ServerBindingCursor
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows
    finally:
        raw.cursor_factory = usual


def list_columns(model: type[Model], table: str) -> str:
    """All columns by name, in the order that `make` takes: `*` would change with a migration."""
    return ", ".join(f"{table}.{field.column}" for field in model._meta.concrete_fields)


def make(model: type[Row], values: Sequence[object]) -> Row:
    """The object that a fetched row is of."""
    row = model.from_db(connection.alias, find_names(model), values)
    for field in find_converted(model):
        value = field.from_db_value(getattr(row, field.attname), None, connection)
        setattr(row, field.attname, value)
    return row


def insert(row: Model, *, conflict: str = "") -> None:
    """Write the object as a new row, and give it its number."""
    sql, fields = write_insert(type(row), conflict)
    values = [field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields]
    [(row.pk,)] = fetch(sql, values)
    row._state.adding, row._state.db = False, connection.alias


@lru_cache
def write_insert(model: type[Model], conflict: str) -> tuple[str, list[Any]]:
    meta = model._meta
    fields: list[Any] = [field for field in meta.concrete_fields if not field.primary_key]
    columns, places = ", ".join(field.column for field in fields), ", ".join("%s" for _ in fields)
    sql = f"INSERT INTO {meta.db_table} ({columns}) VALUES ({places}) {conflict} RETURNING id"
    return sql, fields


@lru_cache
def find_names(model: type[Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


@lru_cache
def find_converted(model: type[Model]) -> list[Any]:
    """The fields whose values the database gives in another form."""
    return [field for field in model._meta.concrete_fields if hasattr(field, "from_db_value")]
