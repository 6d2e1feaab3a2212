"""When something is due, and how soon that is for one reader: in colour, shape and words alike on cards, lists and timelines
(pure)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

from django.db.models import Q

from activities.models import Task
from workspaces.formats import Formats

# The icon of each tone.
SIGNS = {"red": "circle-alert", "amber": "bell", "green": "calendar-check"}
WIDEST = timedelta(days=1, hours=3)  # no two zones are further apart
# Of what is due on a day.
MORNING = time(9)
BEFORE = {
    Task.Remind.MINUTES: timedelta(minutes=10),
    Task.Remind.HOUR: timedelta(hours=1),
    Task.Remind.DAY: timedelta(days=1),
}
FRIDAY = 4


def how_due(due_at: datetime | None, due_on: date | None, formats: Formats, now: datetime) -> tuple[str, str, str]:
    """(tone, icon, when): red overdue, amber today, green later or some day. What is due on a day is late once that day is
    over where its reader lives."""
    if due_at is None:
        return "green", SIGNS["green"], ""
    day = due_on or formats.local_day(due_at)
    if day < formats.today or (due_on is None and due_at < now):
        late = f"{(formats.today - day).days} d late" if day < formats.today else f"since {formats.clock(due_at)}"
        return "red", SIGNS["red"], late
    if day == formats.today:
        return "amber", SIGNS["amber"], "today" if due_on else f"today {formats.clock(due_at)}"
    return "green", SIGNS["green"], formats.day(day)


def end_of_day(day: date, zone: tzinfo) -> datetime:
    """When what is due "on Friday" is late: at the end of that day where its assignee lives."""
    return datetime.combine(day, time(23, 59, 59), zone)


def reminder(remind: str, due_on: date | None, due_at: datetime | None, zone: tzinfo) -> datetime | None:
    """The moment of a reminder (Task.Remind) in the assignee's zone; None where there is none."""
    if not remind or due_at is None:
        return None
    morning = datetime.combine(due_on or due_at.astimezone(zone).date(), MORNING, zone)
    if remind == Task.Remind.MORNING:
        return morning
    due = morning if due_on else due_at
    if remind == Task.Remind.DAY:
        # A day is not always 24 hours.
        local = due.astimezone(zone)
        return datetime.combine(local.date() - BEFORE[Task.Remind.DAY], local.time(), zone)
    return due - BEFORE.get(Task.Remind(remind), timedelta(0))


def due_by(day: date, zone: tzinfo) -> Q:
    """Due on that day of a reader in `zone`, or before."""
    return due_within(None, day, zone)


def due_within(first: date | None, last: date | None, zone: tzinfo) -> Q:
    """Due from the day `first` to the day `last`, both included, as they are counted in `zone`; None is open.

    Days and times are told apart; the bounds around both, a day wider than any zone is away, are what an index starts at.
    """
    days, times, around = Q(due_on__isnull=False), Q(due_on=None), Q(due_at__isnull=False)
    if first:
        begin = datetime.combine(first, time(), zone)
        days &= Q(due_on__gte=first)
        times &= Q(due_at__gte=begin)
        around &= Q(due_at__gte=begin - WIDEST)
    if last:
        end = datetime.combine(last + timedelta(days=1), time(), zone)
        days &= Q(due_on__lte=last)
        times &= Q(due_at__lt=end)
        around &= Q(due_at__lt=end + WIDEST)
    return around & (days | times)


def follow_up_day(today: date) -> date:
    """When one usually comes back to something: in three days, a weekend passed over.

    >>> follow_up_day(date(2026, 11, 20)), follow_up_day(date(2026, 11, 18))
    (datetime.date(2026, 11, 23), datetime.date(2026, 11, 23))
    """
    day = today + timedelta(days=3)
    return day + timedelta(days=7 - day.weekday()) if day.weekday() > FRIDAY else day
