"""A mailbox that brings no mail turns red by itself, and those who look after it are told: once for each outage."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone

from activities.actions import notify
from activities.models import Notification
from automation.health import health_of, is_outage
from automation.imap import LARGEST
from automation.models import Mailbox
from workspaces.models import Membership
from workspaces.tenancy import all_workspaces, tenant


def suspects() -> list[tuple[int, int]]:
    """(workspace id, mailbox id) of those that fail or are silent, and of those of which that was said."""
    now = timezone.now()
    with all_workspaces():
        watched = Q(failing_since__isnull=False) | Q(silent_hours__isnull=False) | Q(alarmed_at__isnull=False)
        found = Mailbox.objects.live().filter(watched)
        return [(box.workspace_id, box.pk) for box in found if is_outage(box, now) != (box.alarmed_at is not None)]


def watch(workspace_id: int, mailbox_id: int) -> bool:
    """Whether somebody was told. An outage that is over may come again."""
    with tenant(workspace_id):
        found = Mailbox.objects.select_for_update(no_key=True, of=("self",)).select_related("workspace")
        mailbox, now = found.get(pk=mailbox_id), timezone.now()
        is_out = is_outage(mailbox, now)
        if is_out == (mailbox.alarmed_at is not None):
            return False
        mailbox.alarmed_at = now if is_out else None
        mailbox.save(update_fields=["alarmed_at"])
        if is_out:
            tell(mailbox)
        return is_out


def tell(mailbox: Mailbox) -> None:
    text = f"{mailbox} brings no mail: {health_of(mailbox, timezone.now()).words}"
    say(mailbox, text, f"mailbox:{mailbox.pk}:{mailbox.alarmed_at:%Y%m%dT%H%M%S%f}")


def tell_of_large(mailbox: Mailbox, size: int, key: str) -> None:
    """Once for each mail, of which `key` is the name."""
    text = f"A mail of {size // 2**20} MB was left in {mailbox}: at most {LARGEST // 2**20} MB are taken in. Read it there."
    say(mailbox, text, f"large:{key}")


def say(mailbox: Mailbox, text: str, key: str) -> None:
    """To the admins, and whose it is."""
    admins = Membership.objects.admins().filter(workspace_id=mailbox.workspace_id)
    notify(
        [*admins.values_list("user_id", flat=True), mailbox.owner_id],
        Notification.Kind.MAILBOX_DOWN,
        subject=mailbox.workspace,
        key=key,
        data={"text": text, "view": "mailbox_list"},
    )
