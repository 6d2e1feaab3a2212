"""Why a deal was won or lost: what the workspace asks of whoever says so, through whatever door."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property

from django.utils import timezone

from activities.models import Door
from deals.models import CloseReason, Kind, Stage
from deals.transitions import Closing, check_closing
from workspaces.action import Refused

# Files and other systems bring their own words.
FREE = frozenset((Door.IMPORT, Door.CONNECTOR))
# A file says days, and what is today there may be tomorrow in UTC.
AHEAD = timedelta(days=1)


class Reasons:
    """Those of a workspace, read when the first is asked for."""

    def __init__(self, workspace_id: int, door: str = Door.WEB):
        self.workspace_id, self.is_free = workspace_id, door in FREE

    @cached_property
    def offered(self) -> dict[tuple[str, str], bool]:
        """{(kind, label): whether it needs a note}."""
        rows = CloseReason.objects.filter(workspace_id=self.workspace_id)
        return {(row.kind, row.label): row.needs_note for row in rows}

    def closing(self, kind: str, reason: str = "", note: str = "", competitor: str = "", *, had: str = "") -> Closing:
        """What was said, with what the workspace knows of this reason. `had`: the one that the deal has, which it may
        keep though it is offered no more."""
        if not reason or kind == Kind.OPEN:
            return Closing(reason, note, competitor)
        needs_note = self.offered.get((kind, reason))
        is_known = needs_note is not None or self.is_free or reason == had
        return Closing(reason, note, competitor, bool(needs_note), is_known)


def check_closed_at(at: datetime) -> None:
    if at > timezone.now() + AHEAD:
        raise Refused("It cannot have been closed in days to come.", fields={"closed_at": "In days to come."})


def check_said(stage: Stage, reason: str, note: str, competitor: str) -> None:
    """For whoever asks before it is done: Missing where closing in this stage needs more words."""
    check_closing(stage.kind, Reasons(stage.workspace_id).closing(stage.kind, reason, note, competitor))
