"""A member's secret address for their other calendar."""

from __future__ import annotations

import hashlib
import secrets

from django.utils import timezone

from activities.models import CalendarFeed
from workspaces.action import action
from workspaces.models import Membership
from workspaces.tenancy import all_workspaces


def hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@action
def make_feed(member: Membership) -> str:
    """A new token, which nobody can read again; the one before it opens nothing any more."""
    token = secrets.token_urlsafe(32)
    CalendarFeed.objects.update_or_create(
        workspace_id=member.workspace_id,
        user_id=member.user_id,
        defaults={"token_hash": hashed(token), "created_at": timezone.now()},
    )
    return token


@action
def revoke_feed(member: Membership) -> None:
    CalendarFeed.objects.filter(workspace_id=member.workspace_id, user_id=member.user_id).delete()


def find_feed(token: str) -> tuple[int, int] | None:
    """(workspace id, user id) that a token opens. Its holder is nobody, so it is looked for in all workspaces."""
    with all_workspaces():
        found = CalendarFeed.objects.filter(token_hash=hashed(token))
        return found.values_list("workspace_id", "user_id").first()
