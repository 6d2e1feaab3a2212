"""When a task that repeats is due again (pure)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo

from dateutil.relativedelta import relativedelta
from dateutil.rrule import DAILY, FR, MO, TH, TU, WE, WEEKLY, rrule

from activities.models import Task

RULES = {
    Task.Repeat.DAILY: {"freq": DAILY},
    Task.Repeat.WEEKDAYS: {"freq": WEEKLY, "byweekday": (MO, TU, WE, TH, FR)},
    Task.Repeat.WEEKLY: {"freq": WEEKLY},
}


def first_of_series(due_on: date | None, due_at: datetime, zone: tzinfo) -> datetime:
    """What Task.repeat_from keeps: day and clock as they are read in `zone`, written as if in UTC. A zone's clock may change
    between two of a series, what its wall clock says may not."""
    if due_on:
        return datetime(due_on.year, due_on.month, due_on.day, tzinfo=UTC)
    return due_at.astimezone(zone).replace(tzinfo=UTC)


def next_of_series(repeat: str, first: datetime, last: date, today: date) -> datetime:
    """The next after the one of the day `last` that is not over already, as `first_of_series` writes it.

    A month without the first one's day has it on its last.
    """
    after = max(last, today - timedelta(days=1))
    if repeat == Task.Repeat.MONTHLY:
        months = max(1, (after.year - first.year) * 12 + after.month - first.month)
        found = first + relativedelta(months=months)
        return found if found.date() > after else first + relativedelta(months=months + 1)
    rule = rrule(dtstart=first, **RULES[Task.Repeat(repeat)])
    return rule.after(datetime.combine(after, first.time(), UTC))
