"""Links to a deal that say where they stood, so that the deal's page can step to the next one (see views/beside.py)."""

from __future__ import annotations

from django.http import QueryDict
from django.urls import reverse

from deals.models import Deal
from workspaces.access import MemberRequest

LONGEST = 2000  # characters of a page's query
# Of a page's query, what says nothing about which deals it shows.
PASSING = ("after", "ids", "since", "undo")


def from_list(request: MemberRequest) -> str:
    return _suffix(f"list?{_query(request)}")


def from_board(request: MemberRequest) -> str:
    """The column of a board without a filter goes without saying."""
    query = _query(request, "pipeline")
    return _suffix(f"board?{query}") if query else ""


def came_from(request: MemberRequest) -> tuple[str, str]:
    """(list or board, the query of that page), as the link said."""
    kind, _, query = request.GET.get("in", "")[:LONGEST].partition("?")
    return ("list" if kind == "list" else "board"), query


def way_back(request: MemberRequest, deal: Deal) -> str:
    """The page that the deal was opened from; without a word of it, the board that the deal stands on."""
    kind, query = came_from(request)
    values = QueryDict(query, mutable=True)
    if kind == "board":
        values.setdefault("pipeline", str(deal.pipeline_id))
    return reverse(f"deal_{kind}") + (f"?{values.urlencode()}" if values else "")


def _query(request: MemberRequest, *more: str) -> str:
    query = request.GET.copy()
    for name in (*PASSING, *more):
        query.pop(name, None)
    return query.urlencode()


def _suffix(value: str) -> str:
    values = QueryDict(mutable=True)
    values["in"] = value
    return f"?{values.urlencode()}"
