"""Goals, and what managers make of the forecast, in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from insights.actions import delete_goal, set_goal
from insights.models import Adjustment, Goal
from workspaces.admin_base import ReadOnlyAdmin, TenantAdmin
from workspaces.admin_filters import ChooseFilter
from workspaces.admin_forms import TenantForm
from workspaces.admin_site import site
from workspaces.models import Membership


class GoalForm(TenantForm):
    """Its action says for whom the goal is by what was filled in."""

    action_checks = True

    def clean(self) -> dict[str, Any]:
        super().clean()
        if self.cleaned_data.get("team") and self.cleaned_data.get("member"):
            self.add_error("member", "A goal is for a team or for a member, not for both.")
        return self.cleaned_data


@admin.register(Goal, site=site)
class GoalAdmin(TenantAdmin):
    """For everybody, unless a team or a member is named. What it is for stays; another target is set."""

    menu = ("Setup", 16, "trophy")
    form = GoalForm
    list_display = ("metric", "period", "first", "target", "scope", "team", "member")
    list_filter = (("member", ChooseFilter), "metric", "period")
    search_fields = ("team__name", "member__name")
    fields = ("metric", "period", "first", "target", "team", "member")

    def get_readonly_fields(self, request: HttpRequest, obj: Goal | None = None):
        fixed = super().get_readonly_fields(request, obj)
        return [*fixed, *(name for name in self.fields if name != "target")] if obj else fixed

    def get_actions(self, request: HttpRequest) -> dict:
        return {}

    def add_row(self, request: HttpRequest, obj: Goal, form: GoalForm) -> Goal:
        member = obj.member_id and Membership.objects.get(workspace_id=obj.workspace_id, user_id=obj.member_id)
        facts = {name: getattr(obj, name) for name in ("metric", "period", "target", "first", "team")}
        return set_goal(obj.workspace, by=self.actor(request), member=member or None, **facts)

    change_row = add_row

    def delete_model(self, request: HttpRequest, obj: Goal) -> None:
        delete_goal(obj, by=self.actor(request))


@admin.register(Adjustment, site=site)
class AdjustmentAdmin(ReadOnlyAdmin):
    """Said on the forecast."""

    menu = ("Sales", 15, "tune")
    list_display = ("month", "amount", "note", "scope", "team", "member", "by", "updated_at")
    list_filter = (("by", ChooseFilter), "month")
    search_fields = ("note", "team__name", "member__name")
