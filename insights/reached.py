"""What was reached of each goal in its present period."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.db.models import Count, QuerySet, Sum

from activities.models import Activity
from deals.exchange import midnight
from deals.models import ClosedDay, Kind
from insights.goals import LABELS, TONES, Progress, Span, span
from insights.models import Goal, Scope
from workspaces.access import MemberRequest
from workspaces.formats import Formats
from workspaces.models import Membership, Workspace

# What a rep does, in numbers: what they themselves set down.
COUNTED = (
    Activity.Kind.CALL,
    Activity.Kind.EMAIL_OUT,
    Activity.Kind.MEETING,
    Activity.Kind.NOTE,
    Activity.Kind.TASK_DONE,
)


def won(workspace: Workspace, when: Span) -> QuerySet[ClosedDay]:
    days = ClosedDay.objects.filter(workspace=workspace, stage__kind=Kind.WON, day__gte=when.first, day__lt=when.end)
    return days.order_by()


def reached(workspace: Workspace, metric: str, when: Span) -> dict[int, Decimal]:
    """{user id: what was reached}"""
    if metric == Goal.Metric.ACTIVITIES:
        done = Activity.objects.filter(workspace=workspace, kind__in=COUNTED, undone_at=None, actor__isnull=False)
        done = done.filter(at__gte=midnight(when.first), at__lt=midnight(when.end)).order_by()
        return {user_id: Decimal(n) for user_id, n in done.values_list("actor_id").annotate(Count("pk"))}
    field = "amount" if metric == Goal.Metric.REVENUE else "deals"
    return {user_id: Decimal(n) for user_id, n in won(workspace, when).values_list("owner_id").annotate(Sum(field))}


def lines(request: MemberRequest, goals: Sequence[Goal]) -> list[dict[str, object]]:
    """Each goal in words, with how far it is where it is the one in force. One query per metric and period."""
    formats = Formats.of(request)
    teams: dict[int, set[int]] = {}
    for team_id, user_id in Membership.objects.filter(workspace=request.workspace).values_list("team_id", "user_id"):
        teams.setdefault(team_id or 0, set()).add(user_id)
    cache: dict[tuple[str, str], dict[int, Decimal]] = {}
    seen: set[tuple] = set()
    found = []
    for goal in goals:
        when = span(goal.period, formats.today)
        key = (goal.scope, goal.team_id, goal.member_id, goal.metric, goal.period)
        is_current = goal.first <= when.first and key not in seen
        line: dict[str, object] = {"goal": goal, "whom": whom(goal), "target": say(goal, goal.target, formats)}
        if is_current:
            seen.add(key)
        if is_current and goal.target:
            if (goal.metric, goal.period) not in cache:
                cache[goal.metric, goal.period] = reached(request.workspace, goal.metric, when)
            sums = cache[goal.metric, goal.period]
            users = (
                {goal.member_id} if goal.member_id else teams.get(goal.team_id or 0) if goal.team_id else sums.keys()
            )
            total = sum((value for user_id, value in sums.items() if user_id in (users or ())), Decimal(0))
            line |= progress(Progress(goal.target, total, when.elapsed(formats.today)), formats)
            line["reached"] = say(goal, total, formats)
        found.append(line)
    return found


def progress(of: Progress, formats: Formats) -> dict[str, object]:
    """In words: share, state, tone, and the width of its bar."""
    return {
        "share": formats.percent(of.share),
        "pace": formats.percent(of.elapsed),
        "state": LABELS[of.state],
        "tone": TONES[of.state],
        "width": f"{min(of.share, Decimal(1)) * 100:.1f}",
        "tick": f"{of.elapsed * 100:.1f}",
    }


def whom(goal: Goal) -> str:
    return str(goal.member or "") if goal.scope == Scope.MEMBER else str(goal.team or "Everybody")


def say(goal: Goal, value: Decimal, formats: Formats) -> str:
    return formats.money(value) if goal.metric == Goal.Metric.REVENUE else formats.number(value)
