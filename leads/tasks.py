"""Interfaces to actions, for Celery."""

from __future__ import annotations

from celery import shared_task

from leads.actions import refresh_segment
from leads.models import Segment
from workspaces.tasks import survived, workspace_ids
from workspaces.tenancy import tenant


@shared_task
def refresh_segments() -> None:
    """Segments by filter get their members anew, each in a transaction of its own."""
    for workspace_id in workspace_ids():
        with tenant(workspace_id):
            by_filter = list(Segment.objects.exclude(filter=None).order_by("pk").values_list("pk", flat=True))
        for pk in by_filter:
            with survived(f"Segment {pk} of workspace {workspace_id}"), tenant(workspace_id):
                if segment := Segment.objects.select_related("workspace").filter(pk=pk).first():
                    refresh_segment(segment)
