"""Replies by class: how many of each came in, week by week, of what the reader may see."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta

from django.db import connection
from django.db.models import Count, DateTimeField
from django.db.models.expressions import RawSQL
from django.urls import reverse

from automation.inbox import TABS, mine
from workspaces.access import MemberRequest
from workspaces.drawing import filled
from workspaces.formats import Formats

WEEKS = 12
HEIGHT, SLOT = 24, 12  # of a row's bars


def week(end: str) -> RawSQL:
    return RawSQL(f"week.{end}", (), DateTimeField())  # noqa: S611 - two words of this file


class ReplyReport:
    """Weeks begin on Monday in the reader's zone; the last one is this week, so far."""

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
        self.labels = [TABS[name][0] for name in by_tab]
        self.total = sum(map(sum, by_tab.values()))
        top = max(map(max, by_tab.values()))
        self.lines = [self._line(name, numbers, top, formats) for name, numbers in by_tab.items()]
        weekly = [[formats.number(count) for count in counts] for counts in zip(*by_tab.values(), strict=True)]
        self.by_week = [
            {"week": week, "counts": filled("automation/reply_count.html", [{"count": count} for count in each])}
            for week, each in zip(self.weeks[::-1], weekly[::-1], strict=True)
        ]

    def _counts(self, request: MemberRequest, formats: Formats) -> Counter[tuple[date, str]]:
        """By week and class. Each week is counted for itself, out of an index alone (message_classes)."""
        starts = [datetime.combine(day, time(), formats.zone) for day in self.mondays]
        ends = [*starts[1:], starts[-1] + timedelta(days=7)]
        found = mine(request).exclude(intent="").filter(received_at__gte=week("start"), received_at__lt=week("stop"))
        sql, values = found.order_by().values_list("intent").annotate(count=Count("*")).query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT week.place, counted.* FROM unnest(%s::timestamptz[], %s::timestamptz[]) "  # noqa: S608
                f"WITH ORDINALITY week (start, stop, place), LATERAL ({sql}) counted (intent, count)",
                [starts, ends, *values],
            )
            return Counter({(self.mondays[place - 1], intent): count for place, intent, count in cursor.fetchall()})

    def _line(self, name: str, numbers: list[int], top: int, formats: Formats) -> dict[str, str]:
        """A class: its tab of the inbox, and a bar for each week, the oldest first."""
        label, tone, _ = TABS[name]
        bars = []
        for place, (number, week) in enumerate(zip(numbers, self.weeks, strict=True)):
            high = max(2, round(HEIGHT * number / top)) if number else 0
            bar = {
                "x": str(SLOT * place),
                "y": str(HEIGHT - high),
                "high": str(high),
                "week": week,
                "count": str(number),
            }
            bars += [bar] if number else []
        return {
            "label": label,
            "tone": tone,
            "url": f"{reverse('inbox')}?tab={name}",
            "bars": filled("automation/reply_bar.html", bars),
            "width": str(WEEKS * SLOT),
            "height": str(HEIGHT),
            "now": formats.number(numbers[-1]),
            "before": formats.number(numbers[-2]),
            "total": formats.number(sum(numbers)),
        }
