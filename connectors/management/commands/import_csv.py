"""Import companies, contacts, leads or deals from a CSV file (docs/import.md)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from connectors.dates import DAY_FIRST, MONTH_FIRST
from connectors.fields import KINDS
from connectors.importing import acting_member, import_rows, read
from connectors.mapping import read_mapping
from connectors.reading import Ambiguous, Reading
from connectors.sync import CREATABLE, Options
from workspaces.action import Refused
from workspaces.commands import add_workspace, as_json, find_workspace
from workspaces.models import Workspace


def creatable(text: str) -> frozenset[str]:
    names = frozenset(filter(None, (name.strip() for name in text.split(","))))
    if unknown := names - CREATABLE:
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}; choose of {','.join(sorted(CREATABLE))}")
    return names


class Command(BaseCommand):
    help = (
        "Import a CSV file. The last line of the output is JSON: rows, created, updated, skipped, errors, error_file."
    )

    def add_arguments(self, parser):
        parser.add_argument("kind", choices=list(KINDS))
        parser.add_argument("file", type=Path)
        add_workspace(parser)
        parser.add_argument("--mapping", type=Path, metavar="MAP.json", help="which column is what; else it is guessed")
        parser.add_argument("--dry-run", action="store_true", help="check and count everything, write nothing")
        parser.add_argument(
            "--create",
            type=creatable,
            default=frozenset(),
            metavar="companies,stages,owners,products",
            help="what to make when the file names it and it is not there",
        )
        parser.add_argument(
            "--on-duplicate",
            choices=("skip", "update"),
            default="skip",
            help="what to do with rows that are here already",
        )
        order = parser.add_mutually_exclusive_group()
        order.add_argument(
            "--day-first",
            dest="order",
            action="store_const",
            const=DAY_FIRST,
            default="",
            help="1/2/2026 is 1 February",
        )
        order.add_argument(
            "--month-first", dest="order", action="store_const", const=MONTH_FIRST, help="1/2/2026 is 2 January"
        )
        parser.add_argument(
            "--region", default="", metavar="US", help="country of telephone numbers without country code"
        )
        parser.add_argument(
            "--as", dest="member", default="", metavar="EMAIL", help="who imports; default: the first owner"
        )
        parser.add_argument(
            "--errors", type=Path, metavar="FILE", help="where problems are written; default: FILE.errors.csv"
        )

    def handle(self, *args, **options):
        path: Path = options["file"]
        workspace = find_workspace(options["workspace"])
        try:
            by = acting_member(workspace, options["member"])
            reading = self.read(workspace, options)
            self.explain(reading)
            result = import_rows(
                reading,
                workspace,
                by=by,
                options=Options(options["create"], options["on_duplicate"] == "update", options["dry_run"]),
                errors=options["errors"] or path.with_name(path.name + ".errors.csv"),
                progress=lambda done, total: self.say(f"{done:,} of {total:,} rows"),
            )
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        except OperationalError as error:
            raise CommandError(
                f"The database stopped: {error} What was imported stays; the same command again goes on."
            ) from error
        self.stdout.write(as_json(result.as_json()))
        if result.rows and result.outcomes["error"] == result.rows:
            raise CommandError(f"No row could be imported. {result.error_file} says why.")

    def read(self, workspace: Workspace, options: dict) -> Reading:
        mapping = read_mapping(options["mapping"]) if options["mapping"] else {}
        if options["region"] and isinstance(mapping, dict):
            mapping = mapping | {"region": options["region"]}
        given = {"mapping": mapping, "folder": options["file"].parent, "order": options["order"]}
        try:
            return read(options["kind"], options["file"], workspace, **given)
        except Ambiguous as question:
            if not sys.stdin.isatty():
                raise
            orders = {header: self.ask(header, dates.readings()) for header, dates in question.orders.items()}
        return read(options["kind"], options["file"], workspace, **given, orders=orders)

    def ask(self, header: str, readings: str) -> str:
        while True:
            answer = input(f"{header}: {readings}. Is the day first, or the month? [d/m] ").strip().lower()
            if answer in ("d", "m"):
                return DAY_FIRST if answer == "d" else MONTH_FIRST

    def explain(self, reading: Reading) -> None:
        table, mapping = reading.table, reading.mapping
        used = {column.header for column in mapping.columns}
        self.say(f"{table.path.name}: {reading.total:,} rows, {table.encoding}, delimiter {table.delimiter!r}")
        self.say(", ".join(f"{column.header} -> {column.name}" for column in mapping.columns))
        if ignored := [header for header in table.headers if header not in used]:
            self.say(f"not imported: {', '.join(ignored)}")

    def say(self, line: str) -> None:
        self.stderr.write(line)
