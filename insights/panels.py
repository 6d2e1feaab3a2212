"""What the panels of the dashboard show, each for one Dashboard: dicts of words, widths and addresses."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from babel.dates import format_skeleton
from django.db.models import Q, Sum
from django.db.models.functions import TruncMonth

from deals.forecast import BEST_CASE, COMMIT, PIPELINE, category, month_of
from deals.models import ClosedDay, ForecastTotal, Kind, ReachedTotal, Stage
from deals.totals import Total
from insights.charts import bars, columns
from insights.dashboard import Dashboard
from insights.goals import Progress, Span, span
from insights.models import Scope
from insights.reached import progress
from insights.targets import Targets, targets
from workspaces.formats import NONE
from workspaces.models import User

LEADERS = 6


def by_stage(board: Dashboard) -> list[dict[str, object]]:
    stages = board.of_kind(Kind.OPEN)
    top = max((board.open.get(stage.pk, Total()).amount for stage in stages), default=Decimal(0))
    found = []
    for stage in stages:
        total = board.open.get(stage.pk, Total())
        width = f"{total.amount / top * 100:.1f}" if top else "0"
        url = board.list_url("open", stage=stage.pk)
        found.append({"stage": stage, "total": board.say(total), "width": width, "url": url})
    return found


def won_by_month(board: Dashboard) -> dict[str, object]:
    """Twelve months against their goals; of this one also what is still expected."""
    months = [month_of(board.today, -ago) for ago in reversed(range(12))]
    stages = board.of_kind(Kind.WON)
    rows = board.kept(ClosedDay, stage__in=stages, day__gte=months[0]).annotate(month=TruncMonth("day"))
    sums = {
        month: (deals, amount)
        for month, deals, amount in rows.values_list("month").annotate(Sum("deals"), Sum("amount"))
    }
    won = [sums.get(month, (0, Decimal(0))) for month in months]
    goals = [board.targets.of("month", month) for month in months]
    still = expected(board, span("month", board.today))
    more = sum((total.weighted for name, total in still.items() if name != "omitted"), Decimal(0))
    projected = [Decimal(0)] * 11 + [more]
    chart = columns([amount for _, amount in won], goals, projected)
    write = board.formats.money_short
    for column, month, (deals, amount), goal in zip(chart["columns"], months, won, goals, strict=True):
        column |= {
            "name": format_skeleton("MMM", month, locale=board.formats.locale),
            "whole": format_skeleton("yMMM", month, locale=board.formats.locale),
            "amount": write(amount),
            "deals": board.formats.number(deals),
            "goal": write(goal) if goal else NONE,
            "url": board.list_url(
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


def expected(board: Dashboard, when: Span) -> dict[str, Total]:
    """{category: Total} of the open deals whose expected close date lies in these months."""
    of_stage = {stage.pk: stage.forecast_category for stage in board.of_kind(Kind.OPEN)}
    rows = board.kept(ForecastTotal, month__gte=when.first, month__lt=when.end, stage__in=of_stage)
    rows = rows.values_list("stage_id", "said", "band")
    found: dict[str, Total] = {}
    for stage_id, said, band, *sums in rows.annotate(Sum("deals"), Sum("amount"), Sum("weighted"), Sum("converted")):
        name = category(said, of_stage[stage_id], band)
        found[name] = found.get(name, Total()) + Total(*sums)
    return found


def won_in(board: Dashboard, when: Span) -> Total:
    rows = board.kept(ClosedDay, stage__in=board.of_kind(Kind.WON), day__gte=when.first, day__lt=when.end)
    deals, amount, converted = rows.aggregate(n=Sum("deals"), money=Sum("amount"), c=Sum("converted")).values()
    return Total(deals or 0, amount or Decimal(0), amount or Decimal(0), converted or 0)


def forecast(board: Dashboard) -> dict[str, object]:
    """The present month, quarter or year: won, and how sure the rest of it is, against the quota."""
    won, rest = won_in(board, board.span), expected(board, board.span)
    commit, best, pipe = (rest.get(name, Total()) for name in (COMMIT, BEST_CASE, PIPELINE))
    quota = board.targets.of(board.period, board.today)
    parts = [won.amount, commit.amount, best.amount, pipe.weighted]
    whole = max(sum(parts), quota or Decimal(0))
    sure = won.amount + commit.amount
    write = board.formats.money_short
    said: dict[str, object] = {
        "won": board.say(won), "commit": board.say(commit), "best": board.say(best), "pipeline": board.say(pipe),
        "bars": bars(parts, whole), "any": bool(whole), "sure": write(sure),
    }  # fmt: skip
    if quota:
        state = Progress(quota, won.amount, board.span.elapsed(board.today))
        said |= {
            "quota": write(quota),
            "tick": f"{quota / whole * 100:.1f}",
            "share": board.formats.percent(sure / quota),
        }
        said |= {"gap": write(quota - sure) if sure < quota else "", "progress": progress(state, board.formats)}
    return said


def funnel(board: Dashboard) -> dict[str, object]:
    """Of the deals made in the present period: how many reached each stage or went beyond, and what share of those
    went on; with the change against the period before."""
    pipeline = board.pipeline or next((found for found in board.pipelines if found.is_default), None)
    stages = [stage for stage in board.pipelines.get(pipeline, []) if stage.is_open]
    now, before = (went(board, stages, span(board.period, board.today, ago)) for ago in (0, 1))
    top = max((deals for deals, _ in now), default=0)
    names = [*((stage.name, stage.color) for stage in stages), ("Won", "")]
    steps = []
    for i, (name, color) in enumerate(names):
        deals, amount = now[i]
        step = {
            "name": name,
            "color": color,
            "deals": board.formats.number(deals),
            "amount": board.formats.money_short(amount),
        }
        step["width"] = f"{max(deals / top * 100, 4 if deals else 0):.1f}" if top else "0"
        rate, old = share(now, i), share(before, i)
        if rate is not None:
            step["rate"] = board.formats.percent(rate)
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
        "total": board.formats.number(now[0][0] if now else 0),
    }


def went(board: Dashboard, stages: list[Stage], when: Span) -> list[tuple[int, Decimal]]:
    """(deals, amount) that reached each stage or beyond; won ones last."""
    place = {stage.pk: i for i, stage in enumerate(stages)}
    found = [[0, Decimal(0)] for _ in range(len(stages) + 1)]
    if not stages:
        return [(0, Decimal(0))]
    rows = board.kept(ReachedTotal, month__gte=when.first, month__lt=when.end, stage__pipeline=stages[0].pipeline_id)
    for stage_id, status, deals, amount in rows.values_list("stage_id", "status").annotate(Sum("deals"), Sum("amount")):
        # Of a stage that is gone nobody knows how far it was; the first one everybody has reached.
        last = len(stages) if status == Kind.WON else place.get(stage_id, 0)
        for step in found[: last + 1]:
            step[0] += deals
            step[1] += amount
    return [(deals, amount) for deals, amount in found]


def leaders(board: Dashboard) -> list[dict[str, object]]:
    """Who won most in the present period, with the share of their own goal."""
    rows = board.kept(ClosedDay, stage__in=board.of_kind(Kind.WON), day__gte=board.span.first, day__lt=board.span.end)
    sums = rows.values_list("owner_id").annotate(money=Sum("amount"), n=Sum("deals")).filter(n__gt=0)
    first = list(sums.order_by("-money", "owner_id")[:LEADERS])
    names = User.objects.in_bulk([user_id for user_id, *_ in first])
    goals = targets(board.workspace, Q(scope=Scope.MEMBER, member_id__in=names))
    found = []
    for place, (user_id, amount, deals) in enumerate(first, start=1):
        goal = goals.get((Scope.MEMBER, None, user_id), Targets(())).of(board.period, board.today)
        leader = {
            "place": place,
            "user": names[user_id],
            "amount": board.formats.money_short(amount),
            "deals": board.formats.number(deals),
        }
        if goal:
            leader |= progress(Progress(goal, amount, board.span.elapsed(board.today)), board.formats)
        found.append(leader)
    return found


def share(steps: list[tuple[int, Decimal]], i: int) -> float | None:
    """Of those who reached the step before, who reached this one too."""
    return steps[i][0] / steps[i - 1][0] if i and i < len(steps) and steps[i - 1][0] else None
