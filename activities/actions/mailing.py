"""Mail: notifications, gathered into one mail per reader, and whatever else settings.LETTERS names; sent until the mail
server takes it.

A notification is put into one mail only, under a lock. A mail is sent at least once: a worker claims it for CLAIM, sends
it, and says so; one that dies in between leaves it claimed, and when the claim is over it goes out again under the same
Message-ID, by which mail servers and readers tell that they have it. The other way round, saying so first, would lose it.
"""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone
from django.utils.module_loading import import_string

from activities.models import Delivery, Notification, NotificationMail, Outgoing
from activities.quiet import HOLD, after_quiet, next_digest
from workspaces.memory import recalled
from workspaces.models import Membership
from workspaces.standins import receives_no_mail
from workspaces.tenancy import all_workspaces, tenant

CLAIM = timedelta(minutes=15)  # longer than a task may run
TRIES = 10
LONGEST_PAUSE = timedelta(hours=4)
BATCH = 500
BY_MAIL = Delivery.When
Writer = Callable[[Any], EmailMessage | None]


@cache
def writers() -> dict[type[Outgoing], Writer]:
    """What is mailed, and who writes it: inside its workspace; None when there is nothing to say any more."""
    return {apps.get_model(name): import_string(path) for name, path in settings.LETTERS.items()}


def mail_times(members: Iterable[Membership], kind: str, now: datetime) -> dict[int, datetime | None]:
    """{user id: when the notification goes out by mail, or None}. Members are loaded with user and workspace."""
    by_id = {member.user_id: member for member in members}

    def read(user_ids: list[int]) -> dict[int, Delivery]:
        found = {delivery.user_id: delivery for delivery in Delivery.objects.filter(user_id__in=user_ids)}
        return {pk: found.get(pk) or Delivery() for pk in user_ids}

    workspace_id = next((member.workspace_id for member in by_id.values()), 0)
    deliveries = recalled(workspace_id, "delivery", by_id, read)
    return {pk: _mail_at(member, deliveries[pk], kind, now) for pk, member in by_id.items()}


def _mail_at(member: Membership, delivery: Delivery, kind: str, now: datetime) -> datetime | None:
    when, zone = delivery.when(kind), member.zone
    if when == BY_MAIL.OFF or receives_no_mail(member.user.email):
        return None
    at = next_digest(now, zone) if when == BY_MAIL.DAILY else now + HOLD
    return after_quiet(at, delivery.quiet_from, delivery.quiet_until, zone)


# --- gathering --------------------------------------------------------------------------------------------


def due() -> list[tuple[int, int]]:
    """(workspace id, user id) of those whom something waits for."""
    with all_workspaces():
        waiting = Notification.objects.filter(mail=None, mail_at__lte=timezone.now()).order_by()
        return list(waiting.values_list("workspace_id", "recipient_id").distinct()[:BATCH])


def gather(workspace_id: int, user_id: int) -> NotificationMail | None:
    """One mail of all that waits for this reader; what they have read or do not want any more stays out."""
    now = timezone.now()
    with tenant(workspace_id):
        locked = Notification.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        rows = list(locked.filter(recipient_id=user_id, mail=None, mail_at__lte=now).order_by("pk"))
        members = Membership.objects.active().select_related("user", "workspace")
        member = members.filter(workspace_id=workspace_id, user_id=user_id).first()
        delivery = Delivery.objects.filter(user_id=user_id).first() or Delivery()
        wanted = [row.pk for row in rows if member and not row.read_at and delivery.when(row.kind) != BY_MAIL.OFF]
        Notification.objects.filter(pk__in={row.pk for row in rows} - set(wanted)).update(mail_at=None)
        if not wanted or member is None:
            return None
        later = after_quiet(now, delivery.quiet_from, delivery.quiet_until, member.zone)
        if later > now:
            Notification.objects.filter(pk__in=wanted).update(mail_at=later)
            return None
        mail = NotificationMail.objects.create(workspace_id=workspace_id, recipient_id=user_id, next_try_at=now)
        Notification.objects.filter(pk__in=wanted).update(mail=mail)
        return mail


# --- sending ----------------------------------------------------------------------------------------------


def to_send() -> list[tuple[type[Outgoing], int, int]]:
    """(kind, workspace id, id) of what waits, of each kind the oldest first."""
    found: list[tuple[type[Outgoing], int, int]] = []
    with all_workspaces():
        for kind in writers():
            waiting = kind._default_manager.filter(next_try_at__lte=timezone.now()).order_by("next_try_at")
            found += [(kind, *keys) for keys in waiting.values_list("workspace_id", "pk")[:BATCH]]
    return found


def send(kind: type[Outgoing], workspace_id: int, pk: int) -> bool:
    """Try to send it, unless another worker does. False when the mail server is away, so that all others may wait too."""
    with tenant(workspace_id):
        claimed, message = _claim(kind, pk)
    if claimed is None or message is None:
        return True
    problem, is_final, is_away = _hand_over(message)
    with tenant(workspace_id):
        row = kind._default_manager.select_for_update(no_key=True).filter(pk=pk).first()
        if row is None:
            return not is_away  # deleted meanwhile
        if not problem:
            row.taken(claimed)
        elif row.next_try_at == claimed.next_try_at:  # else it changed meanwhile, and waits anew
            is_final = is_final or row.attempts >= TRIES
            row.next_try_at = None if is_final else timezone.now() + pause(row.attempts)
            row.problem = problem[:200]
        row.save()
        row.settled()
    return not is_away


def _claim(kind: type[Outgoing], pk: int) -> tuple[Outgoing | None, EmailMessage | None]:
    """The row, and its mail as the reader may see it now; None when it is another's, or there is nothing left to say."""
    locked = kind._default_manager.select_for_update(skip_locked=True, no_key=True)
    row = locked.filter(pk=pk, next_try_at__lte=timezone.now()).first()
    if row is None:
        return None, None
    message = writers()[kind](row)
    row.attempts += 1
    row.next_try_at = timezone.now() + CLAIM if message else None
    row.save()
    if message is None:
        row.settled()
    return row, message


def _hand_over(message: EmailMessage) -> tuple[str, bool, bool]:
    """(what went wrong, whether it always will, whether the server is away)."""
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        return f"refused: {error.recipients}", all(code >= 500 for code in codes), False
    except smtplib.SMTPResponseException as error:
        return f"{error.smtp_code} {error.smtp_error!r}", error.smtp_code >= 550, False
    except (smtplib.SMTPException, OSError) as error:
        return f"away: {error}", False, True
    return "", False, False


def pause(attempts: int) -> timedelta:
    """1, 2, 4 … minutes."""
    return min(timedelta(minutes=2 ** max(0, attempts - 1)), LONGEST_PAUSE)
