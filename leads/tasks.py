"""Interfaces to actions, for Celery."""

from __future__ import annotations

from celery import shared_task

from leads.actions import refresh_segment
from leads.models import Segment
from workspaces.tasks import workspace_ids
from workspaces.tenancy import tenant


@shared_task
def refresh_segments() -> None:
    """Segments by filter get their members anew."""
    for workspace_id in workspace_ids():
        with tenant(workspace_id):
            for segment in Segment.objects.exclude(filter=None):
                refresh_segment(segment)
