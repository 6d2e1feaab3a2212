"""The list of deals."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from deals.cards import present, rows
from deals.columns import DealColumn, all_columns, chosen_columns
from deals.filters import DealListFilter
from deals.links import from_list
from deals.models import WEIGHT, DealTag, Kind, Pipeline, Stage
from deals.saved_views import Tabs, where_to
from deals.totals import Total, by_stage, kept_closed, kept_open, owner_sets, say_rates
from deals.views.board import pipeline_parameter, visible_deals
from workspaces.access import MemberRequest, member_required, visible_owners
from workspaces.drawing import filled
from workspaces.filtering import filter_panel
from workspaces.formats import Formats
from workspaces.lists import ListPage
from workspaces.models import Membership, Role
from workspaces.numbers import parse_id
from workspaces.pages import render_page
from workspaces.people import tone_of_name

NEEDED = ("created_at", "stage__rotting_days", "stage__name", "stage__color", "weight", "next_activity_at")
TABS = ("open", "won", "lost", "all")
# These the kept totals can answer.
CLOSING = ("closed_from", "closed_to")
KEPT = frozenset(("stage", "owner", "team", *CLOSING))
# What the bar offers besides owner, close date and other facts: verb, icon, label.
VERBS = (("move", "arrow-right", "Move to…"), ("task", "calendar-plus", "Next step"), ("tag", "tag", "Tag"))
MANY = 100  # rows that one answer names


@member_required()
def deal_list(request: MemberRequest) -> HttpResponse:
    if query := where_to(request):
        return HttpResponseRedirect(f"?{query}")
    tab = tab_of(request)
    filterset = list_filter(request, tab)
    if query := filterset.plain():
        return HttpResponseRedirect(f"?{query}")
    known = columns_of(request, tab)
    columns = chosen(request, known)
    found = rows(filterset.qs.annotate(weight=WEIGHT), *NEEDED, *needs(columns))
    page = ListPage(
        request, found, columns, "-created", sortable=list(known.values()), groups=lambda name: groups(request, name)
    )
    total, formats = list_total(request, filterset, tab), Formats.of(request)
    context = {
        "filter": filterset,
        "tab": tab,
        "tabs": Tabs(request),
        "page": page,
        "columns": columns,
        "cards": lines(request, page.rows, columns),
        "verbs": VERBS,
        "pipelines": Pipeline.objects.filter(workspace=request.workspace),
        "pipeline": pipeline_of(request),
        "total": total,
        "rates": say_rates(request.workspace, formats) if total.converted else "",
    }
    return render_page(request, "deals/deal_list.html", context)


@member_required()
def deal_rows(request: MemberRequest) -> HttpResponse:
    """The rows of `ids` as they stand now, and the sums: what a page asks for after a change. What is not in the answer has
    left the list."""
    tab = tab_of(request)
    filterset = list_filter(request, tab)
    ids = [pk for text in request.GET.get("ids", "").split(",")[:MANY] if (pk := parse_id(text))]
    columns = chosen(request, columns_of(request, tab))
    found = rows(filterset.qs.filter(pk__in=ids).annotate(weight=WEIGHT), *NEEDED, *needs(columns))
    total = list_total(request, filterset, tab)
    context = {
        "columns": columns,
        "cards": lines(request, list(found), columns),
        "total": total,
        "rates": say_rates(request.workspace, Formats.of(request)) if total.converted else "",
    }
    return render(request, "deals/deal_list.html#changed", context)


def columns_of(request: MemberRequest, tab: str) -> dict[str, DealColumn]:
    return all_columns(request.workspace, closed=tab in (Kind.WON, Kind.LOST))


def chosen(request: MemberRequest, known: dict[str, DealColumn]) -> tuple[DealColumn, ...]:
    """The columns that the address names, else those that the reader likes."""
    return chosen_columns(request.GET.get("columns", "") or ",".join(request.member.lists.get("columns", [])), known)


def needs(columns: tuple[DealColumn, ...]) -> list[str]:
    return list(dict.fromkeys(name for column in columns for name in column.needs if name not in NEEDED))


def groups(request: MemberRequest, name: str) -> list[int]:
    """Stages as they stand on the boards, owners by their names."""
    if name == "stage":
        stages = Stage.objects.filter(workspace=request.workspace)
        return list(stages.order_by("pipeline__position", "pipeline_id", "position").values_list("pk", flat=True))
    members = Membership.objects.filter(workspace=request.workspace)
    owners = visible_owners(request.member)
    members = members if owners is None else members.filter(user_id__in=owners)
    return list(members.order_by("user__name", "user_id").values_list("user_id", flat=True))


def lines(request: MemberRequest, found: list[dict], columns: tuple[DealColumn, ...]) -> list[dict]:
    """Cards with what only the list shows, for `deals/deal_row.html`."""
    formats, may_edit = Formats.of(request), request.member.may(Role.REP)
    cards = present(found, formats, may_edit=may_edit, came=from_list(request))
    more = {column.name: column.text for column in columns if column.text}
    tags = tags_of(found) if any(column.name == "tags" for column in columns) else None
    made, base = [], reverse("deal_board")
    for card, row in zip(cards, found, strict=True):
        edit = f"{base}{card['id']}/edit/" if may_edit else ""
        card |= {
            "stage": row["stage__name"],
            "color": row["stage__color"],
            "weighted": formats.money((row["amount"] or 0) * row["probability"] / 100, row["currency"]),
            "created": formats.moment(row["created_at"]),
            "edit": edit,
            "edit_open": edit if row["status"] == "open" else "",
        }
        card |= {name: text(row, formats) for name, text in more.items()}
        if tags is not None:
            card["tags"] = filled("deals/tag.html", tags.get(row["pk"], ()))
        made.append(card)
    return made


def tags_of(found: list[dict]) -> dict[int, list[dict[str, str]]]:
    """{deal id: tags for `deals/tag.html`}."""
    links = DealTag.objects.filter(deal_id__in=[row["pk"] for row in found]).order_by("tag__name")
    tags: dict[int, list[dict[str, str]]] = {}
    for deal_id, name in links.values_list("deal_id", "tag__name"):
        tags.setdefault(deal_id, []).append({"name": name, "tone": tone_of_name(name)})
    return tags


def tab_of(request: MemberRequest) -> str:
    tab = request.GET.get("tab", "")
    return tab if tab in TABS else "open"


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
