"""The one list: sorted by an allowlisted column, paged by keyset, so that page 2,000 costs what page 1 does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property

from django.core import signing
from django.db.models import Q, QuerySet
from django.http import HttpRequest

PAGE = 50
COUNTED = 1000  # to count further is to read further


@dataclass(frozen=True)
class Column:
    """A column's head. `sort` is the field it sorts by, "" when it does not; `css` aligns it. A `mirrored` one shows
    what grows as the field falls: days since a time."""

    name: str
    label: str
    sort: str = ""
    css: str = ""
    nullable: bool = False
    mirrored: bool = False


class ListPage:
    """The rows of one page, and links to sort and to page; `default` is the sort without a parameter ("-created")."""

    def __init__(
        self, request: HttpRequest, queryset: QuerySet, columns: tuple[Column, ...], default: str, size: int = PAGE
    ):
        self.columns, self.size, self.queryset = columns, size, queryset
        by_name = {column.name: column for column in columns if column.sort}
        wanted = request.GET.get("sort", default)
        self.column = by_name.get(wanted.removeprefix("-")) or by_name[default.removeprefix("-")]
        self.descending = wanted.startswith("-") if wanted.removeprefix("-") in by_name else default.startswith("-")
        cursor = read_cursor(request.GET.get("after", ""), self.sort_key)
        rows = self._rows(queryset, cursor, size + 1)
        self.rows, rest = rows[:size], rows[size:]
        self.is_first = cursor is None
        self.next = self._cursor(self.rows[-1]) if rest else ""

    @property
    def sort_key(self) -> str:
        return f"{'-' if self.descending else ''}{self.column.name}"

    @cached_property
    def count(self) -> int:
        """Rows of all pages, COUNTED + 1 where there are more than COUNTED."""
        if self.is_first and not self.next:
            return len(self.rows)
        return self.queryset.order_by().values("pk")[: COUNTED + 1].count()

    @property
    def is_uncounted(self) -> bool:
        return self.count > COUNTED

    @property
    def counted(self) -> int:
        return min(self.count, COUNTED)

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

    def _rows(self, queryset: QuerySet, cursor: tuple[object, int] | None, number: int) -> list:
        """The next rows after the cursor (sort value, pk). NULLs come last in both directions: as a query of their own,
        for one that orders both is answered by no index."""
        unknown = {f"{self.column.sort}__isnull": True}
        value, pk = cursor or (None, None)
        found = []
        if cursor is None or value is not None:
            known = queryset.exclude(**unknown) if self.column.nullable else queryset
            found = list(self._sorted(known if cursor is None else known.filter(self._beyond(value, pk)))[:number])
        if self.column.nullable and len(found) < number:
            rest = queryset.filter(**unknown)
            if cursor is not None and value is None:
                rest = rest.filter(**{f"pk__{self._beyond_by}": pk})
            found += self._sorted(rest)[: number - len(found)]
        return found

    def _sorted(self, queryset: QuerySet) -> QuerySet:
        sign = "-" if self.falls else ""
        return queryset.order_by(f"{sign}{self.column.sort}", f"{sign}pk")

    @property
    def falls(self) -> bool:
        """Whether the field itself falls from row to row."""
        return self.descending != self.column.mirrored

    @property
    def _beyond_by(self) -> str:
        return "lt" if self.falls else "gt"

    def _beyond(self, value: object, pk: int) -> Q:
        field, by = self.column.sort, self._beyond_by
        # The first condition follows from the second, and is what an index can start at.
        return Q(**{f"{field}__{by}e": value}) & (Q(**{f"{field}__{by}": value}) | Q(**{field: value, f"pk__{by}": pk}))

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
