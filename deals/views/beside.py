"""Next and previous: the deals around one, in the list or the column of the board that its reader came from.

The link says where that was: `in=list?…` or `in=board?…` with the query of that page; without it, it is the column that
the deal stands in. What the page did not show is not found here either.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from deals.board import Board
from deals.links import came_from
from deals.models import WEIGHT, Deal
from deals.views.board import visible_deals
from deals.views.listing import columns_of, groups, list_filter, tab_of
from workspaces.access import MemberRequest, member_required
from workspaces.lists import ListPage

# So many ids are read at most, in one query; further on nobody steps from deal to deal.
MOST = 1000


@member_required()
def deal_beside(request: MemberRequest, pk: int) -> HttpResponse:
    """The arrows of the page's head, or (?go) a step to the deal before or after."""
    deal = get_object_or_404(visible_deals(request).select_related("stage"), pk=pk)
    found = beside(request, deal)
    if go := request.GET.get("go"):
        target = (found.previous if go == "previous" else found.next) or pk
        kept = QueryDict(mutable=True)
        kept.update({name: request.GET[name] for name in ("in", "tab") if name in request.GET})
        return HttpResponseRedirect(reverse("deal_detail", args=[target]) + (f"?{kept.urlencode()}" if kept else ""))
    return render(request, "deals/deal_beside.html", {"deal": deal, "beside": found})


@dataclass(frozen=True)
class Beside:
    """Ids of the deals before and after, and the deal's place among `total`, which may be more than were counted."""

    previous: int | None = None
    next: int | None = None
    place: int = 0
    total: int = 0
    is_more: bool = False


def beside(request: MemberRequest, deal: Deal) -> Beside:
    kind, query = came_from(request)
    found = of_list(request, query) if kind == "list" else of_column(request, deal, query)
    ids, is_more = found[:MOST], len(found) > MOST
    if deal.pk not in ids:
        return Beside()
    at = ids.index(deal.pk)
    return Beside(ids[at - 1] if at else None, (*found, None)[at + 1], at + 1, len(ids), is_more)


def asked(request: MemberRequest, query: str) -> MemberRequest:
    """The request of the page that the deal was opened from."""
    page = copy(request)
    page.GET = QueryDict(query)
    return page


def of_list(request: MemberRequest, query: str) -> list[int]:
    """Ids in the list's own order, from its first row on."""
    page = asked(request, query)
    values = page.GET.copy()
    values.pop("after", None)
    page.GET = values
    tab = tab_of(page)
    columns = tuple(columns_of(page, tab).values())
    sorts = {column.sort for column in columns if column.sort}
    deals = list_filter(page, tab).qs.annotate(weight=WEIGHT).values("pk", *sorts)
    return [
        row["pk"]
        for row in ListPage(
            page, deals, columns, "-created", size=MOST + 1, groups=lambda name: groups(page, name)
        ).rows
    ]


def of_column(request: MemberRequest, deal: Deal, query: str) -> list[int]:
    """Ids in the order of the deal's column."""
    board = Board(asked(request, query), deal.pipeline_id)
    return list(board.column(deal.stage).values_list("pk", flat=True)[: MOST + 1])
