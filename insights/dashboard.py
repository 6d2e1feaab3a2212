"""What the dashboard says: figures with what they were before, and where they come from.

All of it comes from totals that triggers keep. Days are counted in UTC, like every sum over days.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from operator import add

import django_filters as filters
from babel.dates import format_skeleton
from django.db.models import Q, Sum
from django.db.models.functions import TruncMonth
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from deals.board import Board
from deals.exchange import day_of
from deals.filters import members, of_workspace, team_user_ids
from deals.forecast import BEST_CASE, COMMIT, PIPELINE, category, month_of
from deals.models import ClosedDay, CreatedDay, Deal, ForecastTotal, Kind, ReachedTotal, Stage
from deals.totals import Total, kept_open, owner_sets, say_rates
from insights.charts import area, bars, columns, line
from insights.goals import Progress, Span, span
from insights.models import Scope
from insights.reached import progress
from insights.targets import Targets, aimed_at, only, targets
from workspaces.access import MemberRequest, visible_owners
from workspaces.filtering import Chip, ListFilter
from workspaces.formats import NONE, Formats
from workspaces.models import Team, User

PERIODS = {"month": "Month", "quarter": "Quarter", "year": "Year"}
# Days over which won deals are summed, and rates and means are taken.
WINDOWS = {"month": (30, 90), "quarter": (90, 90), "year": (365, 365)}
POINTS = 12
LEADERS = 6


class DashboardFilter(ListFilter):
    """Whose deals; who they are is known to the kept totals."""

    owner = filters.ModelMultipleChoiceFilter(queryset=members, to_field_name="user_id", method="keep")
    team = filters.ModelMultipleChoiceFilter(queryset=of_workspace(Team), method="keep")
    chips = (Chip("team", "Team", "users-round", ("team",)), Chip("owner", "Owner", "user-round", ("owner",)))

    class Meta:
        model = Deal
        fields: list[str] = []

    def keep(self, queryset, name, value):
        if not value:
            return queryset
        ids = team_user_ids(value) if name == "team" else [member.user_id for member in value]
        return queryset.filter(owner_id__in=ids)

    def counts(self, name, queryset):
        return {}


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


class Dashboard:
    """One member's, through one filter."""

    def __init__(self, request: MemberRequest, pipeline: int | None = None):
        self.request, self.workspace, self.wanted = request, request.workspace, pipeline
        self.formats = Formats.of(request)
        self.request_time = timezone.now()
        self.today = day_of(self.request_time)
        self.period = request.GET.get("period", "") if request.GET.get("period") in PERIODS else "month"
        self.span = span(self.period, self.today)
        self.seen = visible_owners(request.member)
        self.filter = DashboardFilter(request.GET, queryset=self.workspace.deals.owned_by(self.seen), request=request)
        active = self.filter.active if self.filter.is_valid() else {}
        # What cannot be read finds nobody, not everybody.
        self.owners = owner_sets(self.seen, active) if self.filter.is_valid() else [[]]
        self.active = active

    # The frame that the board has: its pipelines, each with its stages.
    pipelines = Board.pipelines

    @cached_property
    def pipeline(self):
        return Board.pipeline.func(self) if self.wanted else None

    @cached_property
    def stages(self) -> list[Stage]:
        return [
            stage for pipeline, found in self.pipelines.items() if self.pipeline in (None, pipeline) for stage in found
        ]

    def of_kind(self, *kinds: str) -> list[Stage]:
        return [stage for stage in self.stages if stage.kind in kinds]

    @cached_property
    def rates(self) -> str:
        return say_rates(self.workspace, self.formats)

    def kept(self, model: type, **which: object):
        found = model._base_manager.filter(workspace=self.workspace, **which).order_by()
        for ids in self.owners:
            found = found.filter(owner_id__in=ids)
        return found

    def say(self, total: Total) -> dict[str, str]:
        return total.said(self.formats, self.rates if total.converted else "")

    def list_url(self, tab: str, **more: object) -> str:
        """The list of exactly these deals."""
        parameters = {"tab": tab, **more} | ({"pipeline": self.wanted} if self.wanted else {})
        kept = [(name, value) for name in ("owner", "team") for value in self.request.GET.getlist(name)]
        return f"{reverse('deal_list')}?{urlencode([*parameters.items(), *kept])}"

    # -- figures with comparison -------------------------------------------------------------------

    @cached_property
    def window(self) -> tuple[int, int]:
        return WINDOWS[self.period]

    @cached_property
    def open(self) -> dict[int, Total]:
        """{stage id: Total}"""
        return kept_open(self.owners, workspace=self.workspace, stage__in=self.of_kind(Kind.OPEN))

    @cached_property
    def closed(self) -> dict[date, Closed]:
        """By day, as far back as any comparison goes."""
        since = self.today - timedelta(days=2 * max(self.window) - 1)
        kinds = {stage.pk: stage.kind for stage in self.of_kind(Kind.WON, Kind.LOST)}
        found: dict[date, Closed] = {}
        rows = self.kept(ClosedDay, stage__in=kinds, day__gte=since).values_list("day", "stage_id")
        for day, stage_id, *sums in rows.annotate(Sum("deals"), Sum("amount"), Sum("seconds"), Sum("converted")):
            found.setdefault(day, Closed()).add(kinds[stage_id], *sums)
        return found

    @cached_property
    def created(self) -> dict[date, tuple[int, Decimal]]:
        """{day: (deals, amount)} over the window of what is in progress."""
        since = self.today - timedelta(days=self.window[0] - 1)
        which = {"pipeline": self.pipeline} if self.pipeline else {}
        rows = self.kept(CreatedDay, day__gte=since, **which).values_list("day").annotate(Sum("deals"), Sum("amount"))
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
            day = self.closed.get(self.today - timedelta(days=ago))
            found.append(tuple(map(add, found[-1], astuple(day))) if day else found[-1])
        return found

    def in_progress(self, ago: int) -> Decimal:
        """The value that was open at the end of the day so many days ago, as far as today's amounts tell."""
        day = self.today - timedelta(days=ago)
        now = sum((total.amount for total in self.open.values()), Decimal(0))
        since = sum((amount for made, (_, amount) in self.created.items() if made > day), Decimal(0))
        gone = sum((c.won_amount + c.lost_amount for closed, c in self.closed.items() if closed > day), Decimal(0))
        return now - since + gone

    def kpis(self) -> list[Kpi]:
        won_days, rate_days = self.window
        return [self.progress_kpi(won_days), self.won_kpi(won_days), *self.rate_kpis(rate_days)]

    def progress_kpi(self, days: int) -> Kpi:
        total = sum(self.open.values(), Total())
        said, before = self.say(total), self.in_progress(days)
        points = [self.in_progress(round(days * point / (POINTS - 1))) for point in reversed(range(POINTS))]
        note = f"{said['deals']} open deal{'s' * (total.deals != 1)}"
        kpi = Kpi("In progress", said["amount"], said["amount_exact"], note, self.list_url("open"), points=points)
        return self.against(kpi, total.amount, before, f"{days} days ago", self.formats.money_short)

    def won_kpi(self, days: int) -> Kpi:
        now, before = self.over(days), self.over(days, days)
        total = Total(now.won, now.won_amount, now.won_amount, now.converted)
        said = self.say(total)
        step = days / POINTS
        points = [self.over(max(1, round(step)), round(step * point)).won_amount for point in reversed(range(POINTS))]
        note = f"{said['deals']} deal{'s' * (total.deals != 1)}"
        kpi = Kpi(
            f"Won, {days} days", said["amount"], said["amount_exact"], note, self.closed_url("won", days), points=points
        )
        return self.against(kpi, now.won_amount, before.won_amount, f"the {days} days before", self.formats.money_short)

    def rate_kpis(self, days: int) -> Iterable[Kpi]:
        now, before = self.over(days), self.over(days, days)
        step = days / POINTS
        over = [self.over(days, round(step * point)) for point in reversed(range(POINTS))]
        formats, ago = self.formats, f"the {days} days before"
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
        first = self.today - timedelta(days=days - 1)
        more = {"closed_from": first.isoformat(), "closed_to": self.today.isoformat()}
        return self.list_url(tab, **more)

    def against(self, kpi: Kpi, now: Decimal | None, before: Decimal | None, when: str, write) -> Kpi:
        if now is not None and before:
            change = (now - before) / before
            self.turn(kpi, change, self.formats.percent(abs(change)))
            kpi.before = f"against {write(before)} {when}"
        return kpi

    def turn(self, kpi: Kpi, change: Decimal, said: str, good: int = 1) -> None:
        """Up or down, and whether that is good."""
        kpi.change = f"{'+' if change > 0 else '−' if change < 0 else ''}{said}"
        kpi.tone = "grey" if not change else "green" if change * good > 0 else "red"

    # -- by stage ----------------------------------------------------------------------------------

    def by_stage(self) -> list[dict[str, object]]:
        stages = self.of_kind(Kind.OPEN)
        top = max((self.open.get(stage.pk, Total()).amount for stage in stages), default=Decimal(0))
        found = []
        for stage in stages:
            total = self.open.get(stage.pk, Total())
            width = f"{total.amount / top * 100:.1f}" if top else "0"
            url = self.list_url("open", stage=stage.pk)
            found.append({"stage": stage, "total": self.say(total), "width": width, "url": url})
        return found

    # -- panels ------------------------------------------------------------------------------------

    @cached_property
    def aim(self) -> tuple | None:
        if self.pipeline or not self.filter.is_valid():
            return None
        return aimed_at(self.request.member, list(self.active.get("team") or ()), list(self.active.get("owner") or ()))

    @cached_property
    def targets(self) -> Targets:
        return targets(self.workspace, only(self.aim)).get(self.aim, Targets(())) if self.aim else Targets(())

    def won_by_month(self) -> dict[str, object]:
        """Twelve months against their goals; of this one also what is still expected."""
        months = [month_of(self.today, -ago) for ago in reversed(range(12))]
        stages = self.of_kind(Kind.WON)
        rows = self.kept(ClosedDay, stage__in=stages, day__gte=months[0]).annotate(month=TruncMonth("day"))
        sums = {
            month: (deals, amount)
            for month, deals, amount in rows.values_list("month").annotate(Sum("deals"), Sum("amount"))
        }
        won = [sums.get(month, (0, Decimal(0))) for month in months]
        goals = [self.targets.of("month", month) for month in months]
        expected = self.expected(span("month", self.today))
        more = sum((total.weighted for name, total in expected.items() if name != "omitted"), Decimal(0))
        projected = [Decimal(0)] * 11 + [more]
        chart = columns([amount for _, amount in won], goals, projected)
        write = self.formats.money_short
        for column, month, (deals, amount), goal in zip(chart["columns"], months, won, goals, strict=True):
            column |= {
                "name": format_skeleton("MMM", month, locale=self.formats.locale),
                "whole": format_skeleton("yMMM", month, locale=self.formats.locale),
                "amount": write(amount),
                "deals": self.formats.number(deals),
                "goal": write(goal) if goal else NONE,
                "url": self.list_url(
                    "won", closed_from=month.isoformat(), closed_to=(month_of(month, 1) - timedelta(days=1)).isoformat()
                ),
            }
        chart["ticks"] = [tick | {"name": write(tick["value"])} for tick in chart["ticks"]]
        reached, goal = won[-1][1], goals[-1]
        said = f"{write(reached)} won this month" + (f" of a goal of {write(goal)}" if goal else "")
        chart |= {
            "said": f"Won per month over twelve months: {said}.",
            "projected": write(won[-1][1] + more) if more else "",
        }
        return chart

    def expected(self, when: Span) -> dict[str, Total]:
        """{category: Total} of the open deals whose expected close date lies in these months."""
        of_stage = {stage.pk: stage.forecast_category for stage in self.of_kind(Kind.OPEN)}
        rows = self.kept(ForecastTotal, month__gte=when.first, month__lt=when.end, stage__in=of_stage)
        rows = rows.values_list("stage_id", "said", "band")
        found: dict[str, Total] = {}
        for stage_id, said, band, *sums in rows.annotate(
            Sum("deals"), Sum("amount"), Sum("weighted"), Sum("converted")
        ):
            name = category(said, of_stage[stage_id], band)
            found[name] = found.get(name, Total()) + Total(*sums)
        return found

    def won_in(self, when: Span) -> Total:
        rows = self.kept(ClosedDay, stage__in=self.of_kind(Kind.WON), day__gte=when.first, day__lt=when.end)
        deals, amount, converted = rows.aggregate(n=Sum("deals"), money=Sum("amount"), c=Sum("converted")).values()
        return Total(deals or 0, amount or Decimal(0), amount or Decimal(0), converted or 0)

    def forecast(self) -> dict[str, object]:
        """The present month, quarter or year: won, and how sure the rest of it is, against the quota."""
        won, rest = self.won_in(self.span), self.expected(self.span)
        commit, best, pipe = (rest.get(name, Total()) for name in (COMMIT, BEST_CASE, PIPELINE))
        quota = self.targets.of(self.period, self.today)
        parts = [won.amount, commit.amount, best.amount, pipe.weighted]
        whole = max(sum(parts), quota or Decimal(0))
        sure = won.amount + commit.amount
        write = self.formats.money_short
        said: dict[str, object] = {
            "won": self.say(won), "commit": self.say(commit), "best": self.say(best), "pipeline": self.say(pipe),
            "bars": bars(parts, whole), "any": bool(whole), "sure": write(sure),
        }  # fmt: skip
        if quota:
            state = Progress(quota, won.amount, self.span.elapsed(self.today))
            said |= {
                "quota": write(quota),
                "tick": f"{quota / whole * 100:.1f}",
                "share": self.formats.percent(sure / quota),
            }
            said |= {"gap": write(quota - sure) if sure < quota else "", "progress": progress(state, self.formats)}
        return said

    def funnel(self) -> dict[str, object]:
        """Of the deals made in the present period: how many reached each stage or went beyond, and what share of those
        went on; with the change against the period before."""
        pipeline = self.pipeline or next((found for found in self.pipelines if found.is_default), None)
        stages = [stage for stage in self.pipelines.get(pipeline, []) if stage.is_open]
        now, before = (self.went(stages, span(self.period, self.today, ago)) for ago in (0, 1))
        top = max((deals for deals, _ in now), default=0)
        names = [*((stage.name, stage.color) for stage in stages), ("Won", "")]
        steps = []
        for i, (name, color) in enumerate(names):
            deals, amount = now[i]
            step = {
                "name": name,
                "color": color,
                "deals": self.formats.number(deals),
                "amount": self.formats.money_short(amount),
            }
            step["width"] = f"{max(deals / top * 100, 4 if deals else 0):.1f}" if top else "0"
            rate, old = share(now, i), share(before, i)
            if rate is not None:
                step["rate"] = self.formats.percent(rate)
                if old is not None and round((rate - old) * 100):
                    points = round((rate - old) * 100)
                    step |= {
                        "change": f"{'+' if points > 0 else '−'}{abs(points)} pt",
                        "tone": "green" if points > 0 else "red",
                    }
            steps.append(step)
        return {
            "steps": steps,
            "any": bool(top),
            "pipeline": pipeline,
            "total": self.formats.number(now[0][0] if now else 0),
        }

    def went(self, stages: list[Stage], when: Span) -> list[tuple[int, Decimal]]:
        """(deals, amount) that reached each stage or beyond; won ones last."""
        place = {stage.pk: i for i, stage in enumerate(stages)}
        found = [[0, Decimal(0)] for _ in range(len(stages) + 1)]
        if not stages:
            return [(0, Decimal(0))]
        rows = self.kept(ReachedTotal, month__gte=when.first, month__lt=when.end, stage__pipeline=stages[0].pipeline_id)
        for stage_id, status, deals, amount in rows.values_list("stage_id", "status").annotate(
            Sum("deals"), Sum("amount")
        ):
            # Of a stage that is gone nobody knows how far it was; the first one everybody has reached.
            last = len(stages) if status == Kind.WON else place.get(stage_id, 0)
            for step in found[: last + 1]:
                step[0] += deals
                step[1] += amount
        return [(deals, amount) for deals, amount in found]

    def leaders(self) -> list[dict[str, object]]:
        """Who won most in the present period, with the share of their own goal."""
        rows = self.kept(ClosedDay, stage__in=self.of_kind(Kind.WON), day__gte=self.span.first, day__lt=self.span.end)
        sums = rows.values_list("owner_id").annotate(money=Sum("amount"), n=Sum("deals")).filter(n__gt=0)
        first = list(sums.order_by("-money", "owner_id")[:LEADERS])
        names = User.objects.in_bulk([user_id for user_id, *_ in first])
        goals = targets(self.workspace, Q(scope=Scope.MEMBER, member_id__in=names))
        found = []
        for place, (user_id, amount, deals) in enumerate(first, start=1):
            goal = goals.get((Scope.MEMBER, None, user_id), Targets(())).of(self.period, self.today)
            leader = {
                "place": place,
                "user": names[user_id],
                "amount": self.formats.money_short(amount),
                "deals": self.formats.number(deals),
            }
            if goal:
                leader |= progress(Progress(goal, amount, self.span.elapsed(self.today)), self.formats)
            found.append(leader)
        return found


def share(steps: list[tuple[int, Decimal]], i: int) -> float | None:
    """Of those who reached the step before, who reached this one too."""
    return steps[i][0] / steps[i - 1][0] if i and i < len(steps) and steps[i - 1][0] else None
