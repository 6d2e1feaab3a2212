"""Imports of little files, as the command does them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.importing import import_rows, read
from connectors.sync import Options, Result


@dataclass
class Imported:
    """What came of it; `report` has the lines of the error file."""

    result: Result
    report: list[dict[str, str]]

    @property
    def counts(self) -> dict[str, int]:
        return dict(sorted(self.result.outcomes.items()))

    @property
    def problems(self) -> list[tuple[str, str, str]]:
        return [(line["line"], line["level"], line["column"]) for line in self.report]


@pytest.fixture
def run_import(acme, tmp_path) -> Callable[..., Imported]:
    """run_import(kind, text, create="companies,stages", mapping=…): into acme, by alice unless `by` says otherwise."""

    def run(
        kind: str, text: str, *, create: str = "", update: bool = False, dry_run: bool = False, by=None, **asked
    ) -> Imported:
        path: Path = tmp_path / "file.csv"
        path.write_text(text, encoding="utf-8")
        errors = tmp_path / "errors.csv"
        errors.unlink(missing_ok=True)
        reading = read(kind, path, acme.workspace, folder=tmp_path, **asked)
        options = Options(frozenset(filter(None, create.split(","))), update, dry_run)
        result = import_rows(reading, acme.workspace, by=by or acme.alice, options=options, errors=errors)
        assert result.error_file == (str(errors) if errors.exists() else None)
        assert sum(result.outcomes.values()) == result.rows == reading.total
        if not errors.exists():
            return Imported(result, [])
        with errors.open(encoding="utf-8", newline="") as file:
            return Imported(result, list(csv.DictReader(file)))

    return run
