"""Interfaces to actions, for Celery."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from deals.actions import many
from deals.models import BulkChange, Deal, DealChange
from workspaces.tasks import survived, workspace_ids
from workspaces.tenancy import tenant

KEPT = timedelta(days=30)


@shared_task
def empty_bin() -> None:
    """Deals that were deleted more than 30 days ago go for good."""
    for workspace_id in workspace_ids():
        with survived(f"The bin of workspace {workspace_id}"), tenant(workspace_id):
            Deal.all_objects.filter(deleted_at__lt=timezone.now() - KEPT).delete()


@shared_task
def run_bulk(workspace_id: int, bulk_id: int) -> None:
    """Step by step to the end, each in a transaction of its own."""
    unfinished = True
    while unfinished:
        with tenant(workspace_id):
            bulk = BulkChange.objects.filter(pk=bulk_id).first()
        if bulk is None:
            return
        # In the audit trail it is whoever began or undid it, through the door it came by.
        by = bulk.undone_by_id if bulk.state == BulkChange.State.UNDOING else bulk.by_id
        with tenant(workspace_id, by, door=bulk.door):
            unfinished = many.step(bulk).is_unfinished


@shared_task
def resume_bulks() -> None:
    """Those whose worker died, or whose doorbell Redis lost."""
    for workspace_id in workspace_ids():
        with tenant(workspace_id):
            lost = list(many.lost().values_list("pk", flat=True))
        for pk in lost:
            run_bulk.delay(workspace_id, pk)


@shared_task
def forget_changes() -> None:
    """What was changed one by one can be undone for as long as a deal stays in the bin."""
    for workspace_id in workspace_ids():
        with survived(f"Old changes of workspace {workspace_id}"), tenant(workspace_id):
            DealChange.objects.filter(bulk=None, at__lt=timezone.now() - KEPT).delete()
