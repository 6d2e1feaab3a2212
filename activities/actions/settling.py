"""Days and reminders of open tasks, after somebody, or a workspace, has moved to another time zone."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from django.db.models import DateTimeField, F, Func, Q, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf

from activities.actions.tasks import by_zone, hold_deals, zone_of
from activities.models import Task
from workspaces.action import action


class EndOfDay(Func):
    """EndOfDay(day, name of a zone), as due.end_of_day counts it."""

    template = "((%(expressions)s))"
    arg_joiner = " + TIME '23:59:59') AT TIME ZONE ("
    output_field = DateTimeField()


def unsettled(workspace_id: int) -> QuerySet:
    """Whose day does not end where their assignee lives, and those whose reminder goes by the clock there."""
    zone = Coalesce(NullIf("assignee__time_zone", Value("")), "workspace__time_zone")
    days = Q(due_on__isnull=False) & ~Q(due_at=F("end"))
    clocks = Q(due_on=None, remind__in=(Task.Remind.DAY, Task.Remind.MORNING))
    found = Task.objects.open().filter(workspace_id=workspace_id).annotate(end=EndOfDay("due_on", zone))
    return found.filter(days | clocks).order_by("pk")


@action
def settle(pks: Sequence[int]) -> int:
    """Of these tasks, put right which are not; how many those were. Who was reminded is not reminded again, and no version
    is made: nobody changed what is to be done."""
    hold_deals(Task.objects.filter(pk__in=pks))
    moved: list[Task] = []
    zones: dict[tuple[int, int | None], ZoneInfo] = {}
    for task in Task.objects.open().filter(pk__in=pks).select_for_update().order_by("pk"):
        key = (task.workspace_id, task.assignee_id)
        zone = zones.get(key) or zones.setdefault(key, zone_of(*key))
        facts = by_zone(task, zone)
        if any(getattr(task, name) != value for name, value in facts.items()):
            for name, value in facts.items():
                setattr(task, name, value)
            moved.append(task)
    Task.objects.bulk_update(moved, ["due_at", "remind_at"])
    return len(moved)
