"""Calls, meetings and emails that took place."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from activities.actions.recording import record, written
from activities.models import Activity, Door
from workspaces.access import check_may
from workspaces.action import Refused, action
from workspaces.models import Membership, Role
from workspaces.tenant import TenantModel


@action
def delete_logged(activity: Activity, *, by: Membership) -> Activity:
    """What one logged by hand did not happen so: its line is struck and counts for nothing. Admins may for everybody."""
    return _strike(activity, timezone.now(), by)


@action
def restore_logged(activity: Activity, *, by: Membership) -> Activity:
    return _strike(activity, None, by)


def _strike(activity: Activity, at: datetime | None, by: Membership) -> Activity:
    check_may(by, Role.REP, "change what is logged")
    if activity.actor_id != by.user_id:
        check_may(by, Role.ADMIN, "change what others logged")
    if not activity.is_logged:
        raise Refused("Only a call, meeting or email that was logged by hand can be deleted.")
    activity.undone_at = at
    activity.save(update_fields=["undone_at"])
    return activity


@action
def log_call(
    subject: TenantModel,
    *,
    by: Membership,
    outcome: str = "",
    body: str = "",
    minutes: int | None = None,
    door: Door = Door.WEB,
    at: datetime | None = None,
) -> Activity:
    """A call that took place. `outcome` is one of Activity.Outcome, `minutes` its length; without an outcome it needs a text."""
    check_may(by, Role.REP, "log calls")
    if not outcome and not body.strip():
        raise Refused("An empty call was not logged.", fields={"outcome": "How did it end? Or write what was said."})
    return record(
        subject,
        Activity.Kind.CALL,
        by=by,
        door=door,
        at=_past(at),
        outcome=outcome,
        body=written(body),
        minutes=minutes,
    )


@action
def log_meeting(
    subject: TenantModel,
    *,
    by: Membership,
    body: str = "",
    outcome: str = "",
    minutes: int | None = None,
    door: Door = Door.WEB,
    at: datetime | None = None,
) -> Activity:
    """A meeting that took place, or did not (Activity.MeetingOutcome); only one that did not needs no text."""
    check_may(by, Role.REP, "log meetings")
    if not body.strip() and outcome in ("", Activity.MeetingOutcome.HELD):
        raise Refused("An empty meeting was not logged.", fields={"body": "What was agreed?"})
    return record(
        subject,
        Activity.Kind.MEETING,
        by=by,
        door=door,
        at=_past(at),
        outcome=outcome,
        body=written(body),
        minutes=minutes,
    )


@action
def log_email(
    subject: TenantModel, *, by: Membership, body: str, door: Door = Door.WEB, at: datetime | None = None
) -> Activity:
    """An email that was sent elsewhere."""
    check_may(by, Role.REP, "log emails")
    if not body.strip():
        raise Refused("An empty email was not logged.", fields={"body": "Paste or sum up what was written."})
    return record(subject, Activity.Kind.EMAIL_OUT, by=by, door=door, at=_past(at), body=written(body))


def _past(at: datetime | None) -> datetime:
    now = timezone.now()
    if at and at > now + timedelta(minutes=1):
        raise Refused("That lies in the future: plan a task instead.", fields={"at": "This lies in the future."})
    return at or now
