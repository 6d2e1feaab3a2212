"""Links to a deal that say where they stood, so that the deal's page can step to the next one (see views/beside.py)."""

from __future__ import annotations

from django.http import QueryDict

from workspaces.access import MemberRequest

# Of a page's query, what says nothing about which deals it shows.
PASSING = ("after", "ids", "since", "undo")


def from_list(request: MemberRequest) -> str:
    return _suffix(f"list?{_query(request)}")


def from_board(request: MemberRequest) -> str:
    """The column of a board without a filter goes without saying."""
    query = _query(request, "pipeline")
    return _suffix(f"board?{query}") if query else ""


def _query(request: MemberRequest, *more: str) -> str:
    query = request.GET.copy()
    for name in (*PASSING, *more):
        query.pop(name, None)
    return query.urlencode()


def _suffix(value: str) -> str:
    values = QueryDict(mutable=True)
    values["in"] = value
    return f"?{values.urlencode()}"
