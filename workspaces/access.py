"""Who may do what. Every view bears `@member_required` or `@public(reason=…)`; a test fails on a bare one.

What one may not see answers 404, what one may see but not change answers 403.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable

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


def member_required(
    role: Role = Role.VIEWER, *, methods: tuple[str, ...] = ("GET",), writer: Role = Role.REP
) -> Callable[[View], View]:
    """Only members whose role reaches `role`; changing anything takes at least a `writer`, and so does looking at the
    form that would: a page that takes a POST is one of theirs. Other methods get 405."""

    def check(request: HttpRequest) -> HttpResponse | None:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        member: Membership | None = getattr(request, "member", None)
        if member is None:
            raise Http404
        if not member.may(role):
            raise PermissionDenied(f"This needs the role {role.label.lower()} or above.")
        if "POST" in methods and not member.may(writer):
            raise PermissionDenied(
                "Viewers can look at everything here, but not change it. Ask an admin for the role rep."
            )
        return None

    return _guard(check, f"member:{role}", methods)


def login_only(*, methods: tuple[str, ...] = ("GET",)) -> Callable[[View], View]:
    """Anybody who is logged in, outside every workspace."""

    def check(request: HttpRequest) -> HttpResponse | None:
        return None if request.user.is_authenticated else redirect_to_login(request.get_full_path())

    return _guard(check, "login", methods)


def public(*, reason: str, methods: tuple[str, ...] = ("GET",)) -> Callable[[View], View]:
    """Anybody at all; the reason stands in the code for whoever asks why."""
    return _guard(lambda request: None, f"public:{reason}", methods)


def _guard(
    check: Callable[[HttpRequest], HttpResponse | None], access: str, methods: tuple[str, ...]
) -> Callable[[View], View]:
    """A decorator: the view runs unless `check` answers or raises. `access` says what was asked for, for the tests."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            return check(request) or view(request, *args, **kwargs)

        vars(guarded)["access"] = access
        return require_http_methods([*methods, *(("HEAD",) if "GET" in methods else ())])(guarded)

    return decorate


def acting(by: Membership | None) -> int | None:
    """The id of the user who acts; None for the system."""
    return by.user_id if by else None


def check_may(member: Membership | None, role: Role, doing: str) -> None:
    """For actions: refuse unless the member's role reaches `role`. None is the system, which may."""
    if member is not None and not member.may(role):
        article = "an" if role in (Role.ADMIN, Role.OWNER) else "a"
        raise NotAllowed(f"Only {article} {role.label.lower()} or above may {doing}.")


def reach(member: Membership) -> tuple[bool, int | None]:
    """(whether this member sees everybody's deals and leads, else whose team's): without a team only their own."""
    setting = member.workspace.visibility
    if setting == Workspace.Visibility.ALL or member.may(Role.ADMIN):
        return True, None
    is_alone = member.role == Role.REP and setting == Workspace.Visibility.OWN
    return False, None if is_alone else member.team_id


def visible_owners(member: Membership) -> list[int] | None:
    """Whose deals and leads this member sees: user ids, or None for everybody's (domain.md section 1)."""
    sees_all, team_id = reach(member)
    if sees_all:
        return None
    if team_id is None:
        return [member.user_id]
    return list(
        Membership.objects.filter(workspace_id=member.workspace_id, team_id=team_id).values_list("user_id", flat=True)
    )


def seeing(members: Iterable[Membership], owner_id: int) -> list[Membership]:
    """Those of the members of one workspace (loaded with it) who see what `owner_id` owns: the other way round than
    `visible_owners`, for many members at once."""
    members = list(members)
    if not members or members[0].workspace.visibility == Workspace.Visibility.ALL:
        return members
    setting, workspace_id = members[0].workspace.visibility, members[0].workspace_id
    owner = Membership.objects.filter(workspace_id=workspace_id, user_id=owner_id).first()
    team = owner and owner.team_id

    def sees(member: Membership) -> bool:
        if member.may(Role.ADMIN) or member.user_id == owner_id:
            return True
        is_alone = member.role == Role.REP and setting == Workspace.Visibility.OWN
        return not is_alone and team is not None and member.team_id == team

    return [member for member in members if sees(member)]
