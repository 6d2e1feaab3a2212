"""Interfaces to actions, for Celery."""

from __future__ import annotations

from celery import shared_task

from activities.actions import mailing
from automation.actions import processing
from automation.models import Sending
from workspaces.tasks import survived, workspace_ids


@shared_task
def read_messages(workspace_id: int) -> None:
    """What waits in a workspace, until nothing does."""
    seen: set[int] = set()
    while new := [pk for pk in processing.waiting(workspace_id) if pk not in seen]:
        seen.update(new)
        for message_id in new:
            processing.read_message(workspace_id, message_id)


@shared_task
def read_missed() -> None:
    """What a lost doorbell, a dead worker or a failure left lying."""
    for workspace_id in workspace_ids():
        with survived(f"The mail of workspace {workspace_id}"):
            read_messages(workspace_id)


@shared_task
def send_mail(workspace_id: int, sending_id: int) -> None:
    mailing.send(Sending, workspace_id, sending_id)
