"""From the stored bytes to what follows: one transaction for each message, whoever else reads at the same time."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial

from django.db import InterfaceError, OperationalError

from activities.actions import about, record
from activities.models import LONGEST_TEXT, SUBJECTS, Activity, Door, Notification
from automation.actions.matching import Match, belonging, is_vouched, match, open_deal
from automation.actions.meetings import take_calendars
from automation.actions.replies import act, tell, today_of
from automation.actions.suppressing import reached
from automation.intents import AUTOMATIC, Intent
from automation.mail.clean import clean_html
from automation.mail.parsing import read
from automation.mail.parts import Mail
from automation.models import Mailbox, Message
from automation.own_words import judge_for
from automation.reading import Reading, read_reply
from deals.models import Kind
from leads.actions import find_contact
from leads.models import CampaignMember
from workspaces.action import Refused
from workspaces.models import Membership
from workspaces.tenancy import tenant

log = logging.getLogger(__name__)

BATCH = 500  # messages that one look at the queue finds
LONGEST = 200_000  # letters of a text that are kept; the bytes have all of it
State = Message.State
# All but the bytes, which stay as they came.
WRITTEN = [field.name for field in Message._meta.concrete_fields if field.name not in ("id", "raw")]
POSITIVE = (Intent.INTERESTED, Intent.MEETING_BOOKED)
UNPROVEN = "It claims to be from a member, and nothing proves it."
# What no person wrote: it is no reply, and nobody has to look at it.
ROBOTS = (Intent.OUT_OF_OFFICE, Intent.AUTO_REPLY, Intent.BOUNCE)


def waiting(workspace_id: int) -> list[int]:
    """Ids of the messages that were not read yet, oldest first."""
    with tenant(workspace_id):
        return list(Message.objects.waiting().order_by("pk").values_list("pk", flat=True)[:BATCH])


def read_message(workspace_id: int, message_id: int) -> None:
    """Read a stored message and do what follows. Whatever goes wrong undoes all of it; after a few tries a person sees it."""
    try:
        with tenant(workspace_id, door="automation"):
            # Whoever else holds it is reading it.
            found = Message.objects.waiting().select_for_update(skip_locked=True, no_key=True, of=("self",))
            message = found.select_related("workspace", "mailbox").filter(pk=message_id).first()
            if message:
                take(message)
    except (OperationalError, InterfaceError):  # the database's own trouble: another run tries again
        log.exception("message %s of workspace %s waits", message_id, workspace_id)
    except Exception as error:
        log.exception("message %s of workspace %s was not read", message_id, workspace_id)
        with tenant(workspace_id):
            missed(message_id, error)


def missed(message_id: int, error: Exception) -> None:
    message = Message.objects.listed().select_for_update(of=("self",)).get(pk=message_id)
    if message.state != State.NEW:
        return
    message.tries_left -= 1
    message.problem = f"It could not be read: {type(error).__name__}."
    if message.tries_left <= 0:
        message.state = State.FAILED
    message.save(update_fields=["tries_left", "problem", "state"])


def take(message: Message) -> Message:
    """Read, match, act. The caller holds the message, and the transaction."""
    mail = read(bytes(message.raw))
    reading = read_reply(mail, today_of(message.workspace), partial(judge_for, message.workspace_id))
    describe(message, mail)
    is_member = is_from_member(message, mail)
    if is_member and (message.is_proven or is_vouched(mail)):
        sent(message)
    else:
        judged(message, reading)
        found = match(message.workspace, mail)
        came(message, replace(found, doubt=found.doubt or UNPROVEN) if is_member else found, mail)
    message.tries_left = 0
    message.save(update_fields=WRITTEN)
    return message


# --- what it is -------------------------------------------------------------------------------------


def describe(message: Message, mail: Mail) -> None:
    message.message_id = mail.message_id
    message.answers = list(dict.fromkeys((*mail.in_reply_to, *mail.references)))[-50:]
    message.sender_name, message.sender_email = mail.sender.name[:200], mail.sender.email[:254]
    message.recipients = [[person.name, person.email] for person in (*mail.to, *mail.cc)][:100]
    message.subject_line = mail.subject[:500]
    message.sent_at = mail.sent_at
    message.text, message.html = mail.text[:LONGEST], clean_html(mail.html)
    message.attachments = [{"name": a.name, "type": a.type, "size": len(a.content)} for a in mail.attachments]
    message.problem = "; ".join(mail.problems)[:300]


def judged(message: Message, reading: Reading) -> None:
    message.visible_text = reading.visible_text[:LONGEST]
    message.intent = message.judged = reading.intent
    message.judged_by, message.confidence, message.phrase = reading.version, reading.confidence, reading.phrase
    message.language, message.until = reading.language, reading.until
    message.bounced_address = reading.complainer[:254]
    if reading.bounce:
        message.bounced_address, message.bounce_reason = reading.bounce.address[:254], reading.bounce.reason[:80]
        message.is_hard_bounce = reading.bounce.hard


# --- what we sent ourselves --------------------------------------------------------------------------


def is_from_member(message: Message, mail: Mail) -> bool:
    """Copies of what members sent by their own programs come in with the rest; anybody can write their address, though."""
    email = mail.sender.email
    if not email:
        return False
    members = Membership.objects.active().filter(workspace=message.workspace, user__email=email)
    if members.exists():
        return True
    boxes = Mailbox.objects.live().filter(workspace=message.workspace, address=email)
    return boxes.exists() and find_contact(message.workspace, email) is None  # whatever a mailbox claims to be


def sent(message: Message) -> None:
    """It is no reply; but what it is answered with is told by it."""
    contacts = (find_contact(message.workspace, address) for _, address in message.recipients)
    message.direction, message.state, message.is_proven = Message.Direction.OUT, State.DONE, True
    message.visible_text, message.handled_at = message.text, message.received_at
    attach(message, belonging(Message.MatchedBy.ADDRESS, next(filter(None, contacts), None)))
    find_deal(message)
    write_line(message)


# --- what follows -----------------------------------------------------------------------------------


def came(message: Message, match: Match, mail: Mail) -> None:
    attach(message, match)
    if mail.calendars and message.contact and not match.doubt:
        find_deal(message)
        take_calendars(message, mail)
    settle(message, match.doubt)
    write_line(message)


def attach(message: Message, match: Match) -> None:
    message.matched_by = match.by
    message.contact, message.company, message.lead = match.contact, match.company, match.lead
    message.deal = match.deal


def settle(message: Message, doubt: str = "", by: Membership | None = None) -> None:
    """Done at once where one can be sure, else left to a person; `by` says whose it is, and thereby does what follows."""
    intent = Intent(message.intent)
    if intent in ROBOTS:
        message.state = State.DONE
        find_deal(message)
        if not doubt and (message.contact or intent == Intent.BOUNCE):
            acted(message, by)
        return
    if message.lead and not doubt:
        reached(CampaignMember.objects.filter(lead=message.lead), CampaignMember.State.REPLIED)
    is_sure = not doubt and message.contact is not None and message.confidence >= AUTOMATIC
    if not is_sure or intent not in POSITIVE:
        find_deal(message)
    if doubt:
        message.state, message.problem = State.REVIEW if message.contact else State.UNMATCHED, doubt
    elif message.contact is None:
        message.state = State.UNMATCHED
        if intent == Intent.UNSUBSCRIBE and message.confidence >= AUTOMATIC:  # whoever asks for no more mail gets none
            message.state = State.DONE
            acted(message, by)
    elif intent == Intent.UNCLEAR or message.confidence < AUTOMATIC:
        message.state = State.REVIEW
    else:
        message.state = State.DONE
        acted(message, by)
    if message.state == State.REVIEW:
        tell(message, Notification.Kind.REPLY, by)


def find_deal(message: Message) -> None:
    """The open one that it is about; of what becomes a deal, who makes it looks, with the lead locked."""
    if message.deal is None or message.deal.status != Kind.OPEN:
        message.deal = open_deal(message.lead, message.contact, message.company)


def acted(message: Message, by: Membership | None) -> None:
    """What the workspace's own rules refuse is left to a person, with the reason."""
    lead, deal = message.lead, message.deal
    try:
        act(message, by=by)
    except Refused as refused:
        message.lead, message.deal = lead, deal  # what was made meanwhile is gone
        message.state, message.problem = State.REVIEW, refused.message[:300]


def write_line(message: Message, *, by: Membership | None = None, door: Door = Door.AUTOMATION) -> None:
    """In the timelines of whom it is from or for: what was written, what it was taken for, and why."""
    subject = message.subject
    is_private = by is None and message.mailbox is not None and message.mailbox.owner_id is not None
    if subject is None or is_private and not (message.lead or message.deal):  # contacts' timelines are read by all
        return
    data = line_data(message)
    if by:
        del data["sender"]  # it says so itself
    keys = {key: pk for name in SUBJECTS if (pk := getattr(message, key := f"{name}_id")) and key not in about(subject)}
    message.line = record(
        subject,
        Activity.Kind.EMAIL_IN if message.direction == Message.Direction.IN else Activity.Kind.EMAIL_OUT,
        by=by,
        door=door,
        at=message.at,
        body=(message.visible_text or message.text)[:LONGEST_TEXT],
        data=data,
        **keys,
    )


def line_data(message: Message) -> dict[str, object]:
    data: dict[str, object] = {"message": message.pk, "subject": message.subject_line, "sender": message.sender}
    if message.direction == Message.Direction.OUT:
        data["to"] = ", ".join(name or email for name, email in message.recipients)[:300]
    if message.attachments:
        data["files"] = [str(file["name"])[:120] for file in message.attachments[:20]]
    if message.intent:
        data |= {
            "intent": str(Intent(message.intent).label),
            "percent": message.percent,
            "phrase": message.phrase[:300],
        }
    return data
