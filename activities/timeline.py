"""The one timeline, for deals, leads, contacts and companies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db import models
from django.http import Http404

from activities.models import Activity, Task
from workspaces.access import MemberRequest, visible_owners
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
NAMES = {
    "expected_close_date": "close date",
    "owner_id": "owner",
    "company_id": "company",
    "lead_id": "lead",
    "campaign_id": "campaign",
    "segment_id": "segment",
}


@dataclass
class Entry:
    """One line; `day` is set on the first of each day."""

    activity: Activity
    icon: str
    tone: str
    day: date | None
    changes: list[tuple[str, object, object]]


class Timeline:
    """The newest activities of one record, paged by ?before=<activity id>."""

    def __init__(self, request: MemberRequest, subject: models.Model):
        self.subject, self.kind = subject, subject._meta.model_name
        formats = Formats.of(request)
        found = visible(request, Activity.objects.filter(workspace_id=subject.workspace_id, **{self.kind: subject}))
        found = found.select_related("actor", "note", "deal").order_by("-at", "-pk")
        if before := request.GET.get("before"):
            found = found.filter(older_than(before))
        activities = list(found[: PAGE + 1])
        self.next = cursor(activities[PAGE - 1]) if len(activities) > PAGE else ""
        self.entries, last = [], None
        for activity in activities[:PAGE]:
            day = formats.local_day(activity.at)
            icon, tone = LOOK[Activity.Kind(activity.kind)]
            self.entries.append(Entry(activity, icon, tone, day if day != last else None, changes(activity)))
            last = day


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


def cursor(activity: Activity) -> str:
    return f"{activity.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}_{activity.pk}"


def older_than(text: str) -> models.Q:
    moment, _, pk = text.rpartition("_")
    try:
        at = datetime.fromisoformat(moment)
        return models.Q(at__lt=at) | models.Q(at=at, pk__lt=int(pk))
    except ValueError:
        raise Http404("No such page") from None


def changes(activity: Activity) -> list[tuple[str, object, object]]:
    """(what, from, to) of a change of fields, in words."""
    data = activity.data.get("changes") or {}
    return [(NAMES.get(field, field.replace("_", " ")), old, new) for field, (old, new) in data.items()]


def open_tasks(request: MemberRequest, subject: models.Model) -> models.QuerySet:
    tasks = Task.objects.filter(
        workspace_id=subject.workspace_id, status=Task.Status.OPEN, **{subject._meta.model_name: subject}
    )
    return visible(request, tasks).select_related("assignee").order_by(models.F("due_at").asc(nulls_last=True), "pk")
