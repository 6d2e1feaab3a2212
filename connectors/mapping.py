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

A workspace's custom fields are named like the others: by their name, their key or cf_key. Encoding, delimiter, order of dates
and decimal sign are found out from the file (reading.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from dataclasses import field as default
from decimal import Decimal, InvalidOperation
from itertools import islice
from pathlib import Path

from connectors.csv_file import Table, look
from connectors.fields import FIELDS, Field, guess
from leads.names import squash
from workspaces.action import Refused

KEYS = {"source", "columns", "pipeline", "region", "known"}
COLUMN_KEYS = {"field", "values", "factor"}
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


def make_mapping(
    kind: str,
    table: Table,
    given: dict | None = None,
    folder: Path | None = None,
    custom: MappingType[str, Field] | None = None,
) -> Mapping:
    """The given mapping checked against the file, or one guessed from the headers. `custom`: the workspace's own fields,
    {cf_key: its field} (fields.custom_fields).

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
    fields = FIELDS[kind] | dict(custom or {})
    asked = given.get("columns") or guess(kind, table.headers, fields)
    columns = tuple(_column(kind, fields, table, header, spec) for header, spec in asked.items() if spec)
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
    _check_complete(mapping, fields)
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


def _column(kind: str, fields: MappingType[str, Field], table: Table, header: str, spec: object) -> Column:
    spec = {"field": spec} if isinstance(spec, str) else spec
    if not isinstance(spec, dict) or spec.keys() - COLUMN_KEYS or not isinstance(spec.get("values", {}), dict):
        raise Refused(
            f"The column {header} is mapped to a field, or to an object with {', '.join(sorted(COLUMN_KEYS))}."
        )
    name = _field_named(fields, str(spec.get("field", "")))
    if name not in fields:
        known = ", ".join(field.custom.label if field.custom else key for key, field in fields.items())
        raise Refused(f"{kind.capitalize()} have no field “{name}”. Known: {known}.")
    index = _index(table, header)
    try:
        factor = Decimal(str(spec.get("factor", 1)))
    except InvalidOperation:
        raise Refused(f"The factor of {header} is not a number.") from None
    values = {text.casefold(): str(meaning) for text, meaning in spec.get("values", {}).items()}
    return Column(index, table.headers[index], name, fields[name], values, factor)


def _field_named(fields: MappingType[str, Field], text: str) -> str:
    """A custom field is meant by its name or key too; what is none of them stays as it is."""
    if text in fields:
        return text
    key = squash(text)
    return next((name for name, field in fields.items() if field.custom and key in field.known_as), text)


def _index(table: Table, header: str) -> int:
    if header in table.headers:
        return table.headers.index(header)
    for index, other in enumerate(table.headers):
        if squash(other) == squash(header):
            return index
    raise Refused(f"The file has no column “{header}”. It has: {', '.join(table.headers)[:300]}.")


def _check_complete(mapping: Mapping, fields: MappingType[str, Field]) -> None:
    for name in mapping.fields:
        columns = [column.header for column in mapping.columns if column.name == name]
        if len(columns) > 1 and not fields[name].many:
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
