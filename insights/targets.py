"""Which goals are in force for whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q

from deals.forecast import month_of
from insights.goals import MONTHS, Span, span
from insights.models import Goal, Scope
from workspaces.access import visible_owners
from workspaces.models import Membership, Team, Workspace


@dataclass(frozen=True)
class Target:
    """A row of Goal, as far as the arithmetic needs it."""

    period: str
    first: date
    target: Decimal


class Targets:
    """The goals of one scope and metric.

    >>> found = Targets([Target("month", date(2026, 1, 1), Decimal(10)), Target("month", date(2026, 3, 1), Decimal(40))])
    >>> str(found.of("month", date(2026, 2, 14))), str(found.of("quarter", date(2026, 2, 14)))
    ('10', '60')
    >>> found = Targets([Target("year", date(2026, 1, 1), Decimal(120))])
    >>> str(found.of("quarter", date(2026, 2, 14))), found.of("month", date(2025, 12, 31))
    ('30', None)
    """

    def __init__(self, goals: Iterable[Target]):
        self.goals = sorted(goals, key=lambda goal: goal.first)

    def of(self, period: str, day: date) -> Decimal | None:
        """For the period of `day`: its own goal, else the sum of those of shorter periods, else its part of a longer one's."""
        here = span(period, day)
        own = self._said(period, here)
        if own is not None:
            return own or None
        for shorter in [name for name in ("quarter", "month") if MONTHS[name] < MONTHS[period]]:
            parts = [
                self._said(shorter, span(shorter, month_of(here.first, months)))
                for months in range(0, MONTHS[period], MONTHS[shorter])
            ]
            if any(parts):
                return sum((part for part in parts if part), Decimal(0))
        for longer in [name for name in ("quarter", "year") if MONTHS[name] > MONTHS[period]]:
            if whole := self._said(longer, span(longer, day)):
                return whole * MONTHS[period] / MONTHS[longer]
        return None

    def _said(self, period: str, when: Span) -> Decimal | None:
        found = [goal.target for goal in self.goals if goal.period == period and goal.first <= when.first]
        return found[-1] if found else None


def targets(workspace: Workspace, which: Q, metric: str = Goal.Metric.REVENUE) -> dict[tuple, Targets]:
    """{(scope, team id, user id): Targets} of the goals that `which` picks, in one query."""
    rows: dict[tuple, list[Target]] = {}
    found = Goal.objects.filter(which, workspace=workspace, metric=metric)
    for scope, team, member, *values in found.values_list("scope", "team_id", "member_id", "period", "first", "target"):
        rows.setdefault((scope, team, member), []).append(Target(*values))
    return {key: Targets(goals) for key, goals in rows.items()}


def aimed_at(reader: Membership, team: list[Team], owner: list[Membership]) -> tuple | None:
    """Whose goal belongs to figures filtered so, as `targets` keys it; None where there can be none.

    Who sees only their own or their team's deals is measured by their own goal or their team's, and sees no others.
    """
    seen = visible_owners(reader)
    if len(owner) == 1 and not team:
        user_id = owner[0].user_id
        return (Scope.MEMBER, None, user_id) if seen is None or user_id in seen else None
    if len(team) == 1 and not owner:
        sees_it = seen is None or (team[0].pk == reader.team_id and seen != [reader.user_id])
        return (Scope.TEAM, team[0].pk, None) if sees_it else None
    if owner or team:
        return None
    if seen is None:
        return Scope.WORKSPACE, None, None
    return (Scope.MEMBER, None, reader.user_id) if seen == [reader.user_id] else (Scope.TEAM, reader.team_id, None)


def only(key: tuple) -> Q:
    """Goals of this scope."""
    scope, team, member = key
    return Q(scope=scope, team_id=team, member_id=member)


def may_see(reader: Membership) -> Q:
    """Goals of whom the reader sees all the deals."""
    seen = visible_owners(reader)
    if seen is None:
        return Q()
    own_team = Q(scope=Scope.TEAM, team_id=reader.team_id) if seen != [reader.user_id] else Q(pk=None)
    return Q(scope=Scope.MEMBER, member_id__in=seen) | own_team
