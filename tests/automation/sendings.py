"""Mail that members send, for tests: written, let go, looked into; and what comes in answer."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default

from django.utils import timezone

from activities.actions import mailing
from automation import actions
from automation.models import Message, Sending, Suppression
from tests.automation.mails import mail
from workspaces.models import Workspace


def send(acme, about=None, **facts: object) -> Sending:
    given = {"to": ["ida@brightwater.example"], "subject_line": "Our offer", "body": "Dear Ida", "about": about}
    return actions.send_mail(acme.workspace, by=acme.bob, **given | facts)


def leave(sending: Sending) -> Sending:
    """As the worker does it, once it may go."""
    Sending.objects.filter(pk=sending.pk, next_try_at__isnull=False).update(next_try_at=timezone.now())
    mailing.send(Sending, sending.workspace_id, sending.pk)
    return Sending.objects.select_related("message__line").get(pk=sending.pk)


def files_of(raw: bytes) -> list[tuple[str, str, bytes]]:
    """(name, type, bytes) as whoever gets the mail has them."""
    found = message_from_bytes(raw, policy=default).iter_attachments()
    return [(part.get_filename(), part.get_content_type(), part.get_payload(decode=True)) for part in found]


def answer(acme, to: str, sender: str = "Ida Berg <ida@brightwater.example>") -> Message:
    message, _ = actions.receive(acme.workspace, mail("What does it cost?", sender=sender, to=to))
    actions.take(Message.objects.select_related("workspace", "mailbox").get(pk=message.pk))
    return Message.objects.get(pk=message.pk)


def suppress(email: str) -> Suppression:
    workspace = Workspace.objects.get(slug="acme")
    return Suppression.objects.create(workspace=workspace, email=email, reason=Suppression.Reason.BOUNCED)
