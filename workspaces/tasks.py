"""Interfaces to actions, for Celery: ids in, load, one call."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from celery import shared_task
from django.core.management import call_command

from workspaces import actions
from workspaces.models import Invitation, Workspace
from workspaces.tenancy import all_workspaces, tenant

log = logging.getLogger(__name__)


def workspace_ids() -> list[int]:
    """Of all workspaces, for tasks that go through each in turn."""
    with all_workspaces():
        return list(Workspace.objects.order_by("pk").values_list("pk", flat=True))


@contextmanager
def survived(what: str) -> Iterator[None]:
    """What goes wrong here is logged; the next one's turn comes all the same."""
    try:
        yield
    except Exception:
        log.exception("%s failed", what)


@shared_task
def send_invitation_mail(workspace_id: int, invitation_id: int) -> None:
    with tenant(workspace_id):
        if invitation := Invitation.objects.filter(pk=invitation_id).select_related("workspace", "invited_by").first():
            actions.send_invitation(invitation)


@shared_task
def send_pending_invitations() -> None:
    """Those whose first try failed, or whose doorbell Redis lost."""
    for workspace_id in workspace_ids():
        with tenant(workspace_id):
            pending = list(Invitation.objects.unsent().order_by("pk").values_list("pk", flat=True))
        for pk in pending:
            send_invitation_mail.delay(workspace_id, pk)


@shared_task
def clear_sessions() -> None:
    call_command("clearsessions")
