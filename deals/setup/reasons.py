"""Why deals are won or lost: what is offered when one is closed."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Max
from django.utils import timezone

from deals.models import CloseReason, Kind
from deals.setup.rows import check_order, check_row, lock_row, put_in_order, save_row
from workspaces.access import check_may
from workspaces.action import Refused, action
from workspaces.models import Membership, Role, Workspace


@action
def add_reason(
    workspace: Workspace, *, kind: str, label: str, by: Membership | None, needs_note: bool = False
) -> CloseReason:
    """One more, the last of its kind (won or lost)."""
    check_may(by, Role.ADMIN, "change reasons")
    last = CloseReason.objects.filter(workspace=workspace, kind=kind).aggregate(last=Max("position"))["last"]
    reason = CloseReason(
        workspace=workspace,
        kind=kind,
        label=label.strip(),
        needs_note=needs_note,
        position=0 if last is None else last + 1,
    )
    check_row(reason)
    reason.save(force_insert=True)
    return reason


@action
def edit_reason(
    reason: CloseReason, *, by: Membership | None, version: int | None = None, **facts: object
) -> CloseReason:
    """`label` and `needs_note`. Deals keep the words with which they were closed."""
    check_may(by, Role.ADMIN, "change reasons")
    reason = lock_row(reason, version)
    if unknown := facts.keys() - {"label", "needs_note"}:
        raise Refused(f"These cannot be set: {', '.join(sorted(unknown))}.")
    return save_row(reason, facts)


@action
def archive_reason(reason: CloseReason, *, by: Membership | None, version: int | None = None) -> CloseReason:
    """Not offered any more. The last reason to lose stays: a lost deal must have one."""
    check_may(by, Role.ADMIN, "change reasons")
    reason = lock_row(reason, version)
    others = CloseReason.objects.filter(workspace_id=reason.workspace_id, kind=reason.kind).exclude(pk=reason.pk)
    if reason.kind == Kind.LOST and not others.select_for_update().exists():
        raise Refused("A lost deal has a reason: the last one stays.")
    return save_row(reason, {"archived_at": timezone.now()})


@action
def restore_reason(reason: CloseReason, *, by: Membership | None) -> CloseReason:
    check_may(by, Role.ADMIN, "change reasons")
    reason = CloseReason.all_objects.select_for_update().get(pk=reason.pk)
    return save_row(reason, {"archived_at": None})


@action
def reorder_reasons(
    workspace: Workspace, kind: str, order: Sequence[int], *, seen: Sequence[int], by: Membership | None
) -> None:
    check_may(by, Role.ADMIN, "change reasons")
    reasons = list(CloseReason.objects.select_for_update().filter(workspace=workspace, kind=kind))
    put_in_order(reasons, check_order(reasons, order, seen))
