"""What every page's frame shows of a member's notifications."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest

from activities import inbox


def bell(request: HttpRequest) -> dict[str, Callable[[], int]]:
    """Counted only where the frame is drawn: a part of a page asks for nothing."""
    member = getattr(request, "member", None)
    return {"unread": lambda: inbox.unread(member)} if member else {}
