"""What a member does with their notifications, and what they want to hear of."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.utils import timezone

from activities.models import Delivery, Follow, Notification, NotificationMail
from workspaces.action import Refused, action
from workspaces.models import Membership
from workspaces.tenant import TenantModel

KEPT = timedelta(days=90)


def _mine(member: Membership):
    return Notification.objects.filter(workspace_id=member.workspace_id, recipient_id=member.user_id)


@action
def mark_read(pk: int, *, by: Membership, is_read: bool = True) -> None:
    """One of their own; of somebody else's nothing happens, as if there were none."""
    found = _mine(by).filter(pk=pk, read_at__isnull=is_read)
    found.update(read_at=timezone.now() if is_read else None)


@action
def mark_all_read(*, by: Membership) -> datetime | None:
    """The moment that `unmark_read` takes back; None where there was nothing to read."""
    now = timezone.now()
    return now if _mine(by).unread().update(read_at=now) else None


@action
def unmark_read(moment: datetime, *, by: Membership) -> None:
    """What `mark_all_read` marked at that moment is unread again."""
    _mine(by).filter(read_at=moment).update(read_at=None)


@action
def follow(deal: TenantModel, state: str, *, by: Membership) -> str:
    """`state` is one of Follow.State, or "" for neither: then only the owner hears of the deal. Returns what it was."""
    found = Follow.objects.filter(deal_id=deal.pk, user_id=by.user_id)
    before = found.values_list("state", flat=True).first() or ""
    if not state:
        found.delete()
        return before
    if state not in Follow.State.values:
        raise Refused("One follows a deal, mutes it, or does neither.")
    Follow.objects.update_or_create(
        workspace_id=by.workspace_id, deal_id=deal.pk, user_id=by.user_id, defaults={"state": state}
    )
    return before


@action
def choose_delivery(
    *, by: Membership, choices: dict[str, str], quiet_from: time | None = None, quiet_until: time | None = None
) -> Delivery:
    """What comes by mail: {kind: now, daily or off}. A kind that is not named stays as it was."""
    if set(choices) - set(Notification.Kind.values) or set(choices.values()) - set(Delivery.When.values):
        raise Refused("That cannot be chosen.")
    if (quiet_from is None) != (quiet_until is None):
        missing = "quiet_until" if quiet_until is None else "quiet_from"
        raise Refused("Quiet hours have a beginning and an end.", fields={missing: "When?"})
    if quiet_from is not None and quiet_from == quiet_until:
        raise Refused("Quiet hours end at another time than they begin.", fields={"quiet_until": "Another time."})
    delivery, _ = Delivery.objects.get_or_create(workspace_id=by.workspace_id, user_id=by.user_id)
    delivery.choices = delivery.choices | choices
    delivery.quiet_from, delivery.quiet_until = quiet_from, quiet_until
    delivery.save()
    return delivery


@action
def stop_mails(*, by: Membership, kind: str = "") -> dict[str, str]:
    """No mail of this kind any more, of none at all without one. Returns the choices that stood before."""
    if kind and kind not in Notification.Kind.values:
        raise Refused("There is no such kind.")
    delivery, _ = Delivery.objects.get_or_create(workspace_id=by.workspace_id, user_id=by.user_id)
    before = delivery.choices
    off = [kind] if kind else Notification.Kind.values
    delivery.choices = before | dict.fromkeys(off, Delivery.When.OFF)
    delivery.save(update_fields=["choices"])
    return before


@action
def choose_mails(choices: dict[str, str], *, by: Membership) -> None:
    """Takes `stop_mails` back: the choices as they stood before."""
    Delivery.objects.filter(workspace_id=by.workspace_id, user_id=by.user_id).update(choices=choices)


def forget_old(workspace_id: int) -> None:
    """What is older than KEPT goes, read or not, with the mails it went out by."""
    before = timezone.now() - KEPT
    Notification.objects.filter(workspace_id=workspace_id, created_at__lt=before).delete()
    NotificationMail.objects.filter(workspace_id=workspace_id, created_at__lt=before).delete()
