"""Interfaces to actions, for Celery."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from activities import files, outbox
from activities.actions import mailing
from activities.actions.reading import forget_old
from activities.actions.reminding import remind
from activities.actions.settling import settle, unsettled
from activities.models import Attachment, Attendee, Task
from workspaces.memory import remembering
from workspaces.models import Workspace
from workspaces.tasks import survived, workspace_ids
from workspaces.tenancy import all_workspaces, tenant

KEPT = timedelta(days=30)
SETTLED = 500  # tasks of one transaction
HANDED_ON = 50  # lines that share what is asked for again and again


@shared_task
def dispatch(workspace_id: int) -> None:
    """Hand on what waits in the outbox of a workspace."""
    pending = outbox.pending(workspace_id)
    for start in range(0, len(pending), HANDED_ON):
        with remembering():
            for activity_id in outbox.settle(workspace_id, pending[start : start + HANDED_ON]):
                with survived(f"Handing on line {activity_id} of workspace {workspace_id}"):
                    outbox.hand_on(workspace_id, activity_id)


@shared_task
def dispatch_missed() -> None:
    """What a lost doorbell or a failure left lying."""
    for workspace_id in workspace_ids():
        with survived(f"The outbox of workspace {workspace_id}"):
            dispatch(workspace_id)


@shared_task
def send_mails() -> None:
    """What is due by mail, and what a lost doorbell or a mail server left lying. Many of these may run at once: each row is claimed by one of them."""
    for workspace_id, user_id in mailing.due():
        with survived(f"The mail of user {user_id} in workspace {workspace_id}"):
            mailing.gather(workspace_id, user_id)
    for kind, workspace_id, pk in mailing.to_send():
        with survived(f"{kind.__name__} {pk} of workspace {workspace_id}"):
            if not mailing.send(kind, workspace_id, pk):
                return  # the mail server is away: the others wait for the next run


@shared_task
def forget_notifications() -> None:
    """Those of more than 90 days ago go for good."""
    for workspace_id in workspace_ids():
        with survived(f"Old notifications of workspace {workspace_id}"), tenant(workspace_id):
            forget_old(workspace_id)


@shared_task
def empty_file_bin() -> None:
    """Files that were deleted more than 30 days ago, and bytes that belong to no row, go for good."""
    for workspace_id in workspace_ids():
        with survived(f"The files of workspace {workspace_id}"):
            with tenant(workspace_id):
                Attachment.objects.filter(deleted_at__lt=timezone.now() - KEPT).delete()
            # Once that is written for good.
            with tenant(workspace_id):
                files.sweep(workspace_id)


@shared_task
def send_reminders() -> None:
    """Of every workspace where something is due; what came due while nothing ran is told of now."""
    now = timezone.now()
    with all_workspaces():
        due = Task.objects.open().filter(remind_at__lte=now, reminded_at=None)
        found = sorted(set(due.values_list("workspace_id", flat=True)))
    for workspace_id in found:
        with survived(f"The reminders of workspace {workspace_id}"), tenant(workspace_id):
            remind(Workspace.objects.get(pk=workspace_id), now)


@shared_task
def settle_days(workspace_id: int) -> None:
    """After a member, or the workspace, has moved to another time zone."""
    with tenant(workspace_id):
        pks = list(unsettled(workspace_id).values_list("pk", flat=True))
    for start in range(0, len(pks), SETTLED):
        with tenant(workspace_id):
            settle(pks[start : start + SETTLED])


@shared_task
def settle_missed_days() -> None:
    """What a lost doorbell left lying."""
    for workspace_id in workspace_ids():
        with survived(f"The days of workspace {workspace_id}"):
            settle_days(workspace_id)


@shared_task
def send_meeting_mail(workspace_id: int, attendee_id: int) -> None:
    mailing.send(Attendee, workspace_id, attendee_id)
