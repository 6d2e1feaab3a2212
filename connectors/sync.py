"""The only upsert: rows of a file -> records, through the bulk actions of leads and deals.

Rows are written in chunks, each in a transaction of its own, together with the external ids of its records. An import
that was killed leaves the chunks that were through and nothing of the one at work; a second run finds the external
ids of the former and goes on with the rest, so running it again completes it, and creates nothing twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import islice
from typing import Any, ClassVar

from django.db import DataError, IntegrityError, connection, models, transaction

from activities.models import Door
from connectors.models import ExternalId
from connectors.reading import Reading, Row
from connectors.references import Owners, external_ids
from connectors.report import Report
from leads.names import full_name, name_key, squash
from workspaces.action import Refused
from workspaces.custom.values import Type as CustomType
from workspaces.models import Membership, Workspace
from workspaces.tenancy import tenant

# The first chunk is small, so that there are statistics before there is much to do with them (sql/analyze.sql).
FIRST_CHUNK, CHUNK = 100, 2000
CREATABLE = frozenset(("companies", "stages", "owners", "products"))


@dataclass(frozen=True)
class Options:
    """`create`: what may be made when a row names it and it is not there; of CREATABLE."""

    create: frozenset[str] = frozenset()
    update: bool = False
    dry_run: bool = False


@dataclass
class Result:
    """What became of the rows; `errors` counts those that were not imported."""

    rows: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    error_file: str | None = None

    def as_json(self) -> dict[str, object]:
        counts = {name: self.outcomes[name] for name in ("created", "updated", "skipped")}
        return {"rows": self.rows} | counts | {"errors": self.outcomes["error"], "error_file": self.error_file}


class Upsert:
    """How one kind of record is found, created and updated. Lives for one import; each `write` is one transaction."""

    kind: ClassVar[ExternalId.Kind]
    manager: Any

    def __init__(self, workspace: Workspace, *, by: Membership, reading: Reading, options: Options):
        self.workspace, self.by, self.reading, self.options = workspace, by, reading, options
        self.mapping, self.source = reading.mapping, reading.mapping.source

    # -- what each kind says for itself --

    def begin(self) -> None:
        """Once, before the first row."""
        if "owners" in self.options.create:
            names = [*self.reading.met.get("owner", ()), *self.mapping.known.get("owner", ())]
            Owners(self.workspace).create(names, by=self.by)

    def finish(self) -> list[Row]:
        """Once, after the last row: what could not be done before. Returns rows with something more to report."""
        return []

    def load(self, rows: Sequence[Row]) -> None:
        """Find (or make) what these rows name."""
        self.owners = Owners(self.workspace)
        if "owners" in self.options.create:
            self.owners.create([str(row.values["owner"]) for row in rows if "owner" in row.values], by=self.by)

    def match(self, rows: Sequence[Row]) -> dict[str, int]:
        """{row key: id of our record} for rows whose record is here, though not from this source."""
        return {}

    def claims(self, row: Row) -> set[str]:
        """What another new row may have in common with it and be the same record."""
        return {row.key}

    def create(self, rows: Sequence[Row]) -> Sequence[int | None]:
        """The ids of the new records; None for a row that failed."""
        raise NotImplementedError

    def update(self, found: Mapping[str, int], rows: Sequence[Row]) -> None:
        """Set the outcome of each row."""
        raise NotImplementedError

    # -- what all have in common --

    def write(self, rows: Sequence[Row]) -> None:
        """Rows without errors -> records. In the caller's transaction, and inside the workspace's scope."""
        rest = list(rows)
        while rest:
            found = self._found(rest)
            old = [row for row in rest if row.key in found]
            # A row that repeats an earlier one of the file waits for the next round, which finds what that one became.
            new, rest = self._each_once([row for row in rest if row.key not in found])
            if needed := new + old if self.options.update else new:
                self.load(needed)
            self._create(new)
            self._update(found, old)

    def _found(self, rows: Sequence[Row]) -> dict[str, int]:
        known = external_ids(self.workspace, self.source, self.kind, (row.key for row in rows))
        if known:
            known = self._still_there(known, rows)
        matched = self.match([row for row in rows if row.key not in known])
        self._remember(matched)
        return known | matched

    def _still_there(self, known: dict[str, int], rows: Sequence[Row]) -> dict[str, int]:
        """Without records that were deleted for good; their ids are forgotten, to be given to new ones."""
        records = self.manager.filter(workspace=self.workspace, pk__in=set(known.values()))
        there = dict(records.values_list("pk", "name"))
        for row in rows:
            if (
                (ours := there.get(known.get(row.key)))
                and "external_id" in row.values
                and is_another(name_in(row), ours)
            ):
                row.warn(self.header("external_id"), str(row.values["external_id"]), ANOTHER.format(ours))
        if gone := [key for key, pk in known.items() if pk not in there]:
            ids = ExternalId.objects.filter(workspace=self.workspace, source=self.source, kind=self.kind)
            ids.filter(external_id__in=gone).delete()
        return {key: pk for key, pk in known.items() if pk in there}

    def _each_once(self, rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
        once: list[Row] = []
        again: list[Row] = []
        claimed: set[str] = set()
        for row in rows:
            mine = self.claims(row)
            (again if claimed & mine else once).append(row)
            claimed |= mine
        return once, again

    def _create(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        made = {row.key: pk for row, pk in zip(rows, self.create(rows), strict=True) if pk is not None}
        self._remember(made)
        for row in rows:
            if row.key in made:
                row.outcome = "created"

    def _update(self, found: Mapping[str, int], rows: Sequence[Row]) -> None:
        if self.options.update and rows:
            self.update(found, rows)
            return
        for row in rows:
            row.outcome = "skipped"

    def _remember(self, made: Mapping[str, int]) -> None:
        if made:
            with connection.cursor() as cursor:
                cursor.execute(REMEMBER, [self.workspace.pk, self.source, self.kind, list(made), list(made.values())])

    # -- parts of creating a row --

    def owner_of(self, row: Row) -> int | None:
        """The owner that the row names, None when it names none; raises ValueError."""
        owner = row.values.get("owner")
        return None if owner is None else self.owners.find(str(owner))

    def custom_of(self, row: Row) -> dict[str, Any]:
        """The row's custom values by key; it fails where it names a member that is none."""
        found = {}
        for column in self.mapping.columns:
            field = column.field.custom
            if field is None or column.name not in row.values:
                continue
            value = row.values[column.name]
            if field.type == CustomType.USER:
                try:
                    value = self.owners.find(str(value))
                except ValueError as error:
                    row.fail(column.header, str(value), str(error))
                    continue
            found[field.key] = value
        return found

    def header(self, name: str) -> str:
        return self.mapping.header_of(name)

    def settle(self, row: Row, made: models.Model | int | Refused) -> int | None:
        """The id of what a bulk action made of the row; a refusal becomes the row's error."""
        if isinstance(made, Refused):
            self.refuse(row, made)
            return None
        return made if isinstance(made, int) else made.pk

    def refuse(self, row: Row, refusal: Refused) -> None:
        name = next(iter(refusal.fields), "")
        row.fail(self.header(name), str(row.values.get(name, "")), refusal.message)


ANOTHER = "“{}” was imported with this id, and taken for this row. If they are of two systems, name them by “source” in mappings"
# Below this share of common letters two names without a common word are those of two things.
ALIKE = 0.5


def name_in(row: Row) -> str:
    values = row.values
    return str(values.get("name") or full_name(values.get("first_name", ""), values.get("last_name", "")))


def is_another(name: str, ours: str) -> bool:
    """Do two names differ wholly? A slip, an addition or a word less do not make another name.

    >>> is_another("Acme Corp", "Acme Holding"), is_another("Akme", "Acme"), is_another("Acme", "Zeta Ltd")
    (False, False, True)
    """
    if not name or name == ours or set(name_key(name).split()) & set(name_key(ours).split()):
        return False
    return SequenceMatcher(None, squash(name), squash(ours)).ratio() < ALIKE


REMEMBER = """
    INSERT INTO connectors_externalid (workspace_id, source, kind, external_id, object_id)
    SELECT %s, %s, %s, t.external_id, t.object_id FROM unnest(%s::text[], %s::bigint[]) AS t (external_id, object_id)
"""


# --- a whole import -----------------------------------------------------------------------------


def run_import(
    upsert: Upsert, report: Report, *, progress: Callable[[int, int], None] = lambda done, total: None
) -> Result:
    """All rows of the upsert's reading. A dry run is one transaction that is rolled back at the end."""
    workspace, by, options = upsert.workspace, upsert.by, upsert.options
    result = Result()
    with ExitStack() as outer:
        if options.dry_run:
            outer.enter_context(tenant(workspace, by.user, door=Door.IMPORT))
        with tenant(workspace, by.user, door=Door.IMPORT):
            upsert.begin()
        for rows in in_chunks(upsert.reading.rows()):
            with tenant(workspace, by.user, door=Door.IMPORT):
                write(upsert, [row for row in rows if not row.outcome])
            with tenant(workspace, by.user, door=Door.IMPORT), connection.cursor() as cursor:
                cursor.execute("SELECT crm_analyze_grown()")
            report.add(rows)
            result.rows += len(rows)
            result.outcomes.update(row.outcome for row in rows)
            progress(result.rows, upsert.reading.total)
        with tenant(workspace, by.user, door=Door.IMPORT):
            report.add(upsert.finish())
        if options.dry_run:
            check_constraints()
            transaction.set_rollback(True)
    result.error_file = report.written
    return result


def write(upsert: Upsert, rows: Sequence[Row]) -> None:
    """Write the rows; when the database refuses them, halve them until the one that it refuses is alone."""
    if not rows:
        return
    try:
        with transaction.atomic():
            upsert.write(rows)
            check_constraints()
    except (IntegrityError, DataError) as error:
        for row in rows:
            row.reset()
        if len(rows) > 1:
            write(upsert, rows[: len(rows) // 2])
            write(upsert, rows[len(rows) // 2 :])
        else:
            rows[0].fail("", "", "the database refused it: " + str(error).partition("\n")[0])


def check_constraints() -> None:
    """Foreign keys are deferred; now they are checked, while it is known which rows they are about."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def in_chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    size = FIRST_CHUNK
    while chunk := list(islice(rows, size)):
        yield chunk
        size = CHUNK


def changed(record: models.Model, facts: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Those of the facts that the record does not have yet."""
    return {name: value for name, value in facts if value not in (None, "") and getattr(record, name) != value}
