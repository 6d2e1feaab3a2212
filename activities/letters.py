"""Mails of notifications in words, as their reader may see them now, and the links that stop them."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone

from activities import inbox
from activities.models import Delivery, Notification, NotificationMail
from workspaces.access import visible_owners
from workspaces.formats import Formats, locale_of
from workspaces.models import Membership
from workspaces.mounting import in_workspace, root_url, workspace_url

ALL = "all"
SALT = "unsubscribe"
LONGEST = 50  # lines of one mail; the list has the rest


def write(mail: NotificationMail) -> EmailMultiAlternatives | None:
    """Inside its workspace. None when nothing is left that its reader may see, has not read and wants by mail."""
    members = Membership.objects.active().select_related("user", "workspace")
    member = members.filter(workspace_id=mail.workspace_id, user_id=mail.recipient_id, user__is_active=True).first()
    if member is None:
        return None
    delivery = Delivery.objects.filter(user_id=member.user_id).first() or Delivery()
    shown = Notification.objects.shown_to(member, visible_owners(member)).unread().filter(mail=mail)
    rows = [
        row for row in inbox.loaded(shown).order_by("created_at", "pk") if delivery.when(row.kind) != Delivery.When.OFF
    ]
    if not rows:
        return None
    user, workspace = member.user, member.workspace
    zone = ZoneInfo(user.time_zone or workspace.time_zone)
    formats = Formats(locale_of(user.locale), zone, workspace.currency, timezone.localdate(timezone=zone))
    with in_workspace(workspace):
        lines = [inbox.line(row, formats) for row in rows[:LONGEST]]
    kinds = {row.kind for row in rows}
    kind = kinds.pop() if len(kinds) == 1 else ALL
    stop = unsubscribe_url(member, kind)
    context = {
        "lines": [(line, settings.SITE_URL + line.url, formats.moment_full(line.row.created_at)) for line in lines],
        "count": len(rows),
        "more": len(rows) - len(lines),
        "workspace": workspace,
        "site": settings.SITE_URL,
        "list": settings.SITE_URL + workspace_url(workspace, "notification_list"),
        "delivery": settings.SITE_URL + workspace_url(workspace, "delivery"),
        "stop": stop,
        "stop_all": unsubscribe_url(member, ALL),
        "kind": "" if kind == ALL else Notification.Kind(kind).label,
    }
    subject = str(lines[0].told) if len(rows) == 1 else f"{len(rows)} notifications from {workspace}"
    message = EmailMultiAlternatives(
        subject=" ".join(subject.split()),  # names may hold line breaks, headers may not
        body=render_to_string("mail/notifications.txt", context),
        to=[user.email],
        headers={
            "Message-ID": write_id(mail),
            "List-Unsubscribe": f"<{stop}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(render_to_string("mail/notifications.html", context), "text/html")
    return message


def write_id(mail: NotificationMail) -> str:
    return message_id("notification", mail.workspace_id, mail.pk, mail.created_at.isoformat())


def message_id(kind: str, *facts: object) -> str:
    """The same however often it is sent."""
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    made = hashlib.sha256("/".join(map(str, (kind, *facts))).encode()).hexdigest()[:32]
    return f"<{kind}.{made}@{host}>"


# --- links that stop them -----------------------------------------------------------------------------------


def unsubscribe_url(member: Membership, kind: str) -> str:
    token = signing.dumps([member.workspace_id, member.user_id, kind], salt=SALT)
    return settings.SITE_URL + root_url("unsubscribe", token)


def read_token(token: str) -> tuple[int, int, str] | None:
    """(workspace id, user id, kind or ALL); None for a forged one."""
    with suppress(signing.BadSignature, ValueError):
        workspace_id, user_id, kind = signing.loads(token, salt=SALT)
        return workspace_id, user_id, kind
    return None
