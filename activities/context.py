"""What every page's frame shows of its reader: the bell, and how many of their tasks are due."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from django.db.models import Count, Exists, Subquery
from django.http import HttpRequest

from activities import inbox
from activities.due import due_by
from activities.models import Notification, Task
from workspaces.formats import Formats
from workspaces.models import Membership


def frame(request: HttpRequest) -> dict[str, Callable[[], object]]:
    """`unread` notifications, and the tasks that are overdue or due today, in words; empty for none. Asked only where the
    frame is drawn, and both at once: a part of a page asks for nothing."""
    member = getattr(request, "member", None)
    if member is None:
        return {}
    look = cache(lambda: glance(member, Formats.of(request)))
    return {
        "unread": lambda: inbox.unread(member) if look()[1] else 0,
        "tasks_due": lambda: Formats.of(request).number(look()[0]) if look()[0] else "",
    }


def glance(member: Membership, formats: Formats) -> tuple[int | None, bool]:
    """How many tasks are due, and whether some notification may be unread; each from an index."""
    due = Task.objects.of(member).open().filter(due_by(formats.today, formats.zone))
    count = due.order_by().values("workspace_id").annotate(number=Count("pk")).values("number")
    news = Notification.objects.filter(workspace_id=member.workspace_id, recipient_id=member.user_id).unread()
    return Membership.objects.filter(pk=member.pk).values_list(Subquery(count), Exists(news)).get()
