"""Questions that are asked of the database again and again, written by the ORM once for the process. To build one, and to turn it
into SQL, takes the ORM several times longer than PostgreSQL takes to answer where a row is found by its key.

    @asked_often
    def leads_of(contact: int) -> QuerySet[Lead]:
        return Lead.objects.filter(contact_id=contact).order_by("-pk")

    leads_of(contact=5)  # a list

What is given are ids and texts, each to be compared with a column, and nothing else of the query may depend on them.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.query import FlatValuesListIterable, ModelIterable, ValuesListIterable, get_related_populators
from django.db.models.sql.compiler import SQLCompiler
from psycopg.sql import Literal

from workspaces.prepared import written_cursor

T = TypeVar("T")
# Stand for what is given while the query is written; no id is as high, and no text like that.
_HIGHEST, _TEXT = 2**63 - 1, "\uffff given \uffff "


def asked_often(write: Callable[..., QuerySet[T]]) -> Question[T]:
    return Question(write)


class Question(Generic[T]):
    def __init__(self, write: Callable[..., QuerySet[T]]):
        self.write = write
        self.written: _Written | None = None
        update_wrapper(self, write)

    def __call__(self, **given: int | str) -> list[T]:
        if self.written is None:
            self.written = _Written.of(self.write, given)
        return list(self.written.answer(given))

    def first(self, **given: int | str) -> T | None:
        return next(iter(self(**given)), None)


@dataclass(frozen=True)
class _Written:
    sql: str
    names: list[str]  # of what is given, in the order of its places
    rows: type
    compiler: SQLCompiler
    converters: dict

    @classmethod
    def of(cls, write: Callable[..., QuerySet], given: dict[str, int | str]) -> _Written:
        marks = {
            name: _HIGHEST - number if isinstance(value, int) else f"{_TEXT}{number}"
            for number, (name, value) in enumerate(given.items())
        }
        queryset = write(**marks)
        compiler = queryset.query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        whose = {mark: name for name, mark in marks.items()}
        names = [whose[param] for param in params if param in whose]
        rows = queryset._iterable_class
        if (
            rows is ModelIterable
            and compiler.annotation_col_map
            or set(names) != set(given)
            or rows not in (ModelIterable, ValuesListIterable, FlatValuesListIterable)
        ):
            raise TypeError(f"{write.__qualname__} cannot be written once")
        converters = compiler.get_converters([column for column, _, _ in compiler.select[: compiler.col_count]])
        return cls(_with_constants(sql, params, whose), names, rows, compiler, converters)

    def answer(self, given: dict[str, int | str]) -> Iterable[Any]:
        with written_cursor(connection) as cursor:
            cursor.execute(self.sql, [given[name] for name in self.names])
            rows: Iterable[Any] = cursor.fetchall()
        if self.converters:
            rows = self.compiler.apply_converters(rows, self.converters)
        if self.rows is ModelIterable:
            return self.models(rows)
        return (row[0] for row in rows) if self.rows is FlatValuesListIterable else map(tuple, rows)

    def models(self, rows: Iterable[Any]) -> Iterable[Model]:
        """As ModelIterable makes them."""
        select, info = self.compiler.select, self.compiler.klass_info
        model, fields = info["model"], info["select_fields"]
        first, end = fields[0], fields[-1] + 1
        names = [column.target.attname for column, _, _ in select[first:end]]
        related = get_related_populators(info, select, connection.alias)
        for row in rows:
            found = model.from_db(connection.alias, names, row[first:end])
            for populator in related:
                populator.populate(row, found)
            yield found


def _with_constants(sql: str, params: Sequence[Any], given: Container[Any]) -> str:
    """What is the same each time stands in the statement: a plan that is made before the rest is known may then use an index
    that is only of open tasks."""
    first, *rest = sql.split("%s")
    texts = [
        "%s" if param in given else Literal(param).as_string(connection.connection).replace("%", "%%")
        for param in params
    ]
    return first + "".join(text + part for text, part in zip(texts, rest, strict=True))
