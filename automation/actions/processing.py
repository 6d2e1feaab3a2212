"""From the stored bytes to what follows: one transaction for each message, whoever else reads at the same time."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet

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
from workspaces.action import Refused, retried
from workspaces.asking import asked_often
from workspaces.background import rung_together
from workspaces.memory import recalled, remembered, remembering
from workspaces.models import Membership, Workspace
from workspaces.tenancy import all_workspaces, tenant

log = logging.getLogger(__name__)

BATCH = 20  # messages that a worker takes at a time
LEFT = 500  # of those that were left, how many one look finds
BEGUN = 10  # times that a message is read
LONGEST = 200_000  # letters of a text that are kept; the bytes have all of it
State = Message.State
# All but what it came with.
CAME = ("id", "workspace", "mailbox", "key", "raw", "received_at", "handled_by")
WRITTEN = [field.name for field in Message._meta.concrete_fields if field.name not in CAME]
POSITIVE = (Intent.INTERESTED, Intent.MEETING_BOOKED)
UNPROVEN = "It claims to be from a member, and nothing proves it."
# What no person wrote: it is no reply, and nobody has to look at it.
ROBOTS = (Intent.OUT_OF_OFFICE, Intent.AUTO_REPLY, Intent.BOUNCE)


def begin(workspace_id: int) -> list[int]:
    """Ids of messages that nobody has begun to read, the oldest first; they are this worker's now."""
    with tenant(workspace_id):
        new = Message.objects.waiting().filter(begun=0).select_for_update(skip_locked=True, no_key=True)
        ids = list(new.order_by("pk").values_list("pk", flat=True)[:BATCH])
        Message.objects.filter(pk__in=ids).update(begun=1)
    return ids


def left(workspace_id: int) -> list[int]:
    """Ids of those whose reading was begun and has not ended: it failed, or its worker died. First those that were begun
    least: a mail that kills its reader holds up no other."""
    with tenant(workspace_id):
        begun = Message.objects.waiting().filter(begun__gt=0).order_by("begun", "pk")
        return list(begun.values_list("pk", flat=True)[:LEFT])


def begin_again(workspace_id: int, message_id: int) -> bool:
    """Whether to read it once more. That is counted before, for its reader may die of it; workers are also stopped for
    reasons of their own, so many times are allowed."""
    with tenant(workspace_id):
        waiting = Message.objects.waiting().listed().select_for_update(skip_locked=True, no_key=True)
        message = waiting.filter(pk=message_id).first()
        if message is None:
            return False
        message.begun += 1
        if is_over := message.begun > BEGUN:
            message.state = State.FAILED
            message.problem = f"It could not be read: {BEGUN} times its reader stopped in the middle."
        message.save(update_fields=["begun", "state", "problem"])
        return not is_over


def waited_for() -> list[int]:
    """Ids of the workspaces in which something waits."""
    with all_workspaces():
        return list(Message.objects.waiting().order_by().values_list("workspace_id", flat=True).distinct())


def read_all(workspace_id: int, message_ids: Iterable[int]) -> None:
    """Each in a transaction of its own; what is the same for all of them is read once."""
    with remembering(), rung_together():
        for message_id in message_ids:
            read_message(workspace_id, message_id)


def read_message(workspace_id: int, message_id: int) -> None:
    """Read a stored message and do what follows. Whatever goes wrong undoes all of it; after a few tries a person sees it."""
    try:
        read_once(workspace_id, message_id)
    except (OperationalError, InterfaceError):  # the database's own trouble: another run tries again
        log.exception("message %s of workspace %s waits", message_id, workspace_id)
        with suppress(OperationalError, InterfaceError), tenant(workspace_id):
            unbegun(message_id)
    except Exception as error:
        log.exception("message %s of workspace %s was not read", message_id, workspace_id)
        with tenant(workspace_id):
            missed(message_id, error)


@asked_often
def waiting_one(message: int) -> QuerySet[Message]:
    """Locked; whoever else holds it is reading it."""
    return Message.objects.waiting().select_for_update(skip_locked=True, no_key=True).filter(pk=message)


@retried
def read_once(workspace_id: int, message_id: int) -> None:
    with tenant(workspace_id, door="automation"), remembering():
        if message := waiting_one.first(message=message_id):
            place(message)
            take(message)


def unbegun(message_id: int) -> None:
    """Its reader lives: that one does not count as a death. The first time always does, or nobody would know it was begun."""
    held = Message.objects.waiting().listed().select_for_update(skip_locked=True, no_key=True)
    if message := held.filter(pk=message_id, begun__gt=1).first():
        message.begun -= 1
        message.save(update_fields=["begun"])


def missed(message_id: int, error: Exception) -> None:
    message = Message.objects.listed().select_for_update(of=("self",)).get(pk=message_id)
    if message.state != State.NEW:
        return
    message.tries_left -= 1
    message.problem = f"It could not be read: {type(error).__name__}."
    if message.tries_left <= 0:
        message.state = State.FAILED
    message.save(update_fields=["tries_left", "problem", "state"])


def place(message: Message) -> None:
    """Its workspace and mailbox, which it shares with others."""
    pk, read = message.workspace_id, Mailbox.objects.in_bulk
    message.workspace = remembered(pk, "workspace", lambda: Workspace.objects.get(pk=pk))
    if message.mailbox_id:
        message.mailbox = recalled(pk, "mailbox", [message.mailbox_id], read)[message.mailbox_id]


def take(message: Message) -> Message:
    """Read, match, act. The caller holds the message, and the transaction."""
    message.is_untouched = True
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
    message.is_untouched = False
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
    workspace, email = message.workspace, mail.sender.email
    members, boxes = remembered(workspace.pk, "our addresses", lambda: our_addresses(workspace))
    # A mailbox may claim to be whatever it likes.
    return bool(email) and (email in members or email in boxes and find_contact(workspace, email) is None)


def our_addresses(workspace: Workspace) -> tuple[set[str], set[str]]:
    """Of members, of mailboxes."""
    members = Membership.objects.active().filter(workspace=workspace).order_by()
    boxes = Mailbox.objects.live().filter(workspace=workspace).order_by()
    return set(members.values_list("user__email", flat=True)), set(boxes.values_list("address", flat=True))


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
    message.contact, message.company_id, message.lead = match.contact, match.company_id, match.lead
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
    if message.lead and not doubt and in_campaigns(lead=message.lead.pk):
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


@asked_often
def in_campaigns(lead: int) -> QuerySet:
    return CampaignMember.objects.filter(lead_id=lead).values_list("pk", flat=True)[:1]


def find_deal(message: Message) -> None:
    """The open one that it is about; of what becomes a deal, who makes it looks, with the lead locked."""
    if message.deal is None or message.deal.status != Kind.OPEN:
        message.deal = open_deal(message.lead, message.contact_id, message.company_id)


def acted(message: Message, by: Membership | None) -> None:
    """What the workspace's own rules refuse is left to a person, with the reason."""
    lead, deal = message.lead, message.deal
    try:
        with transaction.atomic():
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
