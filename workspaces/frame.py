"""The frame around every page: what it shows of its reader and workspace, and which of its links leads to where they are."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.urls import ResolverMatch, reverse
from django.utils.safestring import SafeString

from workspaces.drawing import drawn, filled
from workspaces.mounting import mounted
from workspaces.people import initials, tone_of

# Pages whose names begin so belong to the link whose name begins so.
KINDS = {kind: kind for kind in ("deal", "lead", "company", "contact", "member")} | {"inbox": "message"}
Links = tuple[tuple[str, bool], ...]
# (name, whether it is current on all pages whose address begins with its own), in a workspace and outside of all.
LINKS: Links = (
    ("today", False),
    ("inbox", False),
    ("deal_board", False),
    ("lead_list", False),
    ("campaign_list", True),
    ("company_list", False),
    ("contact_list", False),
    ("task_list", False),
    ("calendar", False),
    ("dashboard", False),
    ("workspace_settings", True),
    ("member_list", False),
)
OUTSIDE: Links = (("workspace_list", False), ("profile", False))


def current_links(match: ResolverMatch | None, links: Links) -> tuple[str, ...]:
    """Those of the links that lead to the page, or to one of its kind (deal_list, deal_detail)."""
    return _current(match.url_name or "", match.route, links) if match else ()


@lru_cache(maxsize=4096)
def _current(page: str, route: str, links: Links) -> tuple[str, ...]:
    kind = page.partition("_")[0]
    found = []
    for name, below in links:
        is_kin = KINDS.get(name.partition("_")[0]) == kind
        if page == name or is_kin or (below and route.startswith(route_of(name))):
            found.append(name)
    return tuple(found)


def route_of(name: str) -> str:
    with mounted("/"):
        return reverse(name)[1:]


def frame_row(request: HttpRequest, context: Mapping[str, Any]) -> dict[str, str]:
    """What the parts of the frame are filled in with (drawing.py); made once for all parts."""
    if found := getattr(request, "frame_row", None):
        return found
    # What is refused before anybody is asked who they are has no user.
    user = getattr(request, "user", AnonymousUser())
    workspace, member = context.get("workspace"), context.get("member")
    pinned = member.lists.get("pinned", ()) if member else ()
    request.frame_row = {
        "workspace": workspace.name if workspace else "",
        "user": str(user) if user.is_authenticated else "",
        "avatar": avatar_of(user, "s24") if user.is_authenticated else "",
        "pinned": filled("components/pinned.html", [{"key": key, "name": name} for key, name in pinned]),
        "csrf_token": str(context.get("csrf_token", "")),
        "is_superuser": "1" if user.is_superuser else "",
        "is_admin": "1" if context.get("is_admin") else "",
        "may_edit": "1" if context.get("may_edit") else "",
    }
    return request.frame_row


def avatar_of(user: object, size: str = "") -> SafeString:
    """A person's initials on their colour."""
    name = str(user) if user else ""
    values = {"name": name, "initials": initials(name), "tone": tone_of(getattr(user, "pk", 0)), "size": size}
    return SafeString(drawn("components/avatar.html", *values.items()))
