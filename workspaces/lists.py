"""The one list: sorted by an allowlisted column, paged by keyset, so that page 2,000 costs what page 1 does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property

from django.core import signing
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest

PAGE = 50
COUNTED = 1000  # to count further is to read further


@dataclass(frozen=True)
class Column:
    """A column's head. `sort` is the field it sorts by, "" when it does not; `css` aligns it. A `mirrored` one shows
    what grows as the field falls: days since a time. A grouped one sorts by a key (stage_id) in an order of the keys that
    no index knows: `groups` of the ListPage says it."""

    name: str
    label: str
    sort: str = ""
    css: str = ""
    nullable: bool = False
    mirrored: bool = False
    is_grouped: bool = False


# Ids of the first rows of each group: one index scan per group. The ORM has no LATERAL join.
FIRST_OF_EACH = """
    SELECT found.id FROM unnest(%s::bigint[]) WITH ORDINALITY AS lane (key, place)
    CROSS JOIN LATERAL ({}) AS found (id) ORDER BY lane.place, found.id{} LIMIT %s
"""


class ListPage:
    """The rows of one page, and links to sort and to page; `default` is the sort without a parameter ("-created")."""

    def __init__(
        self,
        request: HttpRequest,
        queryset: QuerySet,
        columns: Sequence[Column],
        default: str,
        size: int = PAGE,
        *,
        sortable: Sequence[Column] = (),
        groups: Callable[[str], list[int]] | None = None,
    ):
        """`sortable`: columns that it can be sorted by though they are not shown; `groups` gives the keys of a grouped
        column in their order."""
        self.columns, self.size, self.queryset = columns, size, queryset
        self.groups = groups
        by_name = {column.name: column for column in (*sortable, *columns) if column.sort}
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
        if self.column.is_grouped:
            return self._grouped(queryset, cursor, number)
        unknown = {f"{self.column.sort}__isnull": True}
        value, pk = cursor or (None, None)
        found = []
        if cursor is None or value is not None:
            known = queryset.filter(**{f"{self.column.sort}__isnull": False}) if self.column.nullable else queryset
            found = list(self._sorted(known if cursor is None else known.filter(self._beyond(value, pk)))[:number])
        if self.column.nullable and len(found) < number:
            rest = queryset.filter(**unknown)
            if cursor is not None and value is None:
                rest = rest.filter(**{f"pk__{self._beyond_by}": pk})
            found += self._sorted(rest)[: number - len(found)]
        return found

    def _grouped(self, queryset: QuerySet, cursor: tuple[object, int] | None, number: int) -> list:
        """Group after group: picked by their ids first, then read."""
        keys = self.groups(self.column.name) if self.groups else []
        keys = keys[::-1] if self.descending else keys
        pk, sign = 0, "-" if self.descending else ""
        if cursor:
            keys, pk = keys[keys.index(cursor[0]) if cursor[0] in keys else len(keys) :], cursor[1]
        lane = queryset.order_by().filter(**{self.column.sort: RawSQL("lane.key", ())})
        if cursor:
            # Behind the cursor in its own group, anywhere in the later ones.
            by = "<" if self.descending else ">"
            beyond = f'(lane.place > 1 OR "{queryset.model._meta.db_table}".id {by} %s)'
            lane = lane.filter(RawSQL(beyond, [pk], output_field=BooleanField()))  # noqa: S611 - constants
        try:
            sql, params = lane.order_by(f"{sign}pk").values("pk")[:number].query.sql_with_params()
        except EmptyResultSet:
            return []
        with connection.cursor() as picking:
            statement = FIRST_OF_EACH.format(sql, " DESC" if self.descending else "")
            picking.execute(statement, [keys, *params, number])
            ids = [pk for (pk,) in picking.fetchall()]
        rows = {row["pk"]: row for row in queryset.filter(pk__in=ids)}
        return [rows[pk] for pk in ids if pk in rows]

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
