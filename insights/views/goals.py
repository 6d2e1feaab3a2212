"""Goals, and what a manager makes of the forecast."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from deals.forecast import month_of
from insights.actions import adjust_forecast, delete_goal, set_goal
from insights.forms import AdjustForm, GoalForm
from insights.models import Adjustment, Goal, Scope
from insights.months import Forecast
from insights.reached import lines
from insights.targets import may_see, only
from workspaces.access import MemberRequest, member_required
from workspaces.dialogs import done, saved
from workspaces.formats import Formats
from workspaces.models import Membership, Role, Team, Workspace


@member_required()
def goal_list(request: MemberRequest) -> HttpResponse:
    goals = Goal.objects.filter(may_see(request.member), workspace=request.workspace).select_related("team", "member")
    context = {"goals": lines(request, list(goals)), "may_keep": request.member.may(Role.MANAGER)}
    return render(request, "insights/goal_list.html", context)


@member_required(Role.MANAGER, methods=("GET", "POST"))
def goal_new(request: MemberRequest) -> HttpResponse:
    formats = Formats.of(request)
    initial = {"first": month_of(formats.today)}
    form = GoalForm(request.POST or None, reader=request.member, formats=formats, initial=initial)
    return saved(
        request,
        "insights/goal_new.html",
        form,
        lambda facts: set_goal(request.workspace, by=request.member, **facts),
        reverse("goal_list"),
    )


@member_required(Role.MANAGER, methods=("POST",), writer=Role.MANAGER)
def goal_delete(request: MemberRequest, pk: int) -> HttpResponse:
    goal = get_object_or_404(Goal.objects.filter(may_see(request.member)), workspace=request.workspace, pk=pk)
    delete_goal(goal, by=request.member)
    messages.success(request, "The goal is gone.")
    return done(request, reverse("goal_list"))


@member_required(Role.MANAGER, methods=("GET", "POST"))
def forecast_adjust(request: MemberRequest, month: str) -> HttpResponse:
    """What a manager expects of a month, of those whose forecast the filter shows."""
    forecast = Forecast(request)
    key = forecast.aim
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise Http404("No such month") from None
    if key is None:
        raise Http404("Nobody's forecast")
    known = Adjustment.objects.filter(only(key), workspace=request.workspace, month=first).first()
    initial = {"amount": known.amount, "note": known.note} if known else {}
    form = AdjustForm(request.POST or None, formats=forecast.formats, initial=initial)
    context = {"month": forecast.month_name(first)}
    return saved(
        request,
        "insights/forecast_adjust.html",
        form,
        lambda facts: adjust_forecast(
            request.workspace, by=request.member, month=first, **whose(request.workspace, key), **facts
        ),
        f"{reverse('deal_forecast')}?{request.GET.urlencode()}",
        **context,
    )


def whose(workspace: Workspace, key: tuple) -> dict[str, object]:
    """The team or member that a key of `targets` names."""
    scope, team, member = key
    if scope == Scope.TEAM:
        return {"team": Team.objects.get(workspace=workspace, pk=team)}
    return {"member": Membership.objects.get(workspace=workspace, user_id=member)} if scope == Scope.MEMBER else {}
