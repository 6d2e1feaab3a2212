"""When the next mail of a campaign is due, in working time (pure)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from deals.working_time import Week, after_days, after_hours


def due_after(at: datetime, delay: int, unit: str, week: Week) -> datetime:
    """In UTC. Days are counted as working days, at the same time of day, or as near as work allows.

    >>> from zoneinfo import ZoneInfo
    >>> week, friday = Week(ZoneInfo("Europe/Berlin")), datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
    >>> due_after(friday, 1, "days", week).isoformat(), due_after(friday, 4, "hours", week).isoformat()
    ('2026-11-23T15:00:00+00:00', '2026-11-23T11:00:00+00:00')
    >>> due_after(friday.replace(hour=22), 1, "days", week).isoformat()
    '2026-11-23T17:00:00+00:00'
    """
    if unit == "hours" or not delay:
        return after_hours(at, delay, week)
    local = at.astimezone(week.zone)
    day = after_days(local.date(), delay, week)
    begins, ends = week.shift(day)
    wished = datetime.combine(day, local.time(), week.zone).astimezone(UTC)
    return min(max(begins, wished), ends)


def is_working(at: datetime, week: Week) -> bool:
    day = at.astimezone(week.zone).date()
    begins, ends = week.shift(day)
    return week.works_on(day) and begins <= at < ends + timedelta(minutes=1)
