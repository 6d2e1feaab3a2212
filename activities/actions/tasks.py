"""Tasks: planned, changed, done, and taken back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps
from django.db import models
from django.utils import timezone

from activities.actions.notifying import notify
from activities.actions.recording import about
from activities.models import SUBJECTS, Activity, Door, Notification, Task
from workspaces.access import acting, check_may
from workspaces.action import Refused, Stale, action
from workspaces.dates import check_dates
from workspaces.models import Membership, Role, User, Workspace
from workspaces.tenant import TenantModel

# What a person may set on an open task.
EDITABLE = ("title", "type", "due_at", "due_all_day", "priority", "assignee_id", "remind_at", "repeat")
# The line of the timeline that says how a task ended.
CLOSED: dict[str, Activity.Kind] = {
    Task.Status.DONE: Activity.Kind.TASK_DONE,
    Task.Status.CANCELLED: Activity.Kind.TASK_CANCELLED,
}
# Made by pghistory, one row per change of a task: as it was before.
HISTORY = apps.get_model("activities", "TaskHistory")


@action
def plan_task(
    subject: TenantModel,
    title: str,
    *,
    by: Membership | None,
    assignee_id: int | None = None,
    type: str = Task.Type.TODO,
    due_at: datetime | None = None,
    due_all_day: bool = True,
    priority: int = Task.Priority.NORMAL,
    why: str = "",
    at: datetime | None = None,
) -> Task:
    """Something to do about `subject`, by `assignee_id` (a user id), else by whoever plans it.

    `why`: where no person plans it, by what it is there.
    """
    check_may(by, Role.REP, "plan tasks")
    assignee_id = assignee_id or acting(by)
    check_dates(at=at)
    check_task(subject.workspace_id, {"title": title, "due_at": due_at, "assignee_id": assignee_id})
    task = Task.objects.create(
        workspace_id=subject.workspace_id,
        title=title.strip(),
        type=type,
        due_at=due_at,
        due_all_day=due_all_day,
        priority=priority,
        why=why,
        assignee_id=assignee_id,
        created_by_id=acting(by),
        created_at=at or timezone.now(),
        **about(subject),
    )
    tell_assignee(task, subject, by)
    return task


@action
def update_task(task: Task, *, by: Membership | None, version: int | None = None, **changes: object) -> Task:
    """Set facts (EDITABLE) of an open task. The audit trail says who did, and `undo_task_change` takes it back.

    `version`, here and below, is the one that the caller saw; None (commands, the admin) takes the newest.
    """
    check_may(by, Role.REP, "change tasks")
    task = lock_task(task, version)
    if unknown := changes.keys() - EDITABLE:
        raise Refused(f"These cannot be set: {', '.join(sorted(unknown))}.")
    if task.status != Task.Status.OPEN:
        raise Refused(f"This task is {task.status}. Open it again to change it.")
    changes = {name: value for name, value in changes.items() if getattr(task, name) != value}
    check_task(task.workspace_id, changes)
    task = _save(task, changes)
    if "assignee_id" in changes:
        tell_assignee(task, task.subject, by)
    return task


def tell_assignee(task: Task, subject: Any, by: Membership | None) -> None:
    """Of a task that a person gave them; those of a playbook come with the stage, which they hear of."""
    if by is not None:
        key = f"task:{task.pk}:{task.version}"
        notify([task.assignee_id], Notification.Kind.TASK_ASSIGNED, subject=subject, key=key, by=by, task=task)


@action
def complete_task(
    task: Task,
    *,
    by: Membership,
    version: int | None = None,
    door: Door = Door.WEB,
    at: datetime | None = None,
) -> Task:
    """Done, once: a second click finds it done and writes nothing."""
    check_may(by, Role.REP, "complete tasks")
    check_dates(at=at)
    return _close(task, Task.Status.DONE, by, version, door, at or timezone.now())


@action
def cancel_task(
    task: Task, *, by: Membership | None, version: int | None = None, door: Door = Door.WEB, why: str = ""
) -> Task:
    """Not to be done any more; once, like `complete_task`. `why`, where no person did it, the timeline says."""
    check_may(by, Role.REP, "cancel tasks")
    return _close(task, Task.Status.CANCELLED, by, version, door, timezone.now(), why)


def _close(
    task: Task, status: str, by: Membership | None, version: int | None, door: Door, at: datetime, why: str = ""
) -> Task:
    task = lock_task(task)
    if task.status == status:
        return task
    check_version(task, version)
    if task.status != Task.Status.OPEN:
        raise Refused(f"This task is {task.status} already.")
    _save(task, {"status": status, "done_at": at if status == Task.Status.DONE else None})
    _tell(task, CLOSED[status], by=by, door=door, at=at, why=why)
    return task


@action
def reopen_task(task: Task, *, by: Membership | None, version: int | None = None, door: Door = Door.WEB) -> Task:
    """To be done after all: what the timeline says of its end stays, struck, and counts for nothing."""
    check_may(by, Role.REP, "reopen tasks")
    task = lock_task(task)
    if task.status == Task.Status.OPEN:
        return task
    check_version(task, version)
    _save(task, {"status": Task.Status.OPEN, "done_at": None})
    _strike(task, by, door)
    return task


@action
def undo_task_change(task: Task, *, by: Membership, version: int, door: Door = Door.WEB) -> Task:
    """Put a task back as it was before the change that made `version` of it: facts, status, the line of its end."""
    check_may(by, Role.REP, "change tasks")
    task = lock_task(task, version)
    image = HISTORY.objects.filter(pgh_obj_id=task.pk, version=version - 1).order_by("-pgh_id").first()
    if image is None:
        raise Refused("There is nothing to undo.")
    before = task.status
    _save(task, {name: getattr(image, name) for name in (*EDITABLE, "status", "done_at")})
    if task.status == Task.Status.OPEN and before != task.status:
        _strike(task, by, door)
    elif before == Task.Status.OPEN and before != task.status:
        newest = _lines_of(task).filter(kind=CLOSED[task.status]).order_by("-at", "-pk").values("pk")[:1]
        Activity.objects.filter(pk__in=newest).update(undone_at=None)
        _lines_of(task).filter(kind=Activity.Kind.UNDO, undone_at=None).update(undone_at=timezone.now())
    return task


def lock_task(task: Task, version: int | None = None) -> Task:
    """The newest state, locked until the end of the transaction."""
    found = Task.objects.select_for_update().filter(pk=task.pk).first()
    if found is None:
        raise Stale("This task was deleted meanwhile.")
    check_version(found, version)
    return found


def check_version(task: Task, version: int | None) -> None:
    if version is not None and task.version != version:
        last = HISTORY.objects.filter(pgh_obj_id=task.pk).order_by("-pgh_id").first()
        context = (last and last.pgh_context) or {}
        who = User.objects.filter(pk=context.get("user") or 0).first()
        raise Stale(f"It was not changed: {who or 'somebody'} changed this task meanwhile.")


def check_task(workspace_id: int, facts: Mapping[str, object]) -> None:
    """What every door must keep to; the database holds the rest."""
    if "title" in facts and not str(facts["title"]).strip():
        raise Refused("A task needs a title.", fields={"title": "What is to be done?"})
    if isinstance(due_at := facts.get("due_at"), datetime):
        check_dates(due_on=due_at)
    assignee_id = facts.get("assignee_id")
    members = Membership.objects.active().filter(workspace_id=workspace_id, user_id=assignee_id)
    if assignee_id and not members.exists():
        raise Refused("The assignee is not a member of this workspace.", fields={"assignee": "Choose a member."})


def _save(task: Task, changes: Mapping[str, object]) -> Task:
    """Nothing is written, and the version stays, when all is so already."""
    if changes:
        for name, value in changes.items():
            setattr(task, name, value.strip() if name == "title" and isinstance(value, str) else value)
        task.version += 1
        task.save(update_fields=[*changes, "version"])
    return task


def _tell(task: Task, kind: Activity.Kind, *, by: Membership | None, door: Door, at: datetime, why: str = "") -> None:
    keys = {f"{name}_id": getattr(task, f"{name}_id") for name in SUBJECTS}
    Activity.objects.create(
        workspace_id=task.workspace_id,
        kind=kind,
        actor_id=acting(by),
        door=door,
        at=at,
        task=task,
        body=task.title,
        data={"why": why} if why else {},
        **keys,
    )


def _strike(task: Task, by: Membership | None, door: Door) -> None:
    now = timezone.now()
    _lines_of(task).filter(kind__in=CLOSED.values(), undone_at=None).update(undone_at=now)
    _tell(task, Activity.Kind.UNDO, by=by, door=door, at=now)


def _lines_of(task: Task) -> models.QuerySet[Activity]:
    """By what it is about too: for that there is an index."""
    name = next(name for name in SUBJECTS if getattr(task, f"{name}_id"))
    return Activity.objects.filter(task=task, **{f"{name}_id": getattr(task, f"{name}_id")})


def end_of_day(day: date, workspace: Workspace, zone: str = "") -> datetime:
    """When a task that is due "on Friday" is late: at the end of that day where its assignee lives."""
    return datetime.combine(day, time(23, 59, 59), ZoneInfo(zone or workspace.time_zone))
