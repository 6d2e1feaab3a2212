"""Mails for tests: bytes as they come in, and messages as they stand once read."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime
from itertools import count

from automation.intents import Intent
from automation.models import Message
from leads.actions import capture
from leads.models import Lead
from workspaces.models import Membership

NUMBERS = count(1)


def mail(
    text: str = "Yes, I am interested. Let us talk next week.",
    *,
    sender: str = "Ida Berg <ida@brightwater.example>",
    to: str = "Alice <alice@acme.example>",
    subject: str = "Re: Cold-chain monitoring",
    message_id: str = "",
    answers: str = "",
    date: datetime | None = None,
    **headers: str,
) -> bytes:
    """A plain reply. `headers`: others, with _ for -."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = format_datetime(date or datetime.now(UTC))
    message["Message-ID"] = message_id or f"<{next(NUMBERS)}@brightwater.example>"
    if answers:
        message["In-Reply-To"] = message["References"] = answers
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return bytes(message)


def with_file(content: bytes = b"%PDF-1.4 an order", name: str = "order.pdf", **facts: str) -> bytes:
    whole = message_from_bytes(mail(**facts), policy=default)
    whole.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    return bytes(whole)


def make_lead(by: Membership, email: str = "ida@brightwater.example", **fields: object) -> Lead:
    facts = {"first_name": "Ida", "last_name": "Berg", "company_name": "Brightwater", "owner_id": by.user_id}
    return capture(by.workspace, email=email, by=by, **facts | fields)


def read_as(intent: Intent, lead: Lead | None, by: Membership, text: str = "Tell me more.", **facts: object) -> Message:
    """A message of the lead's person that was read, and about which nothing was done yet."""
    number = next(NUMBERS)
    return Message.objects.create(
        workspace=by.workspace,
        key=f"{number:064x}",
        raw=b"",
        sender_name="Ida Berg",
        sender_email="ida@brightwater.example",
        subject_line="Re: Cold-chain monitoring",
        visible_text=text,
        state=Message.State.REVIEW,
        judged=intent,
        intent=intent,
        confidence=0.9,
        lead=lead,
        contact=lead.contact if lead else None,
        company=lead.company if lead else None,
        **facts,
    )
