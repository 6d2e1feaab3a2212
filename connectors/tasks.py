"""Interfaces to actions, for Celery."""

from __future__ import annotations

from celery import shared_task

from connectors.exports import actions as exports
from workspaces.tasks import survived, workspace_ids
from workspaces.tenancy import tenant


@shared_task
def make_export(workspace_id: int, export_id: int) -> None:
    exports.make_export(workspace_id, export_id)


@shared_task
def make_waiting_exports() -> None:
    """Those whose doorbell Redis lost, or whose worker was killed."""
    for workspace_id in workspace_ids():
        with tenant(workspace_id):
            waiting = exports.overdue(workspace_id)
        for pk in waiting:
            make_export.delay(workspace_id, pk)


@shared_task
def remove_old_exports() -> None:
    for workspace_id in workspace_ids():
        with survived(f"Removing exports of workspace {workspace_id}"), tenant(workspace_id):
            exports.remove_expired(workspace_id)
