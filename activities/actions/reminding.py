"""Reminders: what a member asked to be told of in time, once."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from activities.actions.notifying import notify_of_task
from activities.models import Notification, Task
from workspaces.models import Workspace

BATCH = 500
DUE = Notification.Kind.TASK_DUE
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
            key = f"reminders:{first.pk}:{first.remind_at:%s}"
            more: dict[str, object] = {"more": len(theirs) - 1}
            notify_of_task(user_id, DUE, first, subject=first.subject, key=key, data=more)
            continue
        for task in theirs:
            key = f"reminder:{task.pk}:{task.remind_at:%s}"
            notify_of_task(user_id, DUE, task, subject=task.subject, key=key)
    Task.objects.filter(pk__in=[task.pk for task in tasks]).update(reminded_at=now)
    return len(tasks)
