"""What every page's frame shows of its reader: the bell, how many of their tasks are due, and what apps above count."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from functools import cache

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.utils.module_loading import import_string

from activities import inbox
from activities.due import WIDEST
from workspaces.access import reach
from workspaces.formats import Formats
from workspaces.models import Membership, Role


def frame(request: HttpRequest) -> dict[str, Callable[[], object]]:
    """`unread` notifications, and the tasks that are overdue or due today, in words; empty for none. Asked only where the
    frame is drawn, and both at once: a part of a page asks for nothing."""
    member = getattr(request, "member", None)
    if member is None:
        return {}
    look = cache(lambda: glance(member, Formats.of(request)))

    def count(place: int) -> Callable[[], object]:
        return lambda: Formats.of(request).number(look()[place]) if look()[place] else ""

    return {
        "unread": lambda: inbox.unread(member) if look()[1] else 0,
        "tasks_due": count(0),
        **{name: count(place) for place, name in enumerate(settings.FRAME_COUNTS, 2)},
    }


# Every page asks, so it is written out: both answers in one statement, and none of the ORM's time. What is due is what
# `Task.objects.of(member).open().filter(due_by(…))` finds; `around` is what an index starts at.
_GLANCE = """
    WITH reach AS MATERIALIZED (
        SELECT user_id FROM workspaces_membership WHERE workspace_id = %(workspace)s AND team_id = %(team)s
        UNION SELECT %(user)s)
    SELECT
        (SELECT count(*) FROM activities_task t LEFT JOIN deals_deal d ON d.workspace_id = t.workspace_id AND d.id = t.deal_id
         WHERE t.workspace_id = %(workspace)s AND t.assignee_id = %(user)s AND t.status = 'open' AND d.deleted_at IS NULL
           AND t.due_at < %(around)s
           AND CASE WHEN t.due_on IS NULL THEN t.due_at < %(end)s ELSE t.due_on <= %(today)s END),
        EXISTS (SELECT 1 FROM activities_notification
                WHERE workspace_id = %(workspace)s AND recipient_id = %(user)s AND read_at IS NULL)
"""


@cache
def _statement() -> str:
    """With what the apps above count (settings.FRAME_COUNTS): each is SQL for one number, of the values below and of
    `reach`, the users whose records the reader sees where that is not everybody."""
    return _GLANCE + "".join(f", ({import_string(path)})" for path in settings.FRAME_COUNTS.values())


def glance(member: Membership, formats: Formats) -> tuple[int, ...]:
    """How many tasks are due today or before (see due_by), whether some notification may be unread, and FRAME_COUNTS."""
    sees_all, team_id = reach(member)
    end = datetime.combine(formats.today + timedelta(days=1), time(), formats.zone)
    values = {
        "workspace": member.workspace_id,
        "user": member.user_id,
        "today": formats.today,
        "end": end,
        "around": end + WIDEST,
        "is_admin": member.may(Role.ADMIN),
        "sees_all": sees_all,
        "team": team_id,
    }
    with connection.cursor() as cursor:
        return cursor.execute(_statement(), values).fetchone()
