"""If: the same filter as that of the lists, asked whether one deal or lead is in it."""

from __future__ import annotations

from collections.abc import Collection
from zoneinfo import ZoneInfo

import django_filters as filters
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from deals.filters import DealListFilter, of_workspace
from deals.models import Deal, Kind, Pipeline
from leads.filters import LeadFilter
from leads.models import Campaign, Lead
from workspaces.filtering import Chip, ListFilter
from workspaces.formats import Formats, locale_of
from workspaces.models import Workspace


class DealCondition(DealListFilter):
    """What the list has tabs and a switch for stands in the filter here."""

    status = filters.MultipleChoiceFilter(choices=Kind.choices)
    pipeline = filters.ModelMultipleChoiceFilter(queryset=of_workspace(Pipeline))
    campaign = filters.ModelMultipleChoiceFilter(queryset=of_workspace(Campaign))

    chips = (
        Chip("status", "Status", "circle-dot", ("status",)),
        Chip("pipeline", "Pipeline", "square-kanban", ("pipeline",)),
        *DealListFilter.chips,
        Chip("campaign", "Campaign", "megaphone", ("campaign",)),
    )


FILTERS: dict[str, type[ListFilter]] = {"deal": DealCondition, "lead": LeadFilter}


class Reader:
    """Who asks where nobody does: as a request, by the workspace's own days."""

    member = None

    def __init__(self, workspace: Workspace, formats: Formats | None = None):
        self.workspace = workspace
        self.GET = QueryDict()
        zone = ZoneInfo(workspace.time_zone)
        today = timezone.now().astimezone(zone).date()
        self._formats = formats or Formats(locale_of("en"), zone, workspace.currency, today)


def rows_of(about: str, workspace_id: int) -> QuerySet[Deal] | QuerySet[Lead]:
    if about == "deal":
        return Deal.objects.filter(workspace_id=workspace_id)
    return Lead.objects.filter(workspace_id=workspace_id)


def asked(
    about: str,
    query: str | QueryDict,
    workspace: Workspace,
    rows: QuerySet | None = None,
    formats: Formats | None = None,
) -> ListFilter:
    data = QueryDict(query) if isinstance(query, str) else query
    rows = rows_of(about, workspace.pk) if rows is None else rows
    return FILTERS[about](data, queryset=rows, request=Reader(workspace, formats))


def those_in(about: str, query: str, workspace: Workspace, pks: Collection[int]) -> set[int]:
    """Which of the deals or leads are in the filter now; none where it cannot be read."""
    rows = rows_of(about, workspace.pk).filter(pk__in=pks)
    return set(asked(about, query, workspace, rows).qs.order_by().values_list("pk", flat=True))


def unreadable(about: str, query: str, workspace: Workspace) -> str:
    """What of it cannot be read any more, in words."""
    found = asked(about, query, workspace)
    return "" if found.is_valid() else " ".join(found.problems())


def in_words(about: str, query: str, workspace: Workspace, formats: Formats | None = None) -> list[tuple[str, str]]:
    """[("Owner", "Bob Berg"), …]"""
    found = asked(about, query, workspace, formats=formats)
    if not found.is_valid():
        return [("Cannot be read", " ".join(found.problems()))]
    return [(item["chip"].label, str(item["summary"])) for item in found.bar if item["is_set"]]
