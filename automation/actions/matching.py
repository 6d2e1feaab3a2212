"""Whose mail it is: by the thread that it answers, by the address, by the company (safety.md, T13).

The From of a mail proves nothing. What fails its sender's own DMARC policy, or writes into a thread whose people do not
know the sender, is shown to a person; nothing is done about it by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db import connection
from django.db.models import QuerySet

from automation.mail.parts import Mail
from automation.models import Message
from automation.reply_address import named_message
from deals.actions import lock_lead
from deals.models import Deal
from leads.actions import find_company, find_contact
from leads.models import Contact, Lead
from leads.names import domain_of
from workspaces.asking import asked_often
from workspaces.models import Workspace
from workspaces.tenant import share_known

DMARC = re.compile(r"\bdmarc\s*=\s*(pass|fail)\b", re.IGNORECASE)
# Where the address stands that a mail was sent to.
ADDRESSED = ("to", "cc", "delivered-to", "x-original-to", "x-envelope-to", "envelope-to", "x-forwarded-to")
NEWEST = 20  # ids of a thread that are looked for
# Leads that are still pursued come before these.
OVER = (Lead.Status.CONVERTED, Lead.Status.UNQUALIFIED, Lead.Status.DO_NOT_CONTACT)
By = Message.MatchedBy


@dataclass(frozen=True)
class Match:
    """Whose mail it is, as far as is known; `doubt` says in words why nothing may be done about it without asking."""

    by: str = ""
    contact: Contact | None = None
    company_id: int | None = None
    lead: Lead | None = None
    deal: Deal | None = None
    doubt: str = ""


def match(workspace: Workspace, mail: Mail) -> Match:
    doubt = "The mail server that took it in says that it is not from whom it claims." if is_forged(mail) else ""
    contact = find_contact(workspace, mail.sender.email)
    thread = by_token(workspace, mail)
    is_token = thread is not None
    thread = thread or thread_of(workspace, mail)
    if thread and (contact or is_colleague(thread, mail)):
        if contact and contact.pk != thread.contact_id and not knows(thread, contact, mail):
            doubt = doubt or f"{contact} answers a mail that was sent to others."
        return belonging(By.THREAD, contact or thread.contact, thread, doubt)
    if thread and is_token:
        doubt = doubt or f"It came to the reply address of a mail to {names(thread)}, and its sender is not known."
        return belonging(By.THREAD, thread.contact, thread, doubt)
    if thread:
        doubt = doubt or f"It answers a mail to {names(thread)}, and its sender is not known."
        return Match(doubt=doubt)
    if contact:
        return belonging(By.ADDRESS, contact, None, doubt)
    company = find_company(workspace, "", mail.sender.email)
    return Match(by=By.DOMAIN if company else "", company_id=company and company.pk, doubt=doubt)


def belonging(by: str, contact: Contact | None, thread: Message | None = None, doubt: str = "") -> Match:
    """With the lead that the contact's mails belong to, locked: leads come before deals."""
    lead = lock_lead(thread.lead) if thread and thread.lead else lead_of(contact) if contact else None
    deal = thread.deal if thread and thread.deal and not thread.deal.deleted_at else None
    return Match(by, contact, contact.company_id if contact else None, lead, deal, doubt)


def is_forged(mail: Mail) -> bool:
    return "fail" in verdicts(mail)


def is_vouched(mail: Mail) -> bool:
    """Whether the sender's domain stands for it."""
    return "pass" in verdicts(mail) and not is_forged(mail)


def verdicts(mail: Mail) -> set[str]:
    """What our own mail server says of DMARC: it wrote the first line of Authentication-Results; those of others came with
    the mail."""
    lines = [line for line in mail.headers.get("authentication-results", ()) if line.strip()]
    ours = [line for line in lines if line.split(";")[0].split()[:1] == lines[0].split(";")[0].split()[:1]]
    return {found.lower() for line in ours for found in DMARC.findall(line)}


def thread_of(workspace: Workspace, mail: Mail) -> Message | None:
    """The mail of ours that it answers."""
    ids = [*mail.in_reply_to, *reversed(mail.references)][:NEWEST]
    ours = Message.objects.listed().filter(
        workspace=workspace, message_id__in=ids, direction=Message.Direction.OUT, is_proven=True
    )
    return (
        ours.select_related("lead", "deal", "contact__company").order_by("-received_at", "-pk").first() if ids else None
    )


def by_token(workspace: Workspace, mail: Mail) -> Message | None:
    """The mail of ours whose reply address it came to."""
    named = named_message((value for name in ADDRESSED for value in mail.headers.get(name, ())), workspace.pk)
    ours = Message.objects.listed().filter(
        workspace=workspace, pk=named, direction=Message.Direction.OUT, is_proven=True
    )
    return ours.select_related("lead", "deal", "contact__company").first() if named else None


def names(thread: Message) -> str:
    return ", ".join(address for _, address in thread.recipients) or "somebody else"


def is_colleague(thread: Message, mail: Mail) -> bool:
    """Whether the sender is who was written to, or of their company. Who else had a copy does not speak for them."""
    domain = domain_of(mail.sender.email)
    first = next((address for _, address in thread.recipients), "")
    own = thread.contact.company.domain if thread.contact and thread.contact.company else ""
    return mail.sender.email == first or bool(domain) and domain in (own, domain_of(first))


def knows(thread: Message, contact: Contact, mail: Mail) -> bool:
    same = thread.contact is not None and thread.contact.company_id is not None
    return is_colleague(thread, mail) or same and contact.company_id == thread.contact.company_id  # type: ignore[union-attr]


def lead_of(contact: Contact) -> Lead | None:
    """Locked."""
    pk = lead_id_of(contact)
    if pk is None:
        return None
    lead = Lead(pk=pk, contact=contact, workspace_id=contact.workspace_id)
    share_known(contact, lead, ["workspace"])
    return lock_lead(lead)


@asked_often
def leads_of(contact: int) -> QuerySet:
    return Lead.objects.filter(contact_id=contact).order_by("-pk").values_list("pk", "status")[:NEWEST]


def lead_id_of(contact: Contact) -> int | None:
    """The newest that is still pursued, else the newest."""
    leads = leads_of(contact=contact.pk)
    return next((pk for pk, status in leads if status not in OVER), leads[0][0] if leads else None)


NEAREST_DEAL = """
    (SELECT id, 1 AS place FROM deals_deal WHERE lead_id = %(lead)s AND status = 'open' AND deleted_at IS NULL
     ORDER BY last_activity_at DESC, id DESC LIMIT 1)
    UNION ALL
    (SELECT id, 2 FROM deals_deal WHERE id IN (SELECT deal_id FROM deals_dealcontact WHERE contact_id = %(contact)s)
     AND status = 'open' AND deleted_at IS NULL ORDER BY last_activity_at DESC, id DESC LIMIT 1)
    UNION ALL
    (SELECT id, 3 FROM deals_deal WHERE company_id = %(company)s AND status = 'open' AND deleted_at IS NULL
     ORDER BY last_activity_at DESC, id DESC LIMIT 1)
    ORDER BY place LIMIT 1
"""


def open_deal(lead: Lead | None, contact_id: int | None, company_id: int | None) -> Deal | None:
    """The lead's, else one that the person is in, else the company's: the one that was worked last."""
    if not (lead or contact_id or company_id):
        return None
    with connection.cursor() as cursor:
        keys = {"lead": lead and lead.pk, "contact": contact_id, "company": company_id}
        nearest = cursor.execute(NEAREST_DEAL, keys).fetchone()
    return Deal.objects.select_related("stage", "pipeline", "owner").get(pk=nearest[0]) if nearest else None
