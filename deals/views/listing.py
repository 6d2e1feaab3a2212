"""The list of deals."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse

from deals.cards import present, rows
from deals.filters import DealListFilter
from deals.models import Stage
from deals.totals import Total, by_stage, kept_closed, kept_open, owner_sets
from deals.views.board import visible_deals
from workspaces.access import MemberRequest, member_required, visible_owners
from workspaces.filtering import filter_panel
from workspaces.formats import Formats
from workspaces.lists import Column, ListPage
from workspaces.pages import render_page

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
KEPT = frozenset(("stage", "owner", "team"))


@member_required()
def deal_list(request: MemberRequest) -> HttpResponse:
    tab = tab_of(request)
    filterset = list_filter(request, tab)
    deals = filterset.qs
    page = ListPage(
        request, rows(deals, "created_at", "stage__rotting_days", "stage__name", "stage__color"), COLUMNS, "-created"
    )
    formats = Formats.of(request)
    cards = [line(card, row, formats) for card, row in zip(present(page.rows, formats), page.rows, strict=True)]
    context = {
        "filter": filterset,
        "tab": tab,
        "tabs": TABS,
        "page": page,
        "cards": cards,
        "total": list_total(request, filterset, tab),
    }
    return render_page(request, "deals/deal_list.html", context)


def line(card: dict, row: dict, formats: Formats) -> dict:
    """A card with what only the list shows."""
    return card | {
        "stage": row["stage__name"],
        "color": row["stage__color"],
        "weighted": formats.money((row["amount"] or 0) * row["probability"] / 100, row["currency"]),
        "created": formats.moment(row["created_at"]),
    }


def tab_of(request: MemberRequest) -> str:
    tab = request.GET.get("tab", "")
    return tab if tab in dict(TABS) else "open"


def list_filter(request: MemberRequest, tab: str) -> DealListFilter:
    deals = visible_deals(request) if tab == "all" else visible_deals(request).filter(status=tab)
    return DealListFilter(request.GET, queryset=deals, request=request)


def list_total(request: MemberRequest, filterset: DealListFilter, tab: str) -> Total:
    """Of everything the filter finds, not of the page alone."""
    active = filterset.active
    if not active.keys() <= KEPT or not filterset.is_valid():
        return sum(by_stage(filterset.qs).values(), Total())
    stages = active.get("stage") or Stage.objects.filter(workspace=request.workspace)
    stages = [stage for stage in stages if tab in ("all", stage.kind)]
    owners = owner_sets(visible_owners(request.member), active)
    found = kept_open(owners, workspace=request.workspace, stage__in=[stage for stage in stages if stage.is_open])
    found |= kept_closed(owners, [stage for stage in stages if not stage.is_open])
    return sum(found.values(), Total())


@member_required()
def deal_list_filter(request: MemberRequest, name: str) -> HttpResponse:
    return filter_panel(request, list_filter(request, tab_of(request)), name, reverse("deal_list"))
