"""Reminders: what a member asked to be told of in time, once."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from activities.actions.notifying import OWNED, notify
from activities.models import Notification, Task
from workspaces.access import seeing
from workspaces.models import Membership, Workspace

BATCH = 500
TODAY: dict[str, object] = {"view": "today", "args": []}  # where what is about nothing leads to
MANY = 5  # of one member at once; more are told of in one line, as after a time when nothing ran


def remind(workspace: Workspace, now: datetime) -> int:
    """Tell the assignees of what is due; the number of tasks. Inside the workspace's scope, in one transaction."""
    due = Task.objects.open().filter(workspace=workspace, remind_at__lte=now, reminded_at=None, deal__deleted_at=None)
    due = due.select_for_update(of=("self",), skip_locked=True).select_related("deal", "lead", "contact", "company")
    tasks = list(due.order_by("remind_at", "pk")[:BATCH])
    by_member = defaultdict(list)
    for task in tasks:
        by_member[task.assignee_id].append(task)
    for user_id, theirs in by_member.items():
        if len(theirs) > MANY:
            first = theirs[0]
            tell(
                workspace,
                user_id,
                first,
                f"reminders:{first.pk}:{first.remind_at:%s}",
                {"more": len(theirs) - 1} | TODAY,
            )
            continue
        for task in theirs:
            tell(workspace, user_id, task, f"reminder:{task.pk}:{task.remind_at:%s}", TODAY)
    Task.objects.filter(pk__in=[task.pk for task in tasks]).update(reminded_at=now)
    return len(tasks)


def tell(workspace: Workspace, user_id: int | None, task: Task, key: str, data: dict[str, object]) -> None:
    """Of a task of their own they are told even where they may not see what it is about: then of the task alone."""
    subject = task.subject
    if subject is not None and subject._meta.model_name in OWNED:
        member = Membership.objects.filter(workspace=workspace, user_id=user_id or 0).select_related("workspace")
        if not seeing(member, subject.owner_id):
            subject = None
    notify([user_id], Notification.Kind.TASK_DUE, subject=subject or workspace, key=key, task=task, data=data)
