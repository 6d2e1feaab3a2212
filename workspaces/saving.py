"""What `save` asks of the database, written once for each kind of row: the ORM would build the same INSERT or UPDATE anew for
each row, which takes it longer than PostgreSQL needs to do it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Manager, QuerySet

from workspaces.prepared import written_cursor


class _Written(NamedTuple):
    """`is_plain`: what comes back is what the row will hold."""

    sql: str
    is_plain: bool = True


_inserts: dict[tuple, _Written] = {}
_updates: dict[tuple, str] = {}


def _insert(
    table: str, fields: Sequence[Field], returning: Sequence[Field], connection: BaseDatabaseWrapper
) -> _Written:
    names = ", ".join(f'"{field.column}"' for field in fields)
    signs = ", ".join(_sign(field, connection) for field in fields)
    back = ", ".join(f'"{table}"."{field.column}"' for field in returning)
    is_plain = bool(returning) and not any(hasattr(field, "from_db_value") for field in returning)
    return _Written(f'INSERT INTO "{table}" ({names}) VALUES ({signs}) RETURNING {back}', is_plain)  # noqa: S608 - names of our own columns


def _update(table: str, fields: Sequence[Field], key: str, connection: BaseDatabaseWrapper) -> str:
    settings = ", ".join(f'"{field.column}" = {_sign(field, connection)}' for field in fields)
    return f'UPDATE "{table}" SET {settings} WHERE "{table}"."{key}" = %s'  # noqa: S608 - the same


def _sign(field: Any, connection: BaseDatabaseWrapper) -> str:
    """Where its value goes: that of an array says what it is one of (%s::text[])."""
    return field.get_placeholder(None, None, connection) if hasattr(field, "get_placeholder") else "%s"


def _is_value(value: object) -> bool:
    return not hasattr(value, "resolve_expression")


class SavedAsWritten(models.Model):
    """Where a value is an expression, the ORM does it."""

    class Meta:
        abstract = True

    def _do_insert(
        self, manager: Manager, using: str, fields: Sequence[Field], returning_fields: Sequence[Field], raw: bool
    ) -> list[tuple]:
        connection = connections[using]
        key = (type(self), len(fields))  # with the id, or without
        if (written := _inserts.get(key)) is None:
            written = _inserts[key] = _insert(self._meta.db_table, fields, returning_fields, connection)
        if raw or not written.is_plain or not all(_is_value(getattr(self, field.attname)) for field in fields):
            return super()._do_insert(manager, using, fields, returning_fields, raw)  # type: ignore[misc]
        values = [field.get_db_prep_save(field.pre_save(self, True), connection) for field in fields]
        with written_cursor(connection) as cursor:
            cursor.execute(written.sql, values)
            return [cursor.fetchone()]

    def _do_update(
        self,
        base_qs: QuerySet,
        using: str,
        pk_val: Any,
        values: Sequence[tuple[Field, None, Any]],
        update_fields: Iterable[str] | None,
        forced_update: bool,
    ) -> bool:
        if not values or not all(_is_value(value) for _, _, value in values):
            return super()._do_update(base_qs, using, pk_val, values, update_fields, forced_update)  # type: ignore[misc]
        connection = connections[using]
        key = (type(self), *(field.attname for field, _, _ in values))
        if (sql := _updates.get(key)) is None:
            fields = [field for field, _, _ in values]
            sql = _updates[key] = _update(self._meta.db_table, fields, self._meta.pk.column, connection)
        prepared = [field.get_db_prep_save(value, connection) for field, _, value in values]
        with written_cursor(connection) as cursor:
            cursor.execute(sql, [*prepared, pk_val])
            return cursor.rowcount > 0
