"""Telling members what concerns them, once, and only what they may see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from activities.actions.mailing import mail_times
from activities.actions.recording import about
from activities.models import OWNED, Activity, Follow, Notification, Task
from workspaces.access import seeing
from workspaces.asking import asked_often
from workspaces.members import active_members
from workspaces.models import Membership, Workspace
from workspaces.tenant import TenantModel

TODAY: dict[str, object] = {"view": "today", "args": []}  # where what is about nothing leads to


def notify(
    user_ids: Iterable[int | None],
    kind: Notification.Kind,
    *,
    subject: TenantModel | Workspace,
    key: str,
    by: Membership | int | None = None,
    data: dict[str, object] | None = None,
    activity: Activity | None = None,
    task: Task | None = None,
) -> None:
    """Tell the members `user_ids` of something about `subject`: a deal, lead, contact or company, or the workspace for
    what is about none. In the caller's transaction; who is told of the same `key` already is not told again.

    `by` (or their user id) did it and is told nothing; neither is who is no active member, who may not see the subject,
    and, but for what is meant for them in person, who muted the deal. An unread one is hidden once `activity` is
    undone or `task` is no longer open. Kinds of SAID take `data` {"text", "view", "args"}: a sentence, and the page
    it leads to (a name of a URL with its arguments).
    """
    actor = by.user_id if isinstance(by, Membership) else by
    wanted = {user_id for user_id in user_ids if user_id} - {actor}
    if not wanted:
        return
    workspace_id = subject.pk if isinstance(subject, Workspace) else subject.workspace_id
    now = timezone.now()
    mail_at = mail_times(may_be_told(wanted, kind, subject, workspace_id), kind, now)
    keys = {} if isinstance(subject, Workspace) else about(subject)
    rows = [
        Notification(
            workspace_id=workspace_id,
            recipient_id=user_id,
            kind=kind,
            actor_id=actor,
            activity=activity,
            task=task,
            data=data or {},
            key=key,
            created_at=now,
            mail_at=mail_at[user_id],
            **keys,
        )
        for user_id in sorted(mail_at)
    ]
    if rows:
        Notification.objects.bulk_create(rows, ignore_conflicts=True)


def notify_of_task(
    user_id: int | None,
    kind: Notification.Kind,
    task: Task,
    *,
    subject: Any,
    key: str,
    by: Membership | None = None,
    data: dict[str, object] | None = None,
) -> None:
    """Of a task of their own they are told even where they may not see what it is about (`subject`): then of the task alone,
    and what they are told leads to Today."""
    if subject is not None and subject._meta.model_name in OWNED:
        member = Membership.objects.filter(workspace_id=task.workspace_id, user_id=user_id or 0)
        if not seeing(member.select_related("workspace"), subject.owner_id):
            subject = None
    about = subject or task.workspace
    notify([user_id], kind, subject=about, key=key, by=by, task=task, data=TODAY | (data or {}))


def may_be_told(user_ids: set[int], kind: str, subject: Any, workspace_id: int) -> list[Membership]:
    """Those of the users who are active, see the subject, and want to hear of it."""
    name = subject._meta.model_name
    if getattr(subject, "deleted_at", None):
        return []
    members = active_members(workspace_id, user_ids)
    found = [member for member in members if member.user.is_active and not member.user.is_standin]
    if name in OWNED:
        found = seeing(found, subject.owner_id)
    if name == "deal" and kind not in Notification.PERSONAL:
        silent = set(silenced(deal=subject.pk))
        found = [member for member in found if member.user_id not in silent]
    return found


@asked_often
def silenced(deal: int) -> QuerySet:
    return Follow.objects.filter(deal_id=deal, state=Follow.State.MUTED).values_list("user_id", flat=True)


def followers(deal: Any) -> set[int]:
    """The users who hear of a deal: its owner, and who follows it."""
    found = Follow.objects.filter(deal_id=deal.pk, state=Follow.State.FOLLOWING)
    return {deal.owner_id, *found.values_list("user_id", flat=True)}
