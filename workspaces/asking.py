"""Questions that are asked of the database again and again, written by the ORM once for the process. To build one, and to turn it
into SQL, takes the ORM several times longer than PostgreSQL takes to answer where a row is found by its key.

    @asked_often
    def leads_of(contact: int) -> QuerySet[Lead]:
        return Lead.objects.filter(contact_id=contact).order_by("-pk")

    leads_of(contact=5)  # a list

What is given are ids and texts, each to be compared with a column, and nothing else of the query may depend on them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.query import FlatValuesListIterable, ModelIterable, ValuesListIterable, get_related_populators
from django.db.models.sql.compiler import SQLCompiler

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
    params: tuple
    places: dict[int, str]  # in `params`: whose value goes there
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
        places = {place: name for place, param in enumerate(params) for name, mark in marks.items() if param == mark}
        rows = queryset._iterable_class
        if (
            rows is ModelIterable
            and compiler.annotation_col_map
            or set(places.values()) != set(given)
            or rows not in (ModelIterable, ValuesListIterable, FlatValuesListIterable)
        ):
            raise TypeError(f"{write.__qualname__} cannot be written once")
        converters = compiler.get_converters([column for column, _, _ in compiler.select[: compiler.col_count]])
        return cls(sql, params, places, rows, compiler, converters)

    def answer(self, given: dict[str, int | str]) -> Iterable[Any]:
        params = [
            given[self.places[place]] if place in self.places else param for place, param in enumerate(self.params)
        ]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, params)
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
