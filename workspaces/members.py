"""Active members by their user ids, as rules ask for them."""

from __future__ import annotations

from collections.abc import Iterable

from workspaces.memory import recalled
from workspaces.models import Membership


def active_members(workspace_id: int, user_ids: Iterable[int]) -> list[Membership]:
    """Those of the users who are, with user and workspace."""
    active = Membership.objects.active().select_related("user", "workspace").order_by()

    def read(missing: list[int]) -> dict[int, Membership]:
        found = active.filter(workspace_id=workspace_id, user_id__in=missing)
        return {member.user_id: member for member in found}

    return list(recalled(workspace_id, "member", user_ids, read).values())
