"""What automation does about lines of the timeline (settings.ACTIVITY_HANDLERS)."""

from __future__ import annotations

from activities.models import Activity
from automation.rules.matching import answer


def on_activity(activity: Activity) -> None:
    answer(activity)
