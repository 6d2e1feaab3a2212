"""What to know about the rows of an import, as a CSV file that a spreadsheet opens without running anything."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from connectors.reading import Row

COLUMNS = ("line", "column", "value", "level", "reason")
# A cell that begins like this, full-width or behind blanks too, is a formula to some spreadsheet.
FORMULA = tuple("=+-@＝＋－＠")


class Report:
    """One line per problem: where, what, why, then the row itself. There is no file until there is a problem."""

    def __init__(self, path: Path, headers: Iterable[str]):
        self.path, self.headers = path, tuple(headers)
        self.lines = 0
        self._file: Any = None
        self._writer: Any = None

    def __enter__(self) -> Report:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._file:
            self._file.close()

    @property
    def written(self) -> str | None:
        """The path of the file, None when there was nothing to report."""
        return str(self.path) if self.lines else None

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            for problem in row.problems:
                self._write((row.line, problem.column, problem.value, problem.level, problem.reason, *row.cells))

    def _write(self, cells: tuple[object, ...]) -> None:
        if self._file is None:
            self._open()
        self._writer.writerow([safe(str(cell)) for cell in cells])
        self.lines += 1

    def _open(self) -> None:
        """Where it was asked for, else among the temporary files."""
        try:
            self._file = self.path.open("w", encoding="utf-8", newline="")
        except OSError:
            self.path = Path(tempfile.mkdtemp(prefix="dealwright-import-")) / self.path.name
            self._file = self.path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow([safe(cell) for cell in (*COLUMNS, *self.headers)])


def safe(cell: str) -> str:
    """
    >>> safe("=HYPERLINK(1)"), safe(" ＝1+1")
    ("'=HYPERLINK(1)", "' ＝1+1")
    """
    return f"'{cell}" if cell.lstrip().startswith(FORMULA) or cell.startswith(("\t", "\r")) else cell
