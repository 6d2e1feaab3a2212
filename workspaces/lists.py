"""The one list: sorted by an allowlisted column, paged by keyset, so that page 2,000 costs what page 1 does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from django.core import signing
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest

PAGE = 50


@dataclass(frozen=True)
class Column:
    """A column's head. `sort` is the field it sorts by, "" when it does not; `css` aligns it."""

    name: str
    label: str
    sort: str = ""
    css: str = ""
    nullable: bool = False


class ListPage:
    """The rows of one page, and links to sort and to page; `default` is the sort without a parameter ("-created")."""

    def __init__(
        self, request: HttpRequest, queryset: QuerySet, columns: tuple[Column, ...], default: str, size: int = PAGE
    ):
        self.columns, self.size = columns, size
        by_name = {column.name: column for column in columns if column.sort}
        wanted = request.GET.get("sort", default)
        self.column = by_name.get(wanted.removeprefix("-")) or by_name[default.removeprefix("-")]
        self.descending = wanted.startswith("-") if wanted.removeprefix("-") in by_name else default.startswith("-")
        cursor = read_cursor(request.GET.get("after", ""), self.sort_key)
        rows = list(self._from(self._ordered(queryset), cursor)[: size + 1])
        self.rows, rest = rows[:size], rows[size:]
        self.is_first = cursor is None
        self.next = self._cursor(self.rows[-1]) if rest else ""

    @property
    def sort_key(self) -> str:
        return f"{'-' if self.descending else ''}{self.column.name}"

    def heads(self) -> Iterator[dict[str, object]]:
        """Each column with the sort that a click on it asks for and its aria-sort."""
        for column in self.columns:
            current = column is self.column
            flipped = current and not self.descending
            yield {
                "column": column,
                "sort": f"{'-' if flipped else ''}{column.name}" if column.sort else "",
                "aria": ("descending" if self.descending else "ascending") if current else "",
            }

    def _ordered(self, queryset: QuerySet) -> QuerySet:
        field = F(self.column.sort)
        first = field.desc(nulls_last=True) if self.descending else field.asc(nulls_last=True)
        if not self.column.nullable:
            first = field.desc() if self.descending else field.asc()
        return queryset.order_by(first, "-pk" if self.descending else "pk")

    def _from(self, queryset: QuerySet, cursor: tuple[object, int] | None) -> QuerySet:
        """What comes after the cursor (sort value, pk); NULLs come last in both directions."""
        if cursor is None:
            return queryset
        value, pk = cursor
        field, beyond = self.column.sort, "lt" if self.descending else "gt"
        tie = Q(**{f"pk__{beyond}": pk})
        if value is None:
            return queryset.filter(Q(**{f"{field}__isnull": True}) & tie)
        further = Q(**{f"{field}__{beyond}": value}) | Q(**{field: value}) & tie
        return queryset.filter(further | Q(**{f"{field}__isnull": True}) if self.column.nullable else further)

    def _cursor(self, row: dict) -> str:
        value = row[self.column.sort]
        kind = {datetime: "t", date: "d", Decimal: "n"}.get(type(value), "s")
        return signing.dumps(
            [self.sort_key, kind, value if value is None or kind == "s" else str(value), row["pk"]],
            salt="cursor",
            compress=True,
        )


def read_cursor(text: str, sort_key: str) -> tuple[object, int] | None:
    """(sort value, pk); None for none, for one of another sort, and for one that was tampered with."""
    try:
        made_for, kind, value, pk = signing.loads(text, salt="cursor") if text else (None, "", None, 0)
        if made_for != sort_key:
            return None
        read = {"t": datetime.fromisoformat, "d": date.fromisoformat, "n": Decimal, "s": lambda same: same}[kind]
        return (None if value is None else read(value)), pk
    except (signing.BadSignature, ValueError, KeyError, InvalidOperation):
        return None
