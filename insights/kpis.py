"""The figures at the head of the dashboard, each against what it was before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from operator import add

from django.db.models import Sum

from deals.models import ClosedDay, CreatedDay, Kind
from deals.totals import Total
from insights.charts import area, line
from insights.dashboard import Dashboard
from workspaces.formats import NONE

# Days over which won deals are summed, and rates and means are taken.
WINDOWS = {"month": (30, 90), "quarter": (90, 90), "year": (365, 365)}
POINTS = 12


@dataclass
class Closed:
    """Of some days: what was won and lost, in euros (say) and seconds."""

    won: int = 0
    lost: int = 0
    won_amount: Decimal = Decimal(0)
    lost_amount: Decimal = Decimal(0)
    seconds: int = 0
    converted: int = 0

    def add(self, kind: str, deals: int, amount: Decimal, seconds: int, converted: int) -> None:
        self.converted += converted
        if kind == Kind.WON:
            self.won, self.won_amount, self.seconds = self.won + deals, self.won_amount + amount, self.seconds + seconds
        else:
            self.lost, self.lost_amount = self.lost + deals, self.lost_amount + amount

    @property
    def rate(self) -> Decimal | None:
        closed = self.won + self.lost
        return Decimal(self.won) / closed if closed else None

    @property
    def rate_by_value(self) -> Decimal | None:
        closed = self.won_amount + self.lost_amount
        return self.won_amount / closed if closed else None

    @property
    def days(self) -> Decimal | None:
        """Mean time from creation to close of what was won."""
        return Decimal(self.seconds) / self.won / 86400 if self.won else None

    @property
    def average(self) -> Decimal | None:
        return self.won_amount / self.won if self.won else None


@dataclass
class Kpi:
    """A figure: in words, against what it was before, over time, and the address of its deals."""

    name: str
    value: str
    exact: str
    note: str
    url: str
    change: str = ""
    tone: str = ""
    before: str = ""
    points: list[Decimal | None] = field(default_factory=list)

    @property
    def spark(self) -> dict[str, str] | None:
        known = [Decimal(0) if point is None else point for point in self.points]
        return {"line": line(known), "area": area(known)} if any(known) else None


class Kpis:
    """Of one Dashboard, from deals made and closed by day."""

    def __init__(self, board: Dashboard):
        self.board = board
        self.window = WINDOWS[board.period]

    @cached_property
    def closed(self) -> dict[date, Closed]:
        """By day, as far back as any comparison goes."""
        since = self.board.today - timedelta(days=2 * max(self.window) - 1)
        kinds = {stage.pk: stage.kind for stage in self.board.of_kind(Kind.WON, Kind.LOST)}
        found: dict[date, Closed] = {}
        rows = self.board.kept(ClosedDay, stage__in=kinds, day__gte=since).values_list("day", "stage_id")
        for day, stage_id, *sums in rows.annotate(Sum("deals"), Sum("amount"), Sum("seconds"), Sum("converted")):
            found.setdefault(day, Closed()).add(kinds[stage_id], *sums)
        return found

    @cached_property
    def created(self) -> dict[date, tuple[int, Decimal]]:
        """{day: (deals, amount)} over the window of what is in progress."""
        since = self.board.today - timedelta(days=self.window[0] - 1)
        which = {"pipeline": self.board.pipeline} if self.board.pipeline else {}
        rows = (
            self.board.kept(CreatedDay, day__gte=since, **which)
            .values_list("day")
            .annotate(Sum("deals"), Sum("amount"))
        )
        return {day: (deals, amount) for day, deals, amount in rows}

    def over(self, days: int, before: int = 0) -> Closed:
        """What was closed in so many days, up to today or so many days `before`."""
        last = len(self.running) - 1 - before
        until, since = self.running[last], self.running[max(0, last - days)]
        return Closed(*(total - earlier for total, earlier in zip(until, since, strict=True)))

    @cached_property
    def running(self) -> list[tuple]:
        """The sums of all days up to each, from the day before the first to today: a difference of two is a period."""
        found = [astuple(Closed())]
        for ago in reversed(range(2 * max(self.window))):
            day = self.closed.get(self.board.today - timedelta(days=ago))
            found.append(tuple(map(add, found[-1], astuple(day))) if day else found[-1])
        return found

    def in_progress(self, ago: int) -> Decimal:
        """The value that was open at the end of the day so many days ago, as far as today's amounts tell."""
        day = self.board.today - timedelta(days=ago)
        now = sum((total.amount for total in self.board.open.values()), Decimal(0))
        since = sum((amount for made, (_, amount) in self.created.items() if made > day), Decimal(0))
        gone = sum((c.won_amount + c.lost_amount for closed, c in self.closed.items() if closed > day), Decimal(0))
        return now - since + gone

    def all(self) -> list[Kpi]:
        won_days, rate_days = self.window
        return [self.progress_kpi(won_days), self.won_kpi(won_days), *self.rate_kpis(rate_days)]

    def progress_kpi(self, days: int) -> Kpi:
        total = sum(self.board.open.values(), Total())
        said, before = self.board.say(total), self.in_progress(days)
        points = [self.in_progress(round(days * point / (POINTS - 1))) for point in reversed(range(POINTS))]
        note = f"{said['deals']} open deal{'s' * (total.deals != 1)}"
        kpi = Kpi("In progress", said["amount"], said["amount_exact"], note, self.board.list_url("open"), points=points)
        return self.against(kpi, total.amount, before, f"{days} days ago", self.board.formats.money_short)

    def won_kpi(self, days: int) -> Kpi:
        now, before = self.over(days), self.over(days, days)
        total = Total(now.won, now.won_amount, now.won_amount, now.converted)
        said = self.board.say(total)
        step = days / POINTS
        points = [self.over(max(1, round(step)), round(step * point)).won_amount for point in reversed(range(POINTS))]
        note = f"{said['deals']} deal{'s' * (total.deals != 1)}"
        kpi = Kpi(
            f"Won, {days} days", said["amount"], said["amount_exact"], note, self.closed_url("won", days), points=points
        )
        return self.against(
            kpi, now.won_amount, before.won_amount, f"the {days} days before", self.board.formats.money_short
        )

    def rate_kpis(self, days: int) -> Iterable[Kpi]:
        now, before = self.over(days), self.over(days, days)
        step = days / POINTS
        over = [self.over(days, round(step * point)) for point in reversed(range(POINTS))]
        formats, ago = self.board.formats, f"the {days} days before"
        by_value = f"{formats.percent(now.rate_by_value)} by value"
        closed = now.won + now.lost
        note = f"{formats.number(now.won)} of {formats.number(closed)}, {by_value}"
        rate = Kpi(f"Win rate, {days} days", formats.percent(now.rate, 1), note, note, self.closed_url("all", days))
        rate.points = [period.rate for period in over]
        if now.rate is not None and before.rate is not None:
            points = (now.rate - before.rate) * 100
            self.turn(rate, points, f"{formats.number(abs(points), 1)} pt")
            rate.before = f"against {formats.percent(before.rate, 1)} in {ago}"
        yield rate
        took = formats.number(now.days, 0 if now.days is None or now.days >= 10 else 1)
        lasted = Kpi(
            "Days to close",
            f"{took} d" if now.days is not None else NONE,
            took,
            f"mean of {formats.number(now.won)} won",
            self.closed_url("won", days),
        )
        lasted.points = [period.days for period in over]
        if now.days is not None and before.days is not None:
            self.turn(lasted, now.days - before.days, f"{formats.number(abs(now.days - before.days))} d", good=-1)
            lasted.before = f"against {formats.number(before.days)} d in {ago}"
        yield lasted
        sign = "≈\xa0" if now.converted and now.average is not None else ""
        average = Kpi(
            "Average deal",
            sign + formats.money_short(now.average),
            formats.money_exact(now.average),
            f"of {formats.number(now.won)} won",
            self.closed_url("won", days),
        )
        average.points = [period.average for period in over]
        yield self.against(average, now.average, before.average, ago, formats.money_short)

    def closed_url(self, tab: str, days: int) -> str:
        first = self.board.today - timedelta(days=days - 1)
        more = {"closed_from": first.isoformat(), "closed_to": self.board.today.isoformat()}
        return self.board.list_url(tab, **more)

    def against(self, kpi: Kpi, now: Decimal | None, before: Decimal | None, when: str, write) -> Kpi:
        if now is not None and before:
            change = (now - before) / before
            self.turn(kpi, change, self.board.formats.percent(abs(change)))
            kpi.before = f"against {write(before)} {when}"
        return kpi

    def turn(self, kpi: Kpi, change: Decimal, said: str, good: int = 1) -> None:
        """Up or down, and whether that is good."""
        kpi.change = f"{'+' if change > 0 else '−' if change < 0 else ''}{said}"
        kpi.tone = "grey" if not change else "green" if change * good > 0 else "red"
