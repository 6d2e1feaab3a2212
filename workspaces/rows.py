"""Rows that every page asks for, by statements that are written out: the ORM takes longer to write such a one than PostgreSQL
to answer it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TypeVar

from django.db import connection, models

M = TypeVar("M", bound=models.Model)


@cache
def columns_of(model: type[models.Model], table: str = "") -> str:
    """Of all its columns, for a SELECT in which it is called `table`."""
    return ", ".join(f"{table or model._meta.db_table}.{field.column}" for field in model._meta.concrete_fields)


def row_of(model: type[M], values: Sequence[object]) -> M:
    """The instance that the ORM would make of these values of `columns_of`."""
    read = list(values)
    for place, field in _read(model):
        read[place] = field.from_db_value(read[place], None, connection)
    return model.from_db(connection.alias, [field.attname for field in model._meta.concrete_fields], read)


@cache
def _read(model: type[models.Model]) -> list[tuple[int, models.Field]]:
    """Those fields (JSON) whose values are not what the database driver gives, and their places."""
    fields = enumerate(model._meta.concrete_fields)
    return [(place, field) for place, field in fields if hasattr(field, "from_db_value")]
