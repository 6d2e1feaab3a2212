"""What tasks can be narrowed down by. Only these names are read from a URL."""

from __future__ import annotations

from datetime import date, timedelta

import django_filters as filters
from django.db.models import Count, Q, QuerySet

from activities.due import due_by, due_within
from activities.models import SUBJECTS, Task
from workspaces.filtering import Chip, DayFilter, ListFilter, MemberFilter
from workspaces.formats import Formats

DUE = (
    ("overdue", "Overdue"), ("today", "Today"), ("tomorrow", "Tomorrow"), ("week", "In the next 7 days"), ("later", "Later"),
    ("none", "No day"),
)  # fmt: skip
ABOUT = (*((kind, kind.title()) for kind in SUBJECTS), ("nothing", "Nothing"))


def due_ranges(formats: Formats) -> dict[str, Q]:
    today, zone = formats.today, formats.zone

    def days(first: int | None, last: int | None) -> Q:
        ends = (None if days is None else today + timedelta(days=days) for days in (first, last))
        return due_within(*ends, zone)

    return {
        "overdue": due_by(today - timedelta(days=1), zone),
        "today": days(0, 0),
        "tomorrow": days(1, 1),
        "week": days(0, 6),
        "later": days(7, None),
        "none": Q(due_at=None),
    }


def about(kind: str) -> Q:
    """A deal's task stands in its company's timeline too, but is about the deal."""
    kinds = list(SUBJECTS)
    if kind == "nothing":
        return Q(**{f"{other}__isnull": True for other in kinds})
    before = {f"{other}__isnull": True for other in kinds[: kinds.index(kind)]}
    return Q(**before, **{f"{kind}__isnull": False})


class TaskFilter(ListFilter):
    """`request` must be given: choices are those of its workspace, days those of its reader."""

    due = filters.MultipleChoiceFilter(choices=DUE, method="by_due")
    due_from = DayFilter(method="by_first", label="From")
    due_to = DayFilter(method="by_last", label="To")
    assignee = MemberFilter("assignee")
    type = filters.MultipleChoiceFilter(choices=Task.Type.choices)
    priority = filters.MultipleChoiceFilter(choices=Task.Priority.choices)
    about = filters.MultipleChoiceFilter(choices=ABOUT, method="by_about")

    chips = (
        Chip("due", "Due", "calendar", ("due", "due_from", "due_to")),
        Chip("type", "Type", "circle-dot", ("type",)),
        Chip("priority", "Priority", "flag", ("priority",)),
        Chip("about", "About", "square-kanban", ("about",)),
        Chip("assignee", "Assignee", "user-round", ("assignee",)),
    )

    class Meta:
        model = Task
        fields: list[str] = []

    def by_due(self, queryset: QuerySet, name: str, value: list[str]) -> QuerySet:
        return self._any(queryset, due_ranges(self.formats), value)

    def by_about(self, queryset: QuerySet, name: str, value: list[str]) -> QuerySet:
        return self._any(queryset, {kind: about(kind) for kind, _ in ABOUT}, value)

    def _any(self, queryset: QuerySet, conditions: dict[str, Q], chosen: list[str]) -> QuerySet:
        found = Q()
        for key in chosen:
            found |= conditions[key]
        return queryset.filter(found)

    def by_first(self, queryset: QuerySet, name: str, value: date) -> QuerySet:
        return queryset.filter(due_within(value, None, self.formats.zone))

    def by_last(self, queryset: QuerySet, name: str, value: date) -> QuerySet:
        return queryset.filter(due_by(value, self.formats.zone))

    def counts(self, name: str, queryset: QuerySet) -> dict[str, int]:
        conditions = {"due": due_ranges(self.formats), "about": {kind: about(kind) for kind, _ in ABOUT}}.get(name)
        if conditions:
            # Some have the name of a field, which an aggregate may not.
            counted = {f"in_{key}": Count("pk", filter=found) for key, found in conditions.items()}
            return {key.removeprefix("in_"): count for key, count in queryset.aggregate(**counted).items()}
        return super().counts(name, queryset)

    def say(self, chip: Chip, active: dict[str, object]) -> str:
        if chip.name != "due":
            return super().say(chip, active)
        between = [
            f"{word} {self.formats.day(active[f'due_{word}'])}" for word in ("from", "to") if f"due_{word}" in active
        ]
        return " + ".join([*self.labels("due", active.get("due") or []), *([" ".join(between)] if between else [])])
