"""Rows -> a CSV or XLSX file, written as they come: nothing is held in memory.

A spreadsheet runs none of it: texts of a CSV that begin like a formula get an apostrophe (report.safe), texts of an XLSX are
typed as texts. Numbers, days and times are numbers, days and times in both.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import xlsxwriter

from connectors.exports.columns import Cell
from connectors.models import Export
from connectors.report import safe

# What a cell of a sheet can hold, and how many rows one has beside its head.
LONGEST, MOST_ROWS = 32_767, 1_048_575
WIDTH = 18


class Sheet(Protocol):
    def __enter__(self) -> Sheet: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def write(self, cells: Iterable[Cell]) -> None: ...


class CsvSheet:
    """UTF-8 with its mark, by which Excel knows it; decimals with a point, days and times as 2026-11-20 14:30."""

    def __init__(self, path: Path, heads: list[str]):
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file)
        self.write(heads)

    def __enter__(self) -> CsvSheet:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def write(self, cells: Iterable[Cell]) -> None:
        self._writer.writerow([text_of(cell) for cell in cells])


def text_of(cell: Cell) -> str:
    """
    >>> text_of(None), text_of(Decimal("-9.50")), text_of(datetime(2026, 11, 20, 14, 30)), text_of("=1+1")
    ('', '-9.5', '2026-11-20 14:30', "'=1+1")
    """
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        text = f"{cell:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    return safe(cell) if isinstance(cell, str) else str(cell)


class XlsxSheet:
    def __init__(self, path: Path, heads: list[str]):
        self._book = xlsxwriter.Workbook(
            str(path), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "tmpdir": str(path.parent)},
        )  # fmt: skip
        self._sheet = self._book.add_worksheet()
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._time = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        head = self._book.add_format({"bold": True})
        self._sheet.set_column(0, max(0, len(heads) - 1), WIDTH)
        self._sheet.freeze_panes(1, 0)
        self._row = 0
        for place, text in enumerate(heads):
            self._sheet.write_string(0, place, text, head)

    def __enter__(self) -> XlsxSheet:
        return self

    def __exit__(self, *error: object) -> None:
        self._book.close()

    def write(self, cells: Iterable[Cell]) -> None:
        self._row += 1
        for place, cell in enumerate(cells):
            self._put(place, cell)

    def _put(self, place: int, cell: Any) -> None:
        if cell is None or cell == "":
            return
        if isinstance(cell, datetime):
            self._sheet.write_datetime(self._row, place, cell, self._time)
        elif isinstance(cell, date):
            self._sheet.write_datetime(self._row, place, datetime(cell.year, cell.month, cell.day), self._day)
        elif isinstance(cell, (int, Decimal)):
            self._sheet.write_number(self._row, place, float(cell))
        else:
            self._sheet.write_string(self._row, place, str(cell)[:LONGEST])


SHEETS: dict[str, type[CsvSheet] | type[XlsxSheet]] = {Export.Format.CSV: CsvSheet, Export.Format.XLSX: XlsxSheet}
