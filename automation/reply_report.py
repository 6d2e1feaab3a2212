"""Replies by class: how many of each came in, week by week, of what the reader may see."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count
from django.db.models.functions import TruncWeek
from django.urls import reverse

from automation.inbox import TABS, mine
from workspaces.access import MemberRequest
from workspaces.formats import Formats

WEEKS = 12
HEIGHT, SLOT = 24, 12  # of a row's bars


@dataclass(frozen=True)
class Bar:
    x: int
    y: int
    height: int
    count: int
    week: str


@dataclass(frozen=True)
class Line:
    """A class: its tab of the inbox, and a bar for each week, the oldest first."""

    label: str
    tone: str
    url: str
    bars: list[Bar]

    @property
    def total(self) -> int:
        return sum(bar.count for bar in self.bars)

    @property
    def now(self) -> int:
        return self.bars[-1].count

    @property
    def before(self) -> int:
        return self.bars[-2].count


class ReplyReport:
    """Weeks begin on Monday in the reader's zone; the last one is this week, so far."""

    width = WEEKS * SLOT
    height = HEIGHT

    def __init__(self, request: MemberRequest):
        formats = Formats.of(request)
        monday = formats.today - timedelta(days=formats.today.weekday())
        self.mondays = [monday - timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)]
        counts = self._counts(request, formats)
        by_tab = {
            name: [sum(counts[week, intent] for intent in intents) for week in self.mondays]
            for name, (_, _, intents) in TABS.items()
            if intents
        }
        self.weeks = [formats.day(week) for week in self.mondays]
        top = max(max(numbers) for numbers in by_tab.values())
        self.lines = [self._line(name, numbers, top) for name, numbers in by_tab.items()]
        self.total = sum(line.total for line in self.lines)

    @property
    def by_week(self) -> list[tuple[str, list[int]]]:
        """(week, how many of each class), the newest first."""
        found = [(week, [line.bars[place].count for line in self.lines]) for place, week in enumerate(self.weeks)]
        return found[::-1]

    def _counts(self, request: MemberRequest, formats: Formats) -> Counter[tuple[date, str]]:
        since = datetime.combine(self.mondays[0], time(), formats.zone)
        found = mine(request).filter(received_at__gte=since).exclude(intent="")
        by_week = found.annotate(week=TruncWeek("received_at", tzinfo=formats.zone)).values_list("week", "intent")
        return Counter(
            {(week.date(), intent): count for week, intent, count in by_week.annotate(count=Count("pk")).order_by()}
        )

    def _line(self, name: str, numbers: list[int], top: int) -> Line:
        label, tone, _ = TABS[name]
        heights = [max(2, round(HEIGHT * number / top)) if number else 0 for number in numbers]
        bars = [
            Bar(SLOT * place, HEIGHT - height, height, number, week)
            for place, (number, height, week) in enumerate(zip(numbers, heights, self.weeks, strict=True))
        ]
        return Line(label, tone, f"{reverse('inbox')}?tab={name}", bars)
