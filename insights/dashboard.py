"""What the dashboard says: figures with what they were before, and where they come from.

All of it comes from totals that triggers keep. Days are counted in UTC, like every sum over days.
"""

from __future__ import annotations

from functools import cached_property

import django_filters as filters
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from deals.board import Board
from deals.exchange import day_of
from deals.filters import of_workspace, team_user_ids
from deals.models import Deal, Kind, Stage
from deals.totals import Total, kept_open, owner_sets, say_rates
from insights.goals import span
from insights.targets import Targets, aimed_at, only, targets
from workspaces.access import MemberRequest, visible_owners
from workspaces.filtering import Chip, ListFilter, MemberFilter
from workspaces.formats import Formats
from workspaces.models import Team

PERIODS = {"month": "Month", "quarter": "Quarter", "year": "Year"}


class DashboardFilter(ListFilter):
    """Whose deals; who they are is known to the kept totals."""

    owner = MemberFilter("owner")
    team = filters.ModelMultipleChoiceFilter(queryset=of_workspace(Team), method="by_team")
    chips = (Chip("team", "Team", "users-round", ("team",)), Chip("owner", "Owner", "user-round", ("owner",)))

    class Meta:
        model = Deal
        fields: list[str] = []

    def by_team(self, queryset, name, value):
        return queryset.filter(owner_id__in=team_user_ids(value)) if value else queryset

    def counts(self, name, queryset):
        return {}


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

    @cached_property
    def open(self) -> dict[int, Total]:
        """{stage id: Total}"""
        return kept_open(self.owners, workspace=self.workspace, stage__in=self.of_kind(Kind.OPEN))

    @cached_property
    def aim(self) -> tuple | None:
        if self.pipeline or not self.filter.is_valid():
            return None
        return aimed_at(self.request.member, list(self.active.get("team") or ()), list(self.active.get("owner") or ()))

    @cached_property
    def targets(self) -> Targets:
        return targets(self.workspace, only(self.aim)).get(self.aim, Targets(())) if self.aim else Targets(())
