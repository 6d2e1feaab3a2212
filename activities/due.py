"""How soon something is due, for one reader: in colour, shape and words alike on cards, lists and timelines (pure)."""

from __future__ import annotations

from datetime import datetime

from workspaces.formats import Formats

# The icon of each tone.
SIGNS = {"red": "circle-alert", "amber": "bell", "green": "calendar-check"}


def how_due(due_at: datetime | None, all_day: bool, formats: Formats, now: datetime) -> tuple[str, str, str]:
    """(tone, icon, when): red overdue, amber today, green later or some day. What is due on a day is late once it is over."""
    if due_at is None:
        return "green", SIGNS["green"], ""
    day = formats.local_day(due_at)
    if due_at < now and (day < formats.today or not all_day):
        late = f"{(formats.today - day).days} d late" if day < formats.today else f"since {formats.clock(due_at)}"
        return "red", SIGNS["red"], late
    if day == formats.today:
        return "amber", SIGNS["amber"], "today" if all_day else f"today {formats.clock(due_at)}"
    return "green", SIGNS["green"], formats.day(day)
