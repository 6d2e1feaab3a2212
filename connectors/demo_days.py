"""Working days and hours, counted back from today (pure). `ago` is a number of days before today."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

MORNING, NOON, EVENING = 8 * 60 + 20, 13 * 60, 17 * 60 + 40  # minutes of the day


class Days:
    """Nothing it gives lies later than yesterday evening, so that the hour of making the demo changes nothing."""

    def __init__(self, now: datetime, zone: ZoneInfo, rng: Random):
        self.zone, self.rng = zone, rng
        self.today = now.astimezone(zone).date()

    def day(self, ago: int) -> date:
        return self.today - timedelta(days=ago)

    def working(self, ago: int) -> int:
        """That day, else the Friday before it."""
        ago = max(1, ago)
        while self.day(ago).weekday() > 4:
            ago += 1
        return ago

    def due(self, ahead: int) -> date:
        """A working day to come, or one that is over; today stays today even on a Sunday."""
        step = 1 if ahead > 0 else -1
        while ahead and self.day(-ahead).weekday() > 4:
            ahead += step
        return self.day(-ahead)

    def moment(self, ago: int, *, late: bool = False) -> datetime:
        """Some minute of office hours, or of the afternoon, on a working day."""
        minute = self.rng.randrange(NOON if late else MORNING, EVENING)
        at = datetime.combine(self.day(self.working(ago)), time(minute // 60, minute % 60), self.zone)
        return at.astimezone(UTC)

    def backwards(self, ago: int, gaps: Iterable[int]) -> list[int]:
        """Working days, the last one `ago`, each so many days after the one before; in the order of time."""
        found = [self.working(ago)]
        for gap in gaps:
            found.append(self.working(found[-1] + gap))
        return found[::-1]

    def between(self, start: datetime, end: datetime) -> datetime | None:
        """Some moment of office hours; None when there is hardly one."""
        first, last = (self.ago(moment) for moment in (start, end))
        for _ in range(5):
            at = self.moment(self.rng.randint(last, first))
            if start < at < end:
                return at
        return None

    def ago(self, moment: datetime) -> int:
        return (self.today - moment.astimezone(self.zone).date()).days
