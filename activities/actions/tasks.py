"""Tasks: planned, changed, done, and taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps
from django.db import models
from django.utils import timezone

from activities.actions.meetings import tell_attendees
from activities.actions.notifying import notify_of_task
from activities.actions.recording import about
from activities.causes import caused
from activities.due import end_of_day, reminder
from activities.models import SUBJECTS, Activity, Door, Notification, Task
from activities.outbox import ring, tries_for
from activities.repeat import first_of_series, next_of_series
from workspaces.access import acting, check_may
from workspaces.action import NotAllowed, Refused, Stale, action
from workspaces.dates import check_dates
from workspaces.members import active_members
from workspaces.models import Membership, Role, User, Workspace
from workspaces.tenant import TenantModel

# What a person may set on an open task.
EDITABLE = (
    "title", "type", "due_on", "due_at", "minutes", "place", "priority", "assignee_id", "remind", "repeat",
)  # fmt: skip
# What follows from these.
DERIVED = ("remind_at", "repeat_from", "repeat_on")
# The line of the timeline that says how a task ended.
CLOSED: dict[str, Activity.Kind] = {
    Task.Status.DONE: Activity.Kind.TASK_DONE,
    Task.Status.CANCELLED: Activity.Kind.TASK_CANCELLED,
}
ENDS = (*CLOSED.values(), Activity.Kind.MEETING)
# Made by pghistory, one row per change of a task: as it was before.
HISTORY = apps.get_model("activities", "TaskHistory")


@action
def plan_task(
    subject: TenantModel | Workspace,
    title: str,
    *,
    by: Membership | None,
    assignee_id: int | None = None,
    why: str = "",
    at: datetime | None = None,
    part_of: tuple[str, int] | None = None,
    **facts: object,
) -> Task:
    """Something to do about `subject` (about nothing, if that is a workspace), by `assignee_id` (a user id), else by whoever
    plans it. `facts` are others of EDITABLE: `due_on` for a day, `due_at` for a time.

    `why`: where no person plans it, by what it is there. `part_of`: the key of something done to many deals, and how
    many; its assignees hear of it once.
    """
    check_may(by, Role.REP, "plan tasks")
    check_dates(at=at)
    task = Task(
        workspace_id=subject.pk if isinstance(subject, Workspace) else subject.workspace_id,
        why=why,
        created_by_id=acting(by),
        created_at=at or timezone.now(),
        **({} if isinstance(subject, Workspace) else about(subject)),
    )
    facts |= {"title": title, "assignee_id": assignee_id or acting(by)}
    for name, value in settled(task, facts).items():
        setattr(task, name, value)
    task.save(force_insert=True)
    tell_assignee(task, None if isinstance(subject, Workspace) else subject, by, part_of)
    return task


@action
def update_task(
    task: Task,
    *,
    by: Membership | None,
    version: int | None = None,
    part_of: tuple[str, int] | None = None,
    quiet: bool = False,
    **changes: object,
) -> Task:
    """Set facts (EDITABLE) of an open task. The audit trail says who did, and `undo_task_change` takes it back.

    `version`, here and below, is the one that the caller saw; None (commands, the admin) takes the newest. `part_of`: see
    plan_task. `quiet`: its assignee is who it was before, and needs no word of it.
    """
    check_may(by, Role.REP, "change tasks")
    task = lock_task(task, version)
    if task.status != Task.Status.OPEN:
        raise Refused(f"This task is {task.status}. Open it again to change it.")
    before = task.assignee_id
    task = _save(task, settled(task, changes))
    if task.assignee_id != before and not quiet:
        tell_assignee(task, task.subject, by, part_of)
    return task


def tell_assignee(task: Task, subject: Any, by: Membership | None, part_of: tuple[str, int] | None = None) -> None:
    """Of a task that a person gave them; those of a playbook come with the stage, which they hear of."""
    if by is not None:
        whole, count = part_of or ("", 1)
        key = f"task:{whole}" if count > 1 else f"task:{task.pk}:{task.version}"
        data: dict[str, object] = {"many": count} if count > 1 else {}
        kind = Notification.Kind.TASK_ASSIGNED
        notify_of_task(task.assignee_id, kind, task, subject=subject, key=key, by=by, data=data)


@action
def complete_task(
    task: Task,
    *,
    by: Membership,
    version: int | None = None,
    door: Door = Door.WEB,
    at: datetime | None = None,
) -> Task:
    """Done, once: a second click finds it done and writes nothing. What repeats is planned anew."""
    check_may(by, Role.REP, "complete tasks")
    check_dates(at=at)
    task = _close(task, Task.Status.DONE, by, version, door, at or timezone.now())
    plan_next(task)
    return task


@action
def cancel_task(
    task: Task,
    *,
    by: Membership | None,
    version: int | None = None,
    door: Door = Door.WEB,
    series: bool = True,
    why: str = "",
) -> Task:
    """Not to be done any more; once, like `complete_task`. Of what repeats this ends the series, unless `series` says that
    this one alone is skipped. `why`, where no person did it, the timeline says."""
    check_may(by, Role.REP, "cancel tasks")
    task = _close(task, Task.Status.CANCELLED, by, version, door, timezone.now(), why)
    if not series:
        plan_next(task)
    return task


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
    held = status == Task.Status.DONE and task.type == Task.Type.MEETING
    _tell(task, Activity.Kind.MEETING if held else CLOSED[status], by=by, door=door, at=at, why=why)
    return task


def plan_next(task: Task) -> Task | None:
    """The next of a series, once however often this one is finished and opened again."""
    if not task.repeat or task.repeat_from is None or task.repeat_on is None:
        return None
    zone = zone_of(task.workspace_id, task.assignee_id)
    wall = next_of_series(task.repeat, task.repeat_from, task.repeat_on, timezone.now().astimezone(zone).date())
    when: dict[str, object] = {"due_on": wall.date()} if task.due_on else {"due_at": wall.replace(tzinfo=zone)}
    same = {name: getattr(task, name) for name in (*EDITABLE, *subject_keys()) if not name.startswith("due_")}
    following = Task(workspace_id=task.workspace_id, created_by_id=task.created_by_id, follows=task)
    for name, value in same.items():
        setattr(following, name, value)
    for name, value in (settled(following, when) | {"repeat_from": task.repeat_from, "repeat_on": wall.date()}).items():
        setattr(following, name, value)
    known = Task.objects.filter(follows=task).first()
    if known is None:
        following.save(force_insert=True)
    return known or following


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
    _unplan_next(task)
    return task


def _unplan_next(task: Task) -> None:
    """What was planned because this one had ended, if nobody has touched it since."""
    Task.objects.filter(follows=task, status=Task.Status.OPEN, version=1).delete()


@action
def undo_task_change(task: Task, *, by: Membership, version: int, door: Door = Door.WEB) -> Task:
    """Put a task back as it was before the change that made `version` of it: facts, status, the line of its end. By whoever
    made that change, or a manager; refused where it cannot be as it was any more."""
    check_may(by, Role.REP, "change tasks")
    task = lock_task(task, version)
    image = HISTORY.objects.filter(pgh_obj_id=task.pk, version=version - 1).order_by("-pgh_id").first()
    if image is None:
        raise Refused("There is nothing to undo.")
    if (image.pgh_context or {}).get("user") != by.user_id and not by.may(Role.MANAGER):
        raise NotAllowed("Only a manager may undo what somebody else did.")
    before = task.status
    names = (*EDITABLE, *DERIVED, "status", "done_at")
    were = {name: getattr(image, name) for name in names}
    # Whoever it falls to again may have moved to another zone.
    were |= by_zone(image, zone_of(task.workspace_id, image.assignee_id))
    restored = {name: value for name, value in were.items() if value != getattr(task, name)}
    check_task(task.workspace_id, {name: value for name, value in restored.items() if name in EDITABLE})
    _save(task, restored | {"reminded_at": None})
    if task.status == Task.Status.OPEN and before != task.status:
        _strike(task, by, door)
        _unplan_next(task)
    elif before == Task.Status.OPEN and before != task.status:
        newest = _lines_of(task).filter(kind__in=ENDS).order_by("-at", "-pk").values("pk")[:1]
        Activity.objects.filter(pk__in=newest).update(undone_at=None)
        _lines_of(task).filter(kind=Activity.Kind.UNDO, undone_at=None).update(undone_at=timezone.now())
        if task.status == Task.Status.DONE:
            plan_next(task)
    return task


def lock_task(task: Task, version: int | None = None) -> Task:
    """The newest state, locked until the end of the transaction.

    The deal it is about is locked before it: its next activity follows from the task, and whoever changes deals and then
    their tasks (a new owner who takes them over) must not meet somebody who has the task and waits for the deal.
    """
    hold_deals([task])
    found = Task.objects.select_for_update().filter(pk=task.pk).first()
    if found is None:
        raise Stale("This task was deleted meanwhile.")
    check_version(found, version)
    return found


def hold_deals(tasks: Iterable[Task]) -> None:
    """Lock the deals that these are about, in the order of their ids."""
    if pks := {task.deal_id for task in tasks if task.deal_id}:
        deals = apps.get_model(SUBJECTS["deal"])._base_manager.select_for_update(no_key=True)
        list(deals.filter(pk__in=pks).order_by("pk").values_list("pk"))


def check_version(task: Task, version: int | None) -> None:
    if version is not None and task.version != version:
        last = HISTORY.objects.filter(pgh_obj_id=task.pk).order_by("-pgh_id").first()
        context = (last and last.pgh_context) or {}
        who = User.objects.filter(pk=context.get("user") or 0).first()
        raise Stale(f"It was not changed: {who or 'somebody'} changed this task meanwhile.")


def check_task(workspace_id: int, facts: Mapping[str, object]) -> None:
    """What every door must keep to; the database holds the rest."""
    if unknown := facts.keys() - EDITABLE:
        raise Refused(f"These cannot be set: {', '.join(sorted(unknown))}.")
    if "title" in facts and not str(facts["title"]).strip():
        raise Refused("A task needs a title.", fields={"title": "What is to be done?"})
    for name in ("due_at", "due_on"):
        check_dates(due_on=facts.get(name))  # type: ignore[arg-type]
    assignee_id = facts.get("assignee_id")
    is_member = isinstance(assignee_id, int) and active_members(workspace_id, [assignee_id])
    if assignee_id and not is_member:
        raise Refused("The assignee is not a member of this workspace.", fields={"assignee": "Choose a member."})


def settled(task: Task, facts: dict[str, object]) -> dict[str, object]:
    """Those of `facts` that are changes, checked, and what follows from them: the instant at which a day is over, when to
    remind, where a series starts."""
    if facts.get("due_on"):
        facts.pop("due_at", None)
    elif "due_at" in facts:
        facts["due_on"] = None
    elif "due_on" in facts and task.due_on:
        facts["due_at"] = None
    if task.pk:
        facts = {name: value for name, value in facts.items() if getattr(task, name, EDITABLE) != value}
    check_task(task.workspace_id, facts)
    if isinstance(facts.get("title"), str):
        facts["title"] = str(facts["title"]).strip()

    def now(name: str) -> Any:
        return facts.get(name, getattr(task, name))

    if not facts.keys() & {"due_on", "due_at", "assignee_id", "remind", "repeat"}:
        return facts
    zone = zone_of(task.workspace_id, now("assignee_id"))
    if now("due_on"):
        facts["due_at"] = end_of_day(now("due_on"), zone)
    if now("due_at") is None:
        for name, what in (("remind", "reminder"), ("repeat", "repetition")):
            if facts.get(name):
                raise Refused(f"A {what} needs a day.", fields={"due_on": "On which day?"})
        facts |= {"remind": "", "repeat": ""}
    facts["remind_at"] = reminder(now("remind"), now("due_on"), now("due_at"), zone)
    if facts["remind_at"] != task.remind_at:
        facts["reminded_at"] = None
    if not now("repeat"):
        facts |= {"repeat_from": None, "repeat_on": None}
    elif now("repeat") != task.repeat or task.repeat_from is None:
        first = first_of_series(now("due_on"), now("due_at"), zone)
        facts |= {"repeat_from": first, "repeat_on": first.date()}
    return {name: value for name, value in facts.items() if getattr(task, name) != value}


def by_zone(task: Any, zone: ZoneInfo) -> dict[str, object]:
    """What follows from the facts of a task where its assignee lives."""
    due_at = end_of_day(task.due_on, zone) if task.due_on else task.due_at
    return {"due_at": due_at, "remind_at": reminder(task.remind, task.due_on, due_at, zone)}


def zone_of(workspace_id: int, user_id: int | None) -> ZoneInfo:
    """Where the day of a task begins and ends: its assignee's own zone, else that of the workspace."""
    for member in active_members(workspace_id, [user_id] if user_id else []):
        return member.zone
    zones = User.objects.filter(pk=user_id or 0).values_list("time_zone", flat=True)
    name = "".join(zones) or Workspace.objects.values_list("time_zone", flat=True).get(pk=workspace_id)
    return ZoneInfo(name)


def _save(task: Task, changes: Mapping[str, object]) -> Task:
    """Nothing is written, and the version stays, when all is so already."""
    if changes:
        for name, value in changes.items():
            setattr(task, name, value)
        task.version += 1
        task.changed_at = timezone.now()
        task.save(update_fields=[*changes, "version", "changed_at"])
        tell_attendees(task, changes.keys())
    return task


def subject_keys() -> list[str]:
    return [f"{name}_id" for name in SUBJECTS]


def _tell(task: Task, kind: Activity.Kind, *, by: Membership | None, door: Door, at: datetime, why: str = "") -> None:
    """In the timelines of what it is about. One about nothing has none: its row and the audit trail say what was done."""
    keys = {name: getattr(task, name) for name in subject_keys()}
    if not any(keys.values()):
        return
    # That a task is opened again undoes no move: nothing follows from it.
    if tries := tries_for(kind) if kind != Activity.Kind.UNDO else 0:
        ring(task.workspace_id)
    Activity.objects.create(
        workspace_id=task.workspace_id,
        tries_left=tries,
        kind=kind,
        actor_id=acting(by),
        door=door,
        at=at,
        task=task,
        body=task.title,
        data=caused({"why": why} if why else {}),
        minutes=task.minutes if kind == Activity.Kind.MEETING else None,
        **keys,
    )


def _strike(task: Task, by: Membership | None, door: Door) -> None:
    now = timezone.now()
    _lines_of(task).filter(kind__in=ENDS, undone_at=None).update(undone_at=now)
    _tell(task, Activity.Kind.UNDO, by=by, door=door, at=now)


def _lines_of(task: Task) -> models.QuerySet[Activity]:
    """By what it is about too: for that there is an index."""
    keys = {name: pk for name in subject_keys() if (pk := getattr(task, name))}
    return Activity.objects.filter(task=task, **dict(list(keys.items())[:1])) if keys else Activity.objects.none()
