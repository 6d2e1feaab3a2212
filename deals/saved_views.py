"""The tabs above the list of deals: what everybody starts with, and the views that people keep (actions/views.py)."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict

from deals.actions.views import MOST, views_of
from deals.models import SavedView
from workspaces.access import MemberRequest
from workspaces.models import Role
from workspaces.numbers import parse_id

STARTERS = {
    "open": ("All open", "tab=open"),
    "mine": ("My deals", "tab=open&owner=me"),
    "closing": ("Closing this month", "tab=open&close=month&sort=close"),
    "nostep": ("No next step", "tab=open&step=none"),
    "rotting": ("Rotting", "tab=open&rot=rotting"),
    "won": ("Won", "tab=won"),
    "lost": ("Lost", "tab=lost"),
    "all": ("All", "tab=all"),
}


@dataclass
class Tab:
    """A starter view or a saved one (`view`)."""

    key: str
    label: str
    query: str
    view: SavedView | None = None
    is_current: bool = False
    is_changed: bool = False
    is_pinned: bool = False
    is_default: bool = False
    may_change: bool = False

    @property
    def link(self) -> str:
        return f"?{self.query}&view={self.key}" if self.query else f"?view={self.key}"


class Tabs:
    """Those of one reader, with the one that the address shows."""

    def __init__(self, request: MemberRequest):
        member, asked = request.member, request.GET
        likes = member.lists
        pinned = {key for key, _ in likes.get("pinned", [])}
        self.all = [Tab(key, label, query) for key, (label, query) in STARTERS.items()]
        for view in views_of(member)[:MOST]:
            may_change = view.owner_id == member.user_id or member.may(Role.MANAGER)
            self.all.append(Tab(str(view.pk), view.name, view.query, view, may_change=may_change))
        key = asked.get("view", "") or (asked.get("tab", "open") if not extra(asked) else "")
        self.current = next((tab for tab in self.all if tab.key == key), None)
        # A view that somebody deleted, or does not share any more.
        self.is_gone = bool(asked.get("view")) and self.current is None
        for tab in self.all:
            tab.is_pinned, tab.is_default = tab.key in pinned, tab.key == likes.get("default", "open")
            if tab is self.current:
                tab.is_current = True
                tab.is_changed = "view" in asked and told(asked) != told(QueryDict(tab.query))


def extra(query: QueryDict) -> bool:
    return bool(query.keys() - {"tab", "sort", "pipeline", "columns", "after"})


def told(query: QueryDict) -> dict[str, list[str]]:
    """What a view consists of, in an order that does not matter."""
    left_out = ("view", "after", "undo")
    found = {name: sorted(filter(None, values)) for name, values in query.lists() if name not in left_out}
    return {name: values for name, values in found.items() if values}


def where_to(request: MemberRequest) -> str | None:
    """The query that the address stands for: that of the view it names alone, or of the reader's own default. None where it
    is whole already."""
    asked = request.GET
    key = asked.get("view", "") if set(asked) == {"view"} else "" if asked else request.member.lists.get("default", "")
    if not key:
        return None
    if key in STARTERS:
        return f"{STARTERS[key][1]}&view={key}"
    view = views_of(request.member).filter(pk=parse_id(key) or 0).first()
    if view is None:
        return None
    return f"{view.query}&view={key}" if view.query else f"tab=open&view={key}"
