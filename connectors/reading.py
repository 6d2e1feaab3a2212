"""All rows of a file with their values: what its columns as a whole tell is found out first, then each row is read (no ORM)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from dataclasses import field as default
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from connectors.csv_file import Raw, Table
from connectors.dates import DateOrder
from connectors.fields import NOTHING
from connectors.mapping import MOST_NAMES, Column, Mapping
from connectors.values import Context, Converter, Doubt, converter, disagrees
from workspaces.action import Refused
from workspaces.numbers import decimal_sign

NAMED = ("stage", "owner", "product")  # whose distinct values are counted beforehand
BLOCK = 2000


@dataclass(slots=True)
class Problem:
    column: str
    value: str
    level: str  # error, warning
    reason: str


@dataclass(slots=True)
class Row:
    """One row, read: `values` by field, without empty ones; `key` names it among its source's records of its kind."""

    line: int
    cells: list[str]
    key: str = ""
    values: dict[str, Any] = default(default_factory=dict)
    problems: list[Problem] = default(default_factory=list)
    outcome: str = ""  # created, updated, skipped, error
    reported: int = 0  # how many of the problems reading it found

    def warn(self, column: str, value: str, reason: str) -> None:
        self.problems.append(Problem(column, value, "warning", reason))

    def fail(self, column: str, value: str, reason: str) -> None:
        self.problems.append(Problem(column, value, "error", reason))
        self.outcome = "error"

    def reset(self) -> None:
        """As it was before it was written; for when that was rolled back."""
        del self.problems[self.reported :]
        self.outcome = ""


# --- the first pass -----------------------------------------------------------------------------


class Ambiguous(Refused):
    """Nothing tells whether the dates of some columns are day first. `orders` has those columns."""

    def __init__(self, orders: dict[str, DateOrder]):
        self.orders = orders
        first, order = next(iter(orders.items()))
        super().__init__(
            f"In the column {first} {order.readings()}: nothing in the file tells. Say --day-first or --month-first."
        )


@dataclass
class Reading:
    """A file, a mapping, and what all rows together told: ready to be read for good by `rows`."""

    table: Table
    mapping: Mapping
    contexts: dict[str, Context]
    met: dict[str, Counter[str]]
    zone: ZoneInfo
    total: int

    def rows(self) -> Iterator[Row]:
        """All rows with their values."""
        convert = [
            (column, converter(column.field, self.contexts[column.header], column.values, column.factor))
            for column in self.mapping.columns
        ]
        keys = Keys(self.mapping)
        amounts = [
            column for column in self.mapping.columns if column.name == "amount" and "currency" in self.mapping.fields
        ]
        for raw in self.table.rows():
            row = _read(raw, convert)
            for column in amounts:
                self.check_currency(row, column)
            row.key, row.reported = keys.of(row), len(row.problems)
            yield row

    def check_currency(self, row: Row, column: Column) -> None:
        """Of two that a row names, nobody knows which one is right."""
        text, currency = row.cells[column.index], row.values.get("currency") or self.contexts[column.header].currency
        if "amount" in row.values and (other := disagrees(text, currency)):
            row.fail(column.header, text, f"in {other}, but the currency of the row is {currency}")


def inspect(
    table: Table,
    mapping: Mapping,
    *,
    zone: ZoneInfo,
    currency: str,
    rated: frozenset[str] = frozenset(),
    order: str = "",
    orders: MappingType[str, str] | None = None,
) -> Reading:
    """Look at every row once: which way round each column writes its dates, which decimal sign it uses, which stages,
    owners and products there are. Amounts are in `currency`, or as each row says in one that is `rated`. `order` (or `orders` by header) decides where the file does not; else raises Ambiguous."""
    seen = {column.header: _Seen(column) for column in mapping.columns}
    total = 0
    for raws in _blocks(table.rows()):
        total += len(raws)
        cells = [raw.cells for raw in raws if not raw.error]
        for look_at in seen.values():
            look_at.see(cells)
    asked = {header: look_at.dates for header, look_at in seen.items() if look_at.dates.is_ambiguous}
    unanswered = {header: dates for header, dates in asked.items() if not (order or (orders or {}).get(header))}
    if unanswered:
        raise Ambiguous(unanswered)
    contexts = {
        header: Context(
            zone=zone,
            currency=currency,
            rated=rated,
            is_told="currency" in mapping.fields,
            region=mapping.region,
            order=look_at.dates.decide((orders or {}).get(header) or order),
            decimal=look_at.decimal,
            is_fraction=look_at.is_fraction,
        )
        for header, look_at in seen.items()
    }
    met = {look_at.column.name: look_at.named for look_at in seen.values() if look_at.column.name in NAMED}
    return Reading(table, mapping, contexts, met, zone, total)


class _Seen:
    """What the first pass learns of one column."""

    def __init__(self, column: Column):
        self.column = column
        self.dates = DateOrder()
        self.decimal = ""
        self.most = Decimal(0)
        self.names: Counter[str] = Counter()

    def see(self, rows: list[list[str]]) -> None:
        index, kind = self.column.index, self.column.field.type
        if self.column.name in NAMED:
            if len(self.names) < MOST_NAMES:
                self.names.update(cells[index] for cells in rows)
        elif kind in ("moment", "day"):
            self.dates.see(dict.fromkeys(cells[index] for cells in rows))
        elif kind in ("amount", "number", "percent"):
            values = dict.fromkeys(cells[index] for cells in rows)
            self.decimal = self.decimal or decimal_sign(values)
            if kind == "percent" and self.most <= 1:
                self.most = max([self.most, *filter(None, map(_number, values))])

    @property
    def named(self) -> Counter[str]:
        """The names as the rows will have them."""
        found: Counter[str] = Counter()
        for text, count in self.names.items():
            if text and text.casefold() not in NOTHING:
                found[" ".join(self.column.values.get(text.casefold(), text).split())] += count
        return found

    @property
    def is_fraction(self) -> bool:
        return 0 < self.most <= 1


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text.replace("%", "").replace(",", "."))
    except InvalidOperation:
        return None


def _blocks(raws: Iterator[Raw]) -> Iterator[list[Raw]]:
    while block := list(islice(raws, BLOCK)):
        yield block


# --- the second pass ----------------------------------------------------------------------------


def _read(raw: Raw, columns: Iterable[tuple[Column, Converter]]) -> Row:
    row = Row(raw.line, raw.cells)
    if raw.error:
        row.fail("", "", raw.error)
        return row
    if raw.warning:
        row.warn("", "", raw.warning)
    values, cells = row.values, raw.cells
    for column, convert in columns:
        text = cells[column.index]
        if not text:
            continue
        try:
            value = convert(text)
        except ValueError as error:
            row.fail(column.header, text, str(error))
            continue
        if type(value) is Doubt:
            row.warn(column.header, text, value.reason)
            value = value.value
        if value is None or value == "":
            continue
        name = column.name
        if not column.field.many or name not in values:
            values[name] = value
        elif isinstance(value, list):
            values[name] = [*values[name], *value]
    return row


class Keys:
    """Each row's name among the records of its source: its id, else a digest of its cells and which of its like it is.

    For files without ids eight bytes a row are remembered (about 80 MB for a million rows), for identical rows must be
    told apart, and a second run must number them the same.
    """

    def __init__(self, mapping: Mapping):
        self.has_ids = "external_id" in mapping.fields
        self.seen: set[bytes] = set()
        self.repeated: Counter[bytes] = Counter()

    def of(self, row: Row) -> str:
        if self.has_ids and (key := row.values.get("external_id")):
            return str(key)
        digest = blake2b("\x1f".join(row.cells).encode(), digest_size=16).digest()
        short = digest[:8]
        if short in self.seen:
            self.repeated[short] += 1
        self.seen.add(short)
        return f"row:{digest.hex()}:{self.repeated[short] + 1}"
