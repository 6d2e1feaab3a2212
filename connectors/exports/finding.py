"""What an export finds: what its list would show the same member at the same moment, by the list's own code."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, QueryDict

from deals.views.listing import list_filter, tab_of
from leads.views import COMPANIES, CONTACTS, LEADS
from workspaces.access import MemberRequest
from workspaces.action import Refused
from workspaces.custom.values import Entity
from workspaces.filtering import ListFilter
from workspaces.models import Membership
from workspaces.numbers import parse_id

LISTINGS = {Entity.LEAD: LEADS, Entity.COMPANY: COMPANIES, Entity.CONTACT: CONTACTS}
# How many rows may be chosen by hand; more are a filter.
MOST_IDS = 5000


def asking(member: Membership, query: str) -> MemberRequest:
    """A request of this member for their list, as the list's own code takes it."""
    request = MemberRequest()
    request.method, request.GET, request.user = "GET", QueryDict(query), member.user
    request.workspace, request.member = member.workspace, member
    return request


def found(entity: Entity, member: Membership, query: str) -> QuerySet:
    """All that the member may see of what the list's address asks for; `ids` in it are rows chosen by hand. Newest first.

    Refused where the filter cannot be read. Inside the workspace's scope and the member's time zone.
    """
    request = asking(member, query)
    try:
        filterset = filtered(entity, request)
    except Http404:
        raise Refused("What the list was narrowed down by is gone. Go back to the list and export again.") from None
    if not filterset.is_valid():
        raise Refused(f"This filter cannot be read: {' '.join(filterset.problems())}")
    rows = filterset.qs
    if "ids" in request.GET:
        ids = [parse_id(text) for text in request.GET["ids"].split(",")]
        rows = rows.filter(pk__in=[pk for pk in ids if pk][:MOST_IDS])
    return rows.order_by("-pk")


def filtered(entity: Entity, request: MemberRequest) -> ListFilter:
    if entity == Entity.DEAL:
        return list_filter(request, tab_of(request))
    return LISTINGS[entity].filtered(request)


def visible(entity: Entity, member: Membership) -> QuerySet:
    """All that the member may see, without a filter."""
    return found(entity, member, "tab=all")


def said(request: HttpRequest) -> str:
    """The address to be kept: what pages and messages put into it is not part of the filter."""
    query = request.GET.copy()
    for name in ("after", "undo", "columns"):
        query.pop(name, None)
    return query.urlencode()
