"""What automation does about lines of the timeline (settings.ACTIVITY_HANDLERS)."""

from __future__ import annotations

from activities.models import Activity
from automation.rules.events import EVENTS
from automation.rules.matching import answer, listening


def on_activity(activity: Activity) -> None:
    answer(activity)


def asked(workspace_id: int) -> frozenset[str]:
    """Which kinds (settings.ACTIVITY_ASKED): those that a rule which is on listens for."""
    return frozenset(EVENTS[version.event].kind.value for version in listening(workspace_id))
