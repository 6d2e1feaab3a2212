"""The list of deals."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from deals.cards import present, rows
from deals.filters import DealListFilter
from deals.models import Deal, Kind, Stage
from deals.totals import Total, by_stage, kept_closed, kept_open, owner_sets
from deals.views.board import visible_deals
from workspaces.access import MemberRequest, member_required, visible_owners
from workspaces.filtering import filter_panel
from workspaces.formats import Formats
from workspaces.lists import Column, ListPage

COLUMNS = (
    Column("name", "Deal", sort="name"),
    Column("company", "Company"),
    Column("stage", "Stage"),
    Column("amount", "Value", sort="amount", css="r", nullable=True),
    Column("weighted", "Weighted", css="r"),
    Column("close", "Close date", sort="expected_close_date", nullable=True),
    Column("next", "Next step"),
    Column("owner", "Owner"),
    Column("age", "In stage", css="r"),
    Column("created", "Created", sort="created_at", css="r"),
)
TABS = (("open", "Open"), ("won", "Won"), ("lost", "Lost"), ("all", "All"))
# These the kept totals can answer.
KEPT = frozenset(("status", "stage", "owner", "team"))


@member_required()
def deal_list(request: MemberRequest) -> HttpResponse:
    filterset, tab = list_filter(request)
    deals = filterset.qs if filterset.is_valid() else Deal.objects.none()
    page = ListPage(request, rows(deals), COLUMNS, "-created")
    formats = Formats.of(request)
    cards = [
        card | {"stage": row["stage__name"], "color": row["stage__color"], "created": formats.moment(row["created_at"])}
        for card, row in zip(present(page.rows, formats), page.rows, strict=True)
    ]
    context = {
        "filter": filterset,
        "tab": tab,
        "tabs": TABS,
        "page": page,
        "cards": cards,
        "total": list_total(request, filterset),
    }
    part = (
        "#rows"
        if request.headers.get("X-Part") == "rows"
        else "#page"
        if request.htmx and not request.htmx.history_restore_request
        else ""
    )
    return render(request, "deals/deal_list.html" + part, context)


def list_filter(request: MemberRequest) -> tuple[DealListFilter, str]:
    """The filter, and the tab it stands for; without a status the list is of open deals."""
    data = request.GET.copy()
    tab = data.get("tab", "open")
    if tab in Kind.values and "status" not in data:
        data.setlist("status", [tab])
    return DealListFilter(data, queryset=visible_deals(request), request=request), tab


def list_total(request: MemberRequest, filterset: DealListFilter) -> Total:
    """Of everything the filter finds, not of the page alone."""
    active = filterset.active
    if not active.keys() <= KEPT:
        return sum(by_stage(filterset.qs).values(), Total())
    stages = list(active.get("stage") or Stage.objects.filter(workspace=request.workspace))
    kinds = active.get("status") or Kind.values
    owners = owner_sets(visible_owners(request.member), active)
    found = kept_open(request.workspace, [s for s in stages if s.is_open and s.kind in kinds], owners)
    found |= kept_closed(request.workspace, [s for s in stages if not s.is_open and s.kind in kinds], owners)
    return sum(found.values(), Total())


@member_required()
def deal_list_filter(request: MemberRequest, name: str) -> HttpResponse:
    return filter_panel(request, list_filter(request)[0], name, reverse("deal_list"))
