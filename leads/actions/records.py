"""What changes of companies, contacts and leads share: the lock, what changed, the line of the timeline."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from activities.actions import record
from activities.models import Activity, Door
from leads.models import Company, Contact, Lead
from workspaces.access import check_may
from workspaces.action import Stale
from workspaces.models import Membership, Role

Row = TypeVar("Row", Company, Contact, Lead)


def lock(row: Row, version: int, by: Membership | None) -> Row:
    """The newest state of the row, locked; refused when somebody changed it since `version`."""
    check_may(by, Role.REP, "change this")
    row = type(row).objects.select_for_update().get(pk=row.pk)
    if row.version != version:
        raise Stale(
            f"Somebody changed {row} while you were looking at it. Nothing was overwritten: look again, then save."
        )
    return row


def changed(before: Row, row: Row, names: Iterable[str]) -> dict[str, list[str]]:
    """{field: [old, new]} of those that differ, in words."""
    return {
        name: [said(before, name), said(row, name)] for name in names if getattr(before, name) != getattr(row, name)
    }


def said(row: Row, name: str) -> str:
    value = getattr(row, row._meta.get_field(name).name)  # of owner_id the owner
    return "" if value is None else str(value)


def save_changes(
    row: Row,
    changes: dict[str, list[str]],
    *,
    by: Membership | None,
    door: Door,
    at: datetime | None = None,
) -> Row:
    """Nothing is written, and the version stays, when all is so already."""
    if changes:
        row.version += 1
        row.save()
        data = {"fields": sorted(changes), "changes": changes}
        record(row, Activity.Kind.FIELD_CHANGE, by=by, door=door, at=at, data=data)
    return row
