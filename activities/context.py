"""What every page's frame shows of its reader: the bell, and how many of their tasks are due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from functools import cache

from django.db import connection
from django.http import HttpRequest

from activities import inbox
from activities.due import WIDEST
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


# Every page asks, so it is written out: both answers in one statement, and none of the ORM's time. What is due is what
# `Task.objects.of(member).open().filter(due_by(…))` finds; `around` is what an index starts at.
_GLANCE = """
    SELECT
        (SELECT count(*) FROM activities_task t LEFT JOIN deals_deal d ON d.workspace_id = t.workspace_id AND d.id = t.deal_id
         WHERE t.workspace_id = %(workspace)s AND t.assignee_id = %(user)s AND t.status = 'open' AND d.deleted_at IS NULL
           AND t.due_at < %(around)s
           AND CASE WHEN t.due_on IS NULL THEN t.due_at < %(end)s ELSE t.due_on <= %(today)s END),
        EXISTS (SELECT 1 FROM activities_notification
                WHERE workspace_id = %(workspace)s AND recipient_id = %(user)s AND read_at IS NULL)
"""


def glance(member: Membership, formats: Formats) -> tuple[int, bool]:
    """How many tasks are due today or before (see due_by), and whether some notification may be unread."""
    end = datetime.combine(formats.today + timedelta(days=1), time(), formats.zone)
    values = {
        "workspace": member.workspace_id,
        "user": member.user_id,
        "today": formats.today,
        "end": end,
        "around": end + WIDEST,
    }
    with connection.cursor() as cursor:
        return cursor.execute(_GLANCE, values).fetchone()
