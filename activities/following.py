"""Does the reader follow a deal?"""

from __future__ import annotations

from django.db.models import OuterRef, Subquery

from activities.models import Follow
from workspaces.models import Membership


def followed(member: Membership) -> Subquery:
    """To annotate deals with: "following", "muted", or None."""
    mine = Follow.objects.filter(workspace_id=member.workspace_id, deal=OuterRef("pk"), user_id=member.user_id)
    return Subquery(mine.values("state")[:1])
