"""To ask for a file, to make it, and to take it away again.

An export is a row first: Celery is told after commit, and a beat task finds what was missed. Whoever makes it holds a lease
and says with each chunk that they still do; when a worker is killed the lease runs out, and somebody else begins anew, with a
file of another name. Only who still holds the lease finishes, so there is one file in the end.
"""

from __future__ import annotations

import uuid
from array import array
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from activities.actions import notify
from activities.models import Notification
from connectors.exports.columns import cells, columns_of
from connectors.exports.files import MOST_ROWS, SHEETS
from connectors.exports.finding import found, visible
from connectors.models import Export
from workspaces.access import check_may
from workspaces.action import Refused, action
from workspaces.background import after_commit
from workspaces.custom.values import Entity
from workspaces.models import Membership, Role, Workspace
from workspaces.tenancy import tenant

CHUNK = 2000
KEPT = timedelta(days=7)
LEASE = timedelta(seconds=60)
# How often it is tried, and how many of one member's are made at once.
ATTEMPTS, MOST_OPEN = 3, 5


@action
def ask_for_export(
    workspace: Workspace,
    *,
    entity: str,
    format: str,
    by: Membership,
    query: str = "",
    columns: list[str] | None = None,  # noqa: A002
) -> Export:
    """A new export of what the list at `query` finds. Refused where the filter cannot be read."""
    check_may(by, Role.REP, "export")
    open_ones = Export.objects.filter(
        workspace=workspace, by=by.user_id, state__in=(Export.State.WAITING, Export.State.RUNNING)
    )
    if open_ones.count() >= MOST_OPEN:
        raise Refused(f"{MOST_OPEN} exports of yours are being made. Wait for one of them.")
    found(Entity(entity), by, query)
    export = Export.objects.create(
        workspace=workspace, by_id=by.user_id, entity=Entity(entity), format=Export.Format(format), query=query, columns=columns or []
    )  # fmt: skip
    after_commit("connectors.tasks.make_export", workspace.pk, export.pk)
    return export


def make_export(workspace_id: int, pk: int) -> None:
    """Make the file, unless it is made, or being made, by somebody else. Opens its own transactions, a short one for each
    chunk: what it has done so far can be seen."""
    attempt = claim(workspace_id, pk)
    if attempt is None:
        return
    try:
        Making(workspace_id, pk, attempt).run()
    except Refused as refusal:
        with tenant(workspace_id):
            fail(pk, attempt, refusal.message)


def claim(workspace_id: int, pk: int) -> int | None:
    """The number of this attempt; None where there is nothing to do."""
    with tenant(workspace_id):
        now = timezone.now()
        free = Q(state=Export.State.WAITING) | Q(state=Export.State.RUNNING, lease_until__lt=now)
        mine = Export.objects.filter(free, pk=pk)
        if mine.filter(attempts__gte=ATTEMPTS).update(
            state=Export.State.FAILED, problem="It was broken off three times. Try it with fewer rows."
        ):
            return None
        if not mine.update(state=Export.State.RUNNING, rows=0, attempts=F("attempts") + 1, lease_until=now + LEASE):
            return None
        return Export.objects.values_list("attempts", flat=True).get(pk=pk)


def held(pk: int, attempt: int) -> Q:
    """The row, as long as this attempt holds it."""
    return Q(pk=pk, attempts=attempt, state=Export.State.RUNNING)


def fail(pk: int, attempt: int, problem: str) -> None:
    Export.objects.filter(held(pk, attempt)).update(state=Export.State.FAILED, problem=problem[:200])


class LeaseLost(Refused):
    """Somebody else makes it by now."""


class Making:
    """One attempt."""

    def __init__(self, workspace_id: int, pk: int, attempt: int, chunk: int = CHUNK):
        self.workspace_id, self.pk, self.attempt, self.size = workspace_id, pk, attempt, chunk
        self.path = folder(workspace_id) / f"{uuid.uuid4().hex}.part"

    def run(self) -> None:
        try:
            self.begin()
            self.write()
            self.finish()
        finally:
            self.path.unlink(missing_ok=True)

    def scoped(self, work: Callable[[Export, Membership], None]) -> None:
        """In a transaction of its own, as the member who asked, if they still may."""
        with tenant(self.workspace_id):
            export = Export.objects.filter(held(self.pk, self.attempt)).first()
            if export is None:
                raise LeaseLost("Somebody else makes it.")
            members = Membership.objects.active().select_related("user", "workspace")
            member = members.filter(user_id=export.by_id, user__is_active=True).first()
            if member is None or not member.may(Role.REP):
                raise Refused("Who asked for it may not export any more.")
            with timezone.override(member.zone):
                work(export, member)

    def begin(self) -> None:
        """Which rows, by their ids: eight bytes each, whatever there is in them."""

        def work(export: Export, member: Membership) -> None:
            rows = found(Entity(export.entity), member, export.query)
            self.ids = array("q", rows.values_list("pk", flat=True)[: MOST_ROWS + 1].iterator(chunk_size=CHUNK))
            if len(self.ids) > MOST_ROWS:
                raise Refused(f"More than {MOST_ROWS:,} rows, which no sheet holds. Narrow the filter down.")
            self.columns = columns_of(member.workspace, Entity(export.entity), export.columns)
            self.format = export.format
            Export.objects.filter(pk=self.pk).update(total=len(self.ids))

        self.scoped(work)

    def write(self) -> None:
        with SHEETS[self.format](self.path, [column.label for column in self.columns]) as sheet:
            self.sheet, self.done = sheet, 0
            for start in range(0, len(self.ids), self.size):
                self.chunk = list(self.ids[start : start + self.size])
                self.scoped(self.write_chunk)

    def write_chunk(self, export: Export, member: Membership) -> None:
        """What went, or went out of sight, since the export began is left out."""
        asked = {column.path: column.expression for column in self.columns}
        rows = visible(Entity(export.entity), member).filter(pk__in=self.chunk).order_by()
        computed = {path: expression for path, expression in asked.items() if expression is not None}
        paths = {path for path in asked if path not in computed} | {"pk"}
        paths |= {"amount"} if any(column.name == "weighted" for column in self.columns) else set()
        by_pk = {row["pk"]: row for row in rows.annotate(**computed).values(*paths, *computed)}
        zone = timezone.get_current_timezone()
        for pk in self.chunk:
            if pk in by_pk:
                self.sheet.write(cells(self.columns, by_pk[pk], zone))
                self.done += 1
        now = timezone.now()
        Export.objects.filter(held(self.pk, self.attempt)).update(rows=self.done, lease_until=now + LEASE)

    def finish(self) -> None:
        def work(export: Export, member: Membership) -> None:
            now, name = timezone.now(), f"{self.path.stem}.{export.format}"
            mine = Export.objects.filter(held(self.pk, self.attempt))
            if not mine.update(
                state=Export.State.READY, file=name, size=self.path.stat().st_size, rows=self.done, total=self.done, lease_until=None, expires_at=now + KEPT
            ):  # fmt: skip
                raise LeaseLost("Somebody else makes it.")
            # Before the row says so to anybody else: what is ready is there.
            self.path.rename(self.path.with_name(name))
            notify(
                [export.by_id],
                Notification.Kind.JOB_FINISHED,
                subject=member.workspace,
                key=f"export:{export.pk}",
                data={"text": f"Your export of {export.get_entity_display().lower()} is ready", "view": "export_detail", "args": [export.pk]},
            )  # fmt: skip

        self.scoped(work)


def folder(workspace_id: int) -> Path:
    """Files of one workspace, readable by our own processes alone; no URL leads there."""
    path = Path(settings.MEDIA_ROOT) / "exports" / str(workspace_id)
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def file_of(export: Export) -> Path:
    return folder(export.workspace_id) / export.file


def overdue(workspace_id: int) -> list[int]:
    """Those that Celery was told of and did not begin, or began and did not go on with."""
    now = timezone.now()
    late = Q(state=Export.State.WAITING, created_at__lt=now - LEASE / 2) | Q(
        state=Export.State.RUNNING, lease_until__lt=now
    )
    return list(Export.objects.filter(late, workspace_id=workspace_id).order_by("pk").values_list("pk", flat=True))


def remove_expired(workspace_id: int) -> None:
    """Files after a week, rows with them; and what a killed worker left behind."""
    now = timezone.now()
    old = Export.objects.filter(workspace_id=workspace_id, created_at__lt=now - KEPT)
    for export in old.filter(Q(expires_at__lt=now) | Q(state=Export.State.FAILED)):
        if export.file:
            file_of(export).unlink(missing_ok=True)
        export.delete()
    kept = set(Export.objects.filter(workspace_id=workspace_id).exclude(file="").values_list("file", flat=True))
    long_ago = (now - timedelta(days=1)).timestamp()
    for path in folder(workspace_id).iterdir():
        if path.name not in kept and path.stat().st_mtime < long_ago:
            path.unlink(missing_ok=True)


def disk_name(export: Export) -> str:
    """What the file is called where it is saved: deals-2026-11-20.csv."""
    return f"{export.get_entity_display().lower()}-{timezone.localdate(export.created_at)}.{export.format}"
