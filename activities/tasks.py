"""Interfaces to the outbox, for Celery."""

from __future__ import annotations

from celery import shared_task

from activities import outbox
from workspaces.tasks import survived, workspace_ids


@shared_task
def dispatch(workspace_id: int) -> None:
    """Hand on what waits in the outbox of a workspace."""
    for activity_id in outbox.pending(workspace_id):
        outbox.hand_on(workspace_id, activity_id)


@shared_task
def dispatch_missed() -> None:
    """What a lost doorbell or a failure left lying."""
    for workspace_id in workspace_ids():
        with survived(f"The outbox of workspace {workspace_id}"):
            dispatch(workspace_id)
