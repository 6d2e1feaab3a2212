"""The one timeline, for deals, leads, contacts and companies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db import models

from activities.due import how_due
from activities.models import Activity, Door, Mention, Task
from activities.wording import Change, changes, part
from workspaces.access import MemberRequest, visible_owners
from workspaces.cursors import cursor, older_than
from workspaces.formats import Formats

PAGE = 30
LOOK = {
    Activity.Kind.CALL: ("phone", "violet"),
    Activity.Kind.EMAIL_IN: ("mail", "sky"),
    Activity.Kind.EMAIL_OUT: ("mail", "blue"),
    Activity.Kind.MEETING: ("video", "green"),
    Activity.Kind.NOTE: ("notebook-pen", "amber"),
    Activity.Kind.TASK_DONE: ("check", "green"),
    Activity.Kind.TASK_CANCELLED: ("circle-x", ""),
    Activity.Kind.STAGE_CHANGE: ("arrow-right", "blue"),
    Activity.Kind.DEAL_CREATED: ("square-kanban", "teal"),
    Activity.Kind.LEAD_CREATED: ("user-round-search", "teal"),
    Activity.Kind.LEAD_CONVERTED: ("arrow-right-left", "green"),
    Activity.Kind.FIELD_CHANGE: ("pencil", ""),
    Activity.Kind.UNDO: ("undo-2", ""),
    Activity.Kind.SYSTEM: ("workflow", ""),
}
# By what, where it was not the page; and who, where it was nobody.
DOORS = {
    Door.ADMIN: ("in the admin", "An admin"),
    Door.API: ("by API", "The API"),
    Door.IMPORT: ("by import", "An import"),
    Door.AUTOMATION: ("by automation", "An automation"),
    Door.CONNECTOR: ("by a connector", "A connector"),
    Door.SYSTEM: ("by itself", "The system"),
}
TASKS = {Task.Type.CALL: "phone", Task.Type.EMAIL: "mail", Task.Type.MEETING: "video"}


# What a timeline can be narrowed down to.
EVENTS = {
    "calls": ("Calls", (Activity.Kind.CALL,)),
    "emails": ("Emails", (Activity.Kind.EMAIL_IN, Activity.Kind.EMAIL_OUT)),
    "meetings": ("Meetings", (Activity.Kind.MEETING,)),
    "notes": ("Notes", (Activity.Kind.NOTE,)),
    "tasks": ("Tasks", (Activity.Kind.TASK_DONE, Activity.Kind.TASK_CANCELLED)),
    "stages": ("Stage changes", (Activity.Kind.STAGE_CHANGE, Activity.Kind.UNDO)),
    "changes": ("Changes", (Activity.Kind.FIELD_CHANGE,)),
    "system": (
        "System",
        (Activity.Kind.SYSTEM, Activity.Kind.DEAL_CREATED, Activity.Kind.LEAD_CREATED, Activity.Kind.LEAD_CONVERTED),
    ),
}


@dataclass
class Entry:
    """One line; `day` is the heading above the first of each day, else empty."""

    activity: Activity
    icon: str
    tone: str
    day: str
    changes: list[Change]
    part: tuple[str, str, str, str] | None
    who: str
    via: str


@dataclass
class Planned:
    """One open task; `icon` tells what kind it is, `sign` how soon it is due."""

    task: Task
    icon: str
    tone: str
    sign: str
    when: str


class Timeline:
    """The newest activities of one record, of one kind (?events, one of EVENTS) or all, paged by ?before=<activity id>."""

    choices = [(name, label) for name, (label, _) in EVENTS.items()]

    def __init__(self, request: MemberRequest, subject: models.Model, events: str = ""):
        self.subject, self.kind = subject, subject._meta.model_name
        asked = events or request.GET.get("events", "")
        self.events = asked if asked in EVENTS else ""
        formats = Formats.of(request)
        found = visible(request, Activity.objects.filter(workspace_id=subject.workspace_id, **{self.kind: subject}))
        if self.events:
            found = found.filter(kind__in=EVENTS[self.events][1])
        found = found.select_related("actor", "note", "task", "deal").order_by("-at", "-pk")
        if before := request.GET.get("before"):
            found = found.filter(older_than(before))
        activities = list(found[: PAGE + 1])
        naming = [line.note for line in activities if line.note and "@" in line.note.body]
        models.prefetch_related_objects(naming, models.Prefetch("mentions", Mention.objects.select_related("user")))
        self.next = cursor(activities[PAGE - 1].at, activities[PAGE - 1].pk) if len(activities) > PAGE else ""
        self.entries, last = [], None
        for activity in activities[:PAGE]:
            day = formats.local_day(activity.at)
            self.entries.append(entry(activity, heading(day, formats) if day != last else "", formats))
            last = day

    @property
    def shown(self) -> str:
        return EVENTS[self.events][0] if self.events else "All events"


def heading(day: date, formats: Formats) -> str:
    return f"Today, {formats.day(day)}" if day == formats.today else formats.day(day)


def entry(activity: Activity, day: str, formats: Formats) -> Entry:
    icon, tone = LOOK[Activity.Kind(activity.kind)]
    via, nobody = DOORS.get(Door(activity.door), ("", "A visitor"))
    who, via = (str(activity.actor), via) if activity.actor else (nobody, "")
    tone = "" if activity.undone_at else tone
    return Entry(activity, icon, tone, day, changes(activity, formats), part(activity), who, via)


def visible(request: MemberRequest, things: models.QuerySet) -> models.QuerySet:
    """A company's timeline holds its deals' lines too: without those of deals and leads that the member may not see."""
    things = things.filter(deal__deleted_at=None)
    owners = visible_owners(request.member)
    if owners is None:
        return things
    return things.filter(
        models.Q(deal=None) | models.Q(deal__owner_id__in=owners),
        models.Q(lead=None) | models.Q(lead__owner_id__in=owners),
    )


def open_tasks(request: MemberRequest, subject: models.Model) -> list[Planned]:
    return open_and_ended(request, subject, 0)[0]


def open_and_ended(
    request: MemberRequest, subject: models.Model, most: int, ended: Iterable[str] = (Task.Status.DONE,)
) -> tuple[list[Planned], list[Task]]:
    """What is still to be done, the next first, and what `ended` in one of these ways: the last `most`, the newest first."""
    formats, now = Formats.of(request), datetime.now(UTC)
    tasks = Task.objects.filter(workspace_id=subject.workspace_id, **{subject._meta.model_name: subject})
    tasks = visible(request, tasks).select_related("assignee").order_by()
    found = tasks.filter(status=Task.Status.OPEN)
    if most:
        found = found.union(tasks.filter(status__in=ended).order_by("-done_at", "-pk")[:most], all=True)
    rows = list(found)
    to_do = sorted((task for task in rows if task.status == Task.Status.OPEN), key=_soonest)
    past = sorted((task for task in rows if task.status != Task.Status.OPEN), key=_latest, reverse=True)
    return [planned(task, formats, now) for task in to_do], past


def _latest(task: Task) -> tuple[bool, datetime | None, int]:
    return task.done_at is None, task.done_at, task.pk


def _soonest(task: Task) -> tuple[bool, datetime | None, int]:
    return task.due_at is None, task.due_at, task.pk


def planned(task: Task, formats: Formats, now: datetime) -> Planned:
    tone, sign, when = how_due(task.due_at, task.due_on, formats, now)
    if task.due_at and tone != "amber":
        day = formats.day(task.due_on or formats.local_day(task.due_at))
        told = day if task.due_on else f"{day}, {formats.clock(task.due_at)}"
        when = told if tone == "green" else f"{told} · {when}" if when.endswith("late") else when
    return Planned(task, TASKS.get(Task.Type(task.type), "calendar-check"), tone, sign, when)
