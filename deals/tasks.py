"""Interfaces to actions, for Celery."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from deals.models import Deal
from workspaces.tasks import survived, workspace_ids
from workspaces.tenancy import tenant

KEPT = timedelta(days=30)


@shared_task
def empty_bin() -> None:
    """Deals that were deleted more than 30 days ago go for good."""
    for workspace_id in workspace_ids():
        with survived(f"The bin of workspace {workspace_id}"), tenant(workspace_id):
            Deal.all_objects.filter(deleted_at__lt=timezone.now() - KEPT).delete()
