"""Who may do what. Every view bears `@member_required` or `@public(reason=…)`; a test fails on a bare one.

What one may not see answers 404, what one may see but not change answers 403.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from workspaces.action import NotAllowed
from workspaces.models import Membership, Role, Workspace

SAFE = ("GET", "HEAD", "OPTIONS")


class MemberRequest(HttpRequest):
    """A request inside a workspace: `member_required` has seen to both."""

    workspace: Workspace
    member: Membership


View = Callable[..., HttpResponse]


def member_required(role: Role = Role.VIEWER, *, methods: tuple[str, ...] = ("GET",)) -> Callable[[View], View]:
    """Only members whose role reaches `role`; changing anything takes at least a rep. Other methods get 405."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            member = getattr(request, "member", None)
            if member is None:
                raise Http404
            if not member.may(role):
                raise PermissionDenied(f"This needs the role {role.label.lower()} or above.")
            if request.method not in SAFE and not member.may(Role.REP):
                raise PermissionDenied(
                    "Viewers can look at everything here, but not change it. Ask an admin for the role rep."
                )
            return view(request, *args, **kwargs)

        guarded.access = f"member:{role}"
        return require_http_methods([*methods, *(("HEAD",) if "GET" in methods else ())])(guarded)

    return decorate


def login_only(*, methods: tuple[str, ...] = ("GET",)) -> Callable[[View], View]:
    """Anybody who is logged in, outside every workspace."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            return view(request, *args, **kwargs)

        guarded.access = "login"
        return require_http_methods([*methods, *(("HEAD",) if "GET" in methods else ())])(guarded)

    return decorate


def public(*, reason: str, methods: tuple[str, ...] = ("GET",)) -> Callable[[View], View]:
    """Anybody at all; the reason stands in the code for whoever asks why."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def opened(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            return view(request, *args, **kwargs)

        opened.access = f"public:{reason}"
        return require_http_methods([*methods, *(("HEAD",) if "GET" in methods else ())])(opened)

    return decorate


def check_may(member: Membership | None, role: Role, doing: str) -> None:
    """For actions: refuse unless the member's role reaches `role`. None is the system, which may."""
    if member is not None and not member.may(role):
        raise NotAllowed(f"Only a {role.label.lower()} or above may {doing}.")


def visible_owners(member: Membership) -> list[int] | None:
    """Whose deals and leads this member sees: user ids, or None for everybody's (domain.md section 1)."""
    setting = member.workspace.visibility
    if setting == Workspace.Visibility.ALL or member.may(Role.ADMIN):
        return None
    if member.role == Role.REP and setting == Workspace.Visibility.OWN or member.team_id is None:
        return [member.user_id]
    return list(
        Membership.objects.filter(workspace_id=member.workspace_id, team_id=member.team_id).values_list(
            "user_id", flat=True
        )
    )
