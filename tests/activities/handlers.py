"""Handlers of the outbox, for its tests: what each was handed is a note on the deal, and one of them fails on demand."""

from __future__ import annotations

from activities.models import Activity, Note


class Away(Exception):
    """What a handler needed was not there."""


def write(activity: Activity) -> None:
    Note.objects.create(workspace_id=activity.workspace_id, deal_id=activity.deal_id, body=f"after {activity.kind}")


def write_and_fail(activity: Activity) -> None:
    write(activity)
    raise Away
