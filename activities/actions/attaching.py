"""Files of a record."""

from __future__ import annotations

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import DatabaseError
from django.utils import timezone

from activities import files
from activities.actions.recording import about, record
from activities.models import SUBJECTS, Activity, Attachment, Door
from workspaces.access import acting, check_may
from workspaces.action import Stale, action
from workspaces.models import Membership, Role
from workspaces.tenant import TenantModel


@action
def attach(subject: TenantModel, file: UploadedFile, *, by: Membership | None, door: Door = Door.WEB) -> Attachment:
    """Keep a file with a deal, lead, contact or company; Refused unless its bytes are of a kind that is taken (files.py)."""
    check_may(by, Role.REP, "add files")
    name = files.check(file)
    path, digest = files.store(subject.workspace_id, file)
    try:
        attachment = Attachment.objects.create(
            workspace_id=subject.workspace_id,
            name=name,
            path=path,
            size=file.size or 0,
            sha256=digest,
            author_id=acting(by),
            **about(subject),
        )
    except DatabaseError:
        default_storage.delete(path)
        raise
    _tell(attachment, ["", name], by, door)
    return attachment


@action
def remove_attachment(attachment: Attachment, *, by: Membership | None, door: Door = Door.WEB) -> Attachment:
    """Into the bin: its bytes stay for 30 days (tasks.empty_file_bin), and `restore_attachment` brings it back."""
    check_may(by, Role.REP, "delete files")
    attachment = _lock(attachment)
    if attachment.deleted_at is None:
        attachment.deleted_at = timezone.now()
        attachment.save(update_fields=["deleted_at"])
        _tell(attachment, [attachment.name, None], by, door)
    return attachment


@action
def restore_attachment(attachment: Attachment, *, by: Membership | None, door: Door = Door.WEB) -> Attachment:
    check_may(by, Role.REP, "add files")
    attachment = _lock(attachment)
    if attachment.deleted_at is not None:
        attachment.deleted_at = None
        attachment.save(update_fields=["deleted_at"])
        _tell(attachment, ["", attachment.name], by, door)
    return attachment


def _lock(attachment: Attachment) -> Attachment:
    found = Attachment.objects.select_for_update().filter(pk=attachment.pk).first()
    if found is None:
        raise Stale("This file was deleted for good meanwhile.")
    return found


def _tell(attachment: Attachment, change: list[str | None], by: Membership | None, door: Door) -> None:
    subject = next(getattr(attachment, name) for name in SUBJECTS if getattr(attachment, f"{name}_id"))
    data = {"changes": {"files": change}, "file": attachment.pk}
    record(subject, Activity.Kind.FIELD_CHANGE, by=by, door=door, data=data)
