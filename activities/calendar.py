"""The calendar: the tasks and meetings of a month or a week by day, as their reader counts days."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from babel.dates import format_date, get_day_names
from django.urls import reverse

from activities.due import due_within
from activities.lines import present, rows
from activities.models import Task
from workspaces.access import MemberRequest, visible_owners
from workspaces.dates import is_taken
from workspaces.formats import Formats
from workspaces.models import Membership

VIEWS = (("month", "Month"), ("week", "Week"))
MOST = 1000  # lines of one page
DAY, WEEK = timedelta(days=1), timedelta(days=7)


@dataclass
class Date:
    """One day of the page; `is_out` says that it is of another month."""

    day: date
    number: str
    name: str
    is_out: bool
    is_today: bool
    lines: list[dict] = field(default_factory=list)


class Calendar:
    """`?view=month|week&day=2026-11-20&who=<user id>|all`: the days around that day, of one's own if nobody is named."""

    def __init__(self, request: MemberRequest):
        self.formats = Formats.of(request)
        self.view = "week" if request.GET.get("view") == "week" else "month"
        self.day = read_day(request.GET.get("day", ""), self.formats.today)
        members = Membership.objects.active().filter(workspace=request.workspace)
        self.members = list(members.values_list("user_id", "user__name", "user__email"))
        self.who = self._who(request)
        self.days = self._days()
        self.is_cut = self._fill(request)

    def _who(self, request: MemberRequest) -> str:
        """A user id, or "all"."""
        known = {str(user_id) for user_id, _, _ in self.members} | {"all"}
        asked = request.GET.get("who", "")
        return asked if asked in known else str(request.member.user_id)

    @property
    def choices(self) -> list[dict[str, str]]:
        """Whose it may be."""
        whose = [(str(user_id), name or email) for user_id, name, email in self.members] + [("all", "Everybody")]
        return [{"value": who, "label": name, "chosen": "1" if who == self.who else ""} for who, name in whose]

    @property
    def first_weekday(self) -> int:
        """Monday is 0."""
        return self.formats.locale.first_week_day

    def _days(self) -> list[Date]:
        month = self.day.month if self.view == "month" else 0
        start = self.day.replace(day=1) if month else self.day
        start -= DAY * ((start.weekday() - self.first_weekday) % 7)
        end = (self.day.replace(day=28) + 4 * DAY).replace(day=1) if month else start + WEEK
        days = []
        while start < end or len(days) % 7:
            days.append(self._date(start, month))
            start += DAY
        return days

    def _date(self, day: date, month: int) -> Date:
        name = format_date(day, "EEEE", locale=self.formats.locale)
        return Date(day, str(day.day), name, bool(month) and day.month != month, day == self.formats.today)

    def _fill(self, request: MemberRequest) -> bool:
        """Put each task into its day; True if there are more than one page shows."""
        tasks = Task.objects.visible_to(request.member).exclude(status=Task.Status.CANCELLED)
        tasks = tasks.filter(due_within(self.days[0].day, self.days[-1].day, self.formats.zone))
        if self.who != "all":
            tasks = tasks.filter(assignee_id=int(self.who))
        found = list(rows(tasks).order_by("due_at", "pk")[: MOST + 1])
        move = reverse("task_reschedule", args=[0])
        by_day = {date_.day: date_.lines for date_ in self.days}
        for task, line in zip(
            found[:MOST], present(found[:MOST], request, visible_owners(request.member)), strict=True
        ):
            day = task["due_on"] or self.formats.local_day(task["due_at"])
            line["clock"] = "" if task["due_on"] else self.formats.clock(task["due_at"])
            line["ended"] = "" if task["status"] == Task.Status.OPEN else "1"
            line["move"] = move.replace("/0/", f"/{task['pk']}/") if line["edit"] else ""
            by_day[day].append(line)
        for lines in by_day.values():
            lines.sort(key=lambda line: bool(line["clock"]))
        return len(found) > MOST

    @property
    def title(self) -> str:
        """November 2026, or the first and the last day of the week."""
        if self.view == "month":
            return format_date(self.day, "LLLL yyyy", locale=self.formats.locale)
        first, last = self.days[0].day, self.days[-1].day
        return f"{format_date(first, 'd MMM', locale=self.formats.locale)} – {format_date(last, 'd MMM yyyy', locale=self.formats.locale)}"

    @property
    def weekdays(self) -> list[str]:
        names = get_day_names("abbreviated", locale=self.formats.locale)
        return [names[(self.first_weekday + n) % 7] for n in range(7)]

    @property
    def before(self) -> str:
        """The day that the page before this one is around."""
        day = self.day.replace(day=1) - DAY if self.view == "month" else self.day - WEEK
        return day.isoformat() if is_taken(day) else ""

    @property
    def after(self) -> str:
        day = (self.day.replace(day=28) + 4 * DAY).replace(day=1) if self.view == "month" else self.day + WEEK
        return day.isoformat() if is_taken(day) else ""


def read_day(text: str, today: date) -> date:
    """The day that an address names, else today. The first and the last year that dates may have end the calendar."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return today
    return day if is_taken(day - 40 * DAY if day.year > 1 else day) and is_taken(day) and day.year < 2199 else today
