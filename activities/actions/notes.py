"""Notes."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from activities.actions.recording import about, record
from activities.models import Activity, Door, Note
from workspaces.access import check_may
from workspaces.action import Refused, action
from workspaces.models import Membership, Role
from workspaces.tenant import TenantModel


@action
def add_note(
    subject: TenantModel,
    body: str,
    *,
    by: Membership,
    door: Door = Door.WEB,
    pinned: bool = False,
    at: datetime | None = None,
) -> Note:
    check_may(by, Role.REP, "write notes")
    body = body.strip()
    if not body:
        raise Refused("An empty note was not saved.", fields={"body": "Write something first."})
    at = at or timezone.now()
    note = Note.objects.create(
        workspace_id=subject.workspace_id,
        body=body,
        author_id=by.user_id,
        pinned=pinned,
        created_at=at,
        **about(subject),
    )
    record(subject, Activity.Kind.NOTE, by=by, door=door, at=at, note=note)
    return note


@action
def edit_note(note: Note, body: str, *, by: Membership, pinned: bool = False) -> Note:
    """One's own notes; admins may edit everybody's. The audit trail keeps the old text."""
    if note.author_id != by.user_id:
        check_may(by, Role.ADMIN, "edit the notes of others")
    body = body.strip()
    if not body:
        raise Refused("A note cannot become empty.", fields={"body": "Write something, or delete the note."})
    note.body, note.pinned, note.edited_at = body, pinned, timezone.now()
    note.save(update_fields=["body", "pinned", "edited_at"])
    return note
