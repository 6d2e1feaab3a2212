"""Which column of a file fills which field, and what its cells mean (no ORM beyond choices).

A mapping is a JSON object, every key optional (docs/import.md):

    {"source": "acme-crm",                     whose external ids these are
     "columns": {"Deal": "name",               header: field, or
                 "Revenue": {"field": "annual_revenue", "factor": 1000000},
                 "Sector": {"field": "industry", "values": {"technolgy": "technology"}}},
     "pipeline": "Sales",                      of deals; else the default one
     "region": "US",                           of telephone numbers without country code
     "known": {"product": ["GTX Pro"],         names to know besides the workspace's own, or a file beside the data:
               "owner": {"file": "team.csv", "column": "agent"}}}

Encoding, delimiter, order of dates and decimal sign are found out from the file: `inspect` runs over all rows once.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from dataclasses import field as default
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from connectors.csv_file import Raw, Table, look
from connectors.dates import DateOrder
from connectors.fields import FIELDS, NOTHING, Field, guess
from connectors.values import Context, Converter, Doubt, converter
from leads.names import squash
from workspaces.action import Refused
from workspaces.numbers import decimal_sign

KEYS = {"source", "columns", "pipeline", "region", "known"}
COLUMN_KEYS = {"field", "values", "factor"}
NAMED = ("stage", "owner", "product")  # whose distinct values are counted beforehand
BLOCK = 2000
MOST_NAMES = 2000


# How Python's messages begin, and what they mean to somebody who wrote the file by hand.
NOT_JSON = {
    "Expecting ',' delimiter": "a comma or a closing bracket is missing before this",
    "Expecting ':' delimiter": "a colon is missing before this",
    "Expecting property name": "a name in double quotes should stand here, or the comma before is one too many",
    "Expecting value": "a value should stand here: text in double quotes, a number, true, false, null, {…} or […]",
    "Illegal trailing comma": "this comma is one too many",
    "Unterminated string": "the text that begins here has no closing double quote",
    "Invalid control character": "a text ends where its line does: its closing double quote is missing",
    "Invalid \\": "a backslash is written twice",
    "Extra data": "the object has ended, and something follows it",
}


@dataclass(frozen=True)
class Column:
    """One mapped column: cell `index`, and how its text becomes a value."""

    index: int
    header: str
    name: str
    field: Field
    values: MappingType[str, str] = default(default_factory=dict)
    factor: Decimal = Decimal(1)


@dataclass(frozen=True)
class Mapping:
    """A mapping that fits a file; `known` has the names that the mapping itself brings."""

    kind: str
    columns: tuple[Column, ...]
    source: str = "csv"
    pipeline: str = ""
    region: str = ""
    known: MappingType[str, tuple[str, ...]] = default(default_factory=dict)

    @property
    def fields(self) -> set[str]:
        return {column.name for column in self.columns}

    def header_of(self, name: str) -> str:
        """The column that fills a field, for messages."""
        return next((column.header for column in self.columns if column.name == name), "")


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


# --- the mapping itself -------------------------------------------------------------------------


def make_mapping(kind: str, table: Table, given: dict | None = None, folder: Path | None = None) -> Mapping:
    """The given mapping checked against the file, or one guessed from the headers.

    Files that `known` names are looked for in `folder`; without a folder (a page), and where a file is not there,
    nothing is known from them. Raises Refused, naming what does not fit.
    """
    given = given or {}
    if not isinstance(given, dict) or (unknown := given.keys() - KEYS):
        raise Refused(
            f"A mapping is a JSON object with the keys {', '.join(sorted(KEYS))}"
            + (f", not {', '.join(sorted(unknown))}." if isinstance(given, dict) else ".")
        )
    for key in ("columns", "known"):
        if not isinstance(given.get(key, {}), dict):
            raise Refused(f"“{key}” of a mapping is an object of names and what they mean, in curly brackets.")
    asked = given.get("columns") or guess(kind, table.headers)
    columns = tuple(_column(kind, table, header, spec) for header, spec in asked.items() if spec)
    if not columns:
        raise Refused(
            f"None of the columns {', '.join(table.headers)[:300]} is known for {kind}. Name them in a mapping."
        )
    mapping = Mapping(
        kind,
        columns,
        str(given.get("source", "csv"))[:40],
        str(given.get("pipeline", "")),
        str(given.get("region", "")).upper(),
        {name: _names(spec, folder) for name, spec in given.get("known", {}).items()},
    )
    _check_complete(mapping)
    return mapping


def read_mapping(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise Refused(f"There is no mapping {path}.") from None
    except json.JSONDecodeError as error:
        what = next((said for begun, said in NOT_JSON.items() if error.msg.startswith(begun)), error.msg)
        raise Refused(f"The mapping {path} is no JSON: line {error.lineno}, column {error.colno}: {what}.") from None
    except UnicodeDecodeError:
        raise Refused(f"The mapping {path} is no JSON: it is not a text file in UTF-8.") from None
    except RecursionError:
        raise Refused(f"The mapping {path} is no JSON that can be read: it is nested too deeply.") from None
    except OSError as error:
        raise Refused(f"The mapping {path} cannot be read: {error.strerror}.") from None


def _column(kind: str, table: Table, header: str, spec: object) -> Column:
    spec = {"field": spec} if isinstance(spec, str) else spec
    if not isinstance(spec, dict) or spec.keys() - COLUMN_KEYS or not isinstance(spec.get("values", {}), dict):
        raise Refused(
            f"The column {header} is mapped to a field, or to an object with {', '.join(sorted(COLUMN_KEYS))}."
        )
    name = spec.get("field", "")
    if name not in FIELDS[kind]:
        raise Refused(f"{kind.capitalize()} have no field “{name}”. Known: {', '.join(FIELDS[kind])}.")
    index = _index(table, header)
    try:
        factor = Decimal(str(spec.get("factor", 1)))
    except InvalidOperation:
        raise Refused(f"The factor of {header} is not a number.") from None
    values = {text.casefold(): str(meaning) for text, meaning in spec.get("values", {}).items()}
    return Column(index, table.headers[index], name, FIELDS[kind][name], values, factor)


def _index(table: Table, header: str) -> int:
    if header in table.headers:
        return table.headers.index(header)
    for index, other in enumerate(table.headers):
        if squash(other) == squash(header):
            return index
    raise Refused(f"The file has no column “{header}”. It has: {', '.join(table.headers)[:300]}.")


def _check_complete(mapping: Mapping) -> None:
    for name in mapping.fields:
        columns = [column.header for column in mapping.columns if column.name == name]
        if len(columns) > 1 and not FIELDS[mapping.kind][name].many:
            raise Refused(f"The columns {' and '.join(columns)} are both mapped to {name}.")
    needed = {
        "companies": {"name"},
        "contacts": {"name", "first_name", "last_name", "emails"},
        "leads": {"name", "first_name", "last_name", "emails", "company"},
        "deals": {"name", "external_id", "company", "product", "amount", "stage"},
    }[mapping.kind]
    if not mapping.fields & needed:
        raise Refused(f"To import {mapping.kind} a column must be mapped to one of: {', '.join(sorted(needed))}.")


def _names(spec: object, folder: Path | None) -> tuple[str, ...]:
    if isinstance(spec, list):
        return tuple(map(str, spec))
    if not isinstance(spec, dict) or spec.keys() != {"file", "column"} or Path(str(spec["file"])).name != spec["file"]:
        raise Refused(
            'What is “known” is a list of names, or {"file": NAME, "column": HEADER} of a file beside the data.'
        )
    if folder is None or not (folder / spec["file"]).is_file():
        return ()
    table = look(folder / spec["file"])
    index = _index(table, spec["column"])
    names = dict.fromkeys(raw.cells[index] for raw in table.rows() if not raw.error and raw.cells[index])
    return tuple(islice(names, MOST_NAMES))


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
        for raw in self.table.rows():
            row = _read(raw, convert)
            row.key, row.reported = keys.of(row), len(row.problems)
            yield row


def inspect(
    table: Table,
    mapping: Mapping,
    *,
    zone: ZoneInfo,
    currency: str,
    order: str = "",
    orders: MappingType[str, str] | None = None,
) -> Reading:
    """Look at every row once: which way round each column writes its dates, which decimal sign it uses, which stages,
    owners and products there are. `order` (or `orders` by header) decides where the file does not; else raises Ambiguous."""
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
        elif kind == "moment":
            self.dates.see(dict.fromkeys(cells[index] for cells in rows))
        elif kind in ("amount", "percent"):
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
