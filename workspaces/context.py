"""What every page's frame shows."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.http import HttpRequest

from workspaces.models import Role


def shell(request: HttpRequest) -> dict[str, object]:
    member = getattr(request, "member", None)
    if member is None:
        return {"workspace": None, "member": None, "may_sign_up": lambda: get_adapter().is_open_for_signup(request)}
    return {
        "workspace": request.workspace,
        "member": member,
        "may_edit": member.may(Role.REP),
        "is_admin": member.may(Role.ADMIN),
        "is_manager": member.may(Role.MANAGER),
    }
