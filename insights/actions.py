"""What managers do with goals and the forecast. `by` may be None for the system."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from deals.forecast import month_of
from insights.goals import span
from insights.models import Adjustment, Goal, Scope
from workspaces.access import acting, check_may, visible_owners
from workspaces.action import NotAllowed, Refused, action
from workspaces.models import Membership, Role, Team, Workspace

LIMIT = Decimal(10**12)


@action
def set_goal(
    workspace: Workspace,
    *,
    by: Membership | None,
    metric: str,
    period: str,
    target: Decimal,
    first: date,
    team: Team | None = None,
    member: Membership | None = None,
) -> Goal:
    """A target for each period from the one of `first` on; for the same one again it is put right. 0 ends it.

    For everybody, unless `team` or `member` says for whom.
    """
    check_scope(by, team, member, "keep goals")
    if not 0 <= target < LIMIT:
        raise Refused("A target lies between 0 and 999 999 999 999.", fields={"target": "Not less than 0."})
    found, _ = Goal.objects.update_or_create(
        workspace=workspace,
        metric=metric,
        period=period,
        first=span(period, first).first,
        **of_scope(team, member),
        defaults={"target": target},
    )
    return found


@action
def delete_goal(goal: Goal, *, by: Membership | None) -> None:
    """The one before it then goes on."""
    member = goal.member_id and Membership.objects.get(workspace_id=goal.workspace_id, user_id=goal.member_id)
    check_scope(by, goal.team, member or None, "keep goals")
    goal.delete()


@action
def adjust_forecast(
    workspace: Workspace,
    *,
    by: Membership | None,
    month: date,
    amount: Decimal | None,
    note: str = "",
    team: Team | None = None,
    member: Membership | None = None,
) -> Adjustment | None:
    """What a manager expects of a month, with a note that says why; no amount takes it back."""
    check_scope(by, team, member, "adjust the forecast")
    which = {"workspace": workspace, "month": month_of(month), **of_scope(team, member)}
    if amount is None:
        Adjustment.objects.filter(**which).delete()
        return None
    if not note.strip():
        raise Refused("Say in a few words why.", fields={"note": "Say in a few words why."})
    if not 0 <= amount < LIMIT:
        raise Refused("The amount must be between 0 and 999 999 999 999.", fields={"amount": "Not less than 0."})
    values = {"amount": amount, "note": note.strip(), "by_id": acting(by)}
    found, _ = Adjustment.objects.update_or_create(**which, defaults=values)
    return found


# --- parts ------------------------------------------------------------------------------------------


def of_scope(team: Team | None, member: Membership | None) -> dict[str, object]:
    """The columns of a goal that say for whom it is."""
    scope = Scope.MEMBER if member else Scope.TEAM if team else Scope.WORKSPACE
    return {"scope": scope, "team": None if member else team, "member_id": member and member.user_id}


def check_scope(by: Membership | None, team: Team | None, member: Membership | None, doing: str) -> None:
    """Managers, and of those who do not see everything only about what they see."""
    check_may(by, Role.MANAGER, doing)
    if by is None or (seen := visible_owners(by)) is None:
        return
    if member.user_id not in seen if member else team is None or team.pk != by.team_id:
        raise NotAllowed("You may do this only for your own team.")
