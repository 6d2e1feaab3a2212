"""The list of deals."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from deals.cards import present, rows
from deals.filters import DealListFilter
from deals.links import from_list
from deals.models import WEIGHT, Kind, Pipeline, Stage
from deals.totals import Total, by_stage, kept_closed, kept_open, owner_sets, say_rates
from deals.views.board import pipeline_parameter, visible_deals
from workspaces.access import MemberRequest, member_required, visible_owners
from workspaces.filtering import filter_panel
from workspaces.formats import Formats
from workspaces.lists import Column, ListPage
from workspaces.pages import render_page

# Sorted by what an index of deals holds in order. Company, stage and owner are none: their names stand in other tables.
COLUMNS = (
    Column("name", "Deal", sort="name"),
    Column("company", "Company"),
    Column("stage", "Stage"),
    Column("amount", "Value", sort="base_amount", css="r", nullable=True),
    Column("weighted", "Weighted", sort="weight", css="r", nullable=True),
    Column("close", "Close date", sort="expected_close_date", nullable=True),
    Column("next", "Next step", sort="next_activity_at", nullable=True),
    Column("owner", "Owner"),
    Column("age", "In stage", sort="stage_entered_at", css="r", mirrored=True),
    Column("created", "Created", sort="created_at", css="r"),
)
# Of closed deals the day they were closed is shown, and sorted by.
CLOSED = tuple(
    Column("close", "Closed", sort="closed_at", nullable=True) if column.name == "close" else column
    for column in COLUMNS
)
MORE = ("created_at", "stage__rotting_days", "stage__name", "stage__color", "weight", "next_activity_at")
TABS = (("open", "Open"), ("won", "Won"), ("lost", "Lost"), ("all", "All"))
# These the kept totals can answer.
CLOSING = ("closed_from", "closed_to")
KEPT = frozenset(("stage", "owner", "team", *CLOSING))


@member_required()
def deal_list(request: MemberRequest) -> HttpResponse:
    tab = tab_of(request)
    filterset = list_filter(request, tab)
    if query := filterset.plain():
        return HttpResponseRedirect(f"?{query}")
    deals = filterset.qs
    columns = CLOSED if tab in (Kind.WON, Kind.LOST) else COLUMNS
    page = ListPage(request, rows(deals.annotate(weight=WEIGHT), *MORE), columns, "-created")
    formats = Formats.of(request)
    cards = [
        line(card, row, formats)
        for card, row in zip(present(page.rows, formats, came=from_list(request)), page.rows, strict=True)
    ]
    total = list_total(request, filterset, tab)
    context = {
        "filter": filterset,
        "tab": tab,
        "tabs": TABS,
        "page": page,
        "cards": cards,
        "pipelines": Pipeline.objects.filter(workspace=request.workspace),
        "pipeline": pipeline_of(request),
        "total": total,
        "rates": say_rates(request.workspace, formats) if total.converted else "",
    }
    return render_page(request, "deals/deal_list.html", context)


def line(card: dict, row: dict, formats: Formats) -> dict:
    """A card with what only the list shows, for `deals/deal_row.html`."""
    return card | {
        "stage": row["stage__name"],
        "color": row["stage__color"],
        "weighted": formats.money((row["amount"] or 0) * row["probability"] / 100, row["currency"]),
        "created": formats.moment(row["created_at"]),
    }


def tab_of(request: MemberRequest) -> str:
    tab = request.GET.get("tab", "")
    return tab if tab in dict(TABS) else "open"


def pipeline_of(request: MemberRequest) -> Pipeline | None:
    """The one that the address names, None for all."""
    pk = pipeline_parameter(request)
    return None if pk is None else get_object_or_404(Pipeline, workspace=request.workspace, pk=pk)


def list_filter(request: MemberRequest, tab: str) -> DealListFilter:
    deals = visible_deals(request) if tab == "all" else visible_deals(request).filter(status=tab)
    if pipeline := pipeline_of(request):
        # By its stages, which indexes know.
        deals = deals.filter(stage_id__in=list(pipeline.stages.values_list("pk", flat=True)))
    return DealListFilter(request.GET, queryset=deals, request=request)


def list_total(request: MemberRequest, filterset: DealListFilter, tab: str) -> Total:
    """Of everything the filter finds, not of the page alone."""
    active = filterset.active
    if not active.keys() <= KEPT or not filterset.is_valid():
        return sum(by_stage(filterset.qs).values(), Total())
    stages = active.get("stage") or Stage.objects.filter(workspace=request.workspace)
    pipeline = pipeline_parameter(request)
    stages = [stage for stage in stages if tab in ("all", stage.kind) and pipeline in (None, stage.pipeline_id)]
    owners = owner_sets(visible_owners(request.member), active)
    since, until = (active.get(name) for name in CLOSING)
    found = kept_closed(owners, [stage for stage in stages if not stage.is_open], since, until)
    if since is until is None:
        still = [stage for stage in stages if stage.is_open]
        found |= kept_open(owners, workspace=request.workspace, stage__in=still)
    return sum(found.values(), Total())


@member_required()
def deal_list_filter(request: MemberRequest, name: str) -> HttpResponse:
    return filter_panel(request, list_filter(request, tab_of(request)), name, reverse("deal_list"))
