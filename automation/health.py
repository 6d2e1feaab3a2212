"""How a mailbox does, in colour and words alike (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from automation.models import Mailbox

# A server that is away for a moment is no outage: so long it may fail before admins are told.
GRACE = timedelta(minutes=10)
SIGNS = {"red": "circle-alert", "amber": "circle-dashed", "green": "circle-check", "grey": "ban"}


@dataclass(frozen=True)
class Health:
    """`tone` is a colour of the pills; `label` is short, `words` say what is wrong, "" for nothing."""

    tone: str
    label: str
    words: str = ""

    @property
    def sign(self) -> str:
        return SIGNS[self.tone]


def health_of(mailbox: Mailbox, now: datetime) -> Health:
    if not mailbox.is_active:
        return Health("grey", "Paused")
    if mailbox.problem:
        return Health("red", "Not working", mailbox.problem)
    if is_silent(mailbox, now):
        return Health("red", "Silent", f"No mail came for {how_long(now - heard_at(mailbox))}.")
    if mailbox.last_success_at is None:
        return Health("amber", "Waiting", "Nothing was fetched or sent here yet.")
    return Health("green", "Working")


def is_silent(mailbox: Mailbox, now: datetime) -> bool:
    return mailbox.silence is not None and now - heard_at(mailbox) > mailbox.silence


def heard_at(mailbox: Mailbox) -> datetime:
    """When something came last; of a mailbox that is new, or went on after a pause, since then."""
    return max(mailbox.last_message_at or mailbox.since, mailbox.since)


def is_outage(mailbox: Mailbox, now: datetime) -> bool:
    """Whether admins are to know."""
    if not mailbox.is_active or mailbox.deleted_at:
        return False
    failing = bool(mailbox.problem) and mailbox.failing_since is not None and now - mailbox.failing_since >= GRACE
    return failing or is_silent(mailbox, now)


def how_long(span: timedelta) -> str:
    """
    >>> how_long(timedelta(seconds=40)), how_long(timedelta(minutes=1)), how_long(timedelta(hours=30)), how_long(timedelta(days=3))
    ('40 seconds', '1 minute', '30 hours', '3 days')
    """
    seconds = max(int(span.total_seconds()), 0)
    for unit, size, least in (("day", 86400, 172800), ("hour", 3600, 3600), ("minute", 60, 60), ("second", 1, 0)):
        if seconds >= least:
            count = seconds // size
            return f"{count} {unit}{'s' * (count != 1)}"
    raise AssertionError("unreachable")
