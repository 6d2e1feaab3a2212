"""When something is due that is given in working hours or working days (pure; domain.md section 3).

Hours are those that really pass: on the night a clock changes, a shift over it is an hour shorter or longer.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from workspaces.models import Workspace

DAY = timedelta(days=1)
USUAL_DAYS = frozenset(range(5))


@dataclass(frozen=True)
class Week:
    """When a workspace works: from `start` to `end` of each of `days` (Monday is 0; none named: Monday to Friday)."""

    zone: ZoneInfo
    start: time = time(9)
    end: time = time(18)
    days: Collection[int] = USUAL_DAYS

    def works_on(self, day: date) -> bool:
        return day.weekday() in (self.days or USUAL_DAYS)

    def shift(self, day: date) -> tuple[datetime, datetime]:
        """When work of this day begins and ends, in UTC; both are the same on a day that a zone left out (Apia, 2011)."""
        begins = datetime.combine(day, self.start, self.zone).astimezone(UTC)
        ends = datetime.combine(day, self.end, self.zone).astimezone(UTC)
        return begins, max(begins, ends) if begins.astimezone(self.zone).date() == day else begins


def week_of(workspace: Workspace) -> Week:
    return Week(ZoneInfo(workspace.time_zone), workspace.work_start, workspace.work_end, frozenset(workspace.work_days))


def after_hours(at: datetime, hours: int, week: Week) -> datetime:
    """The moment (UTC) by which `hours` of work have passed since `at`. Work that would be done as the day ends is due
    then, not the next morning; none at all (0) is due when work next goes on."""
    left = timedelta(hours=hours)
    day = at.astimezone(week.zone).date()
    while True:
        begins, ends = week.shift(day)
        now = max(at.astimezone(UTC), begins)
        if week.works_on(day) and now < ends:
            if now + left <= ends:
                return now + left
            left -= ends - now
        day += DAY


def after_days(day: date, days: int, week: Week) -> date:
    """The working day that comes `days` working days after `day`; with 0 `day` itself, or the next that is worked."""
    while not week.works_on(day) or days > 0:
        day += DAY
        days -= week.works_on(day)
    return day


def worked(since: datetime, until: datetime, week: Week) -> timedelta:
    """How much work time lies between two moments."""
    total, day = timedelta(), since.astimezone(week.zone).date()
    while day <= until.astimezone(week.zone).date():
        if week.works_on(day):
            begins, ends = week.shift(day)
            total += max(timedelta(), min(ends, until) - max(begins, since))
        day += DAY
    return total
