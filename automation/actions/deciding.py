"""What a person does about a message: accept, correct, take back, link, be through with it."""

from __future__ import annotations

from activities.models import Notification
from activities.outbox import ring_again
from automation.actions.campaigns import unreplied
from automation.actions.effects import note, undo_all, undo_effect
from automation.actions.handling import decided, kept, lock, through
from automation.actions.matching import belonging, lead_id_of
from automation.actions.meetings import take_calendars
from automation.actions.processing import ROBOTS, attach, find_deal, settle, write_line
from automation.actions.replies import act, owner_for, tell
from automation.intents import Intent
from automation.mail.dates import named_date
from automation.mail.parsing import read
from automation.models import Effect, Message
from automation.models.message import TRIES
from leads.actions import capture, find_contact, update_contact
from leads.models import Contact
from leads.names import split_name
from workspaces.access import visible_owners
from workspaces.action import Refused, action
from workspaces.background import after_commit
from workspaces.models import Membership

State = Message.State
# What one can be through with, of a sender whom nobody knows.
FOR_NOBODY = (*ROBOTS, Intent.UNSUBSCRIBE, Intent.UNCLEAR, Intent.NOT_INTERESTED)
DATED = (Intent.NOT_NOW, Intent.OUT_OF_OFFICE)


@action
def accept(message: Message, *, by: Membership) -> Message:
    """It is what it was taken for: what follows is done, if it was not, and one is through with it."""
    message = lock(message, by)
    if message.state == State.FAILED:
        raise Refused("It could not be read. Try to read it again first.")
    if message.state == State.UNMATCHED and message.intent not in FOR_NOBODY:
        raise Refused("Nobody knows whose mail this is: link it to a person first.")
    if message.state == State.DONE:
        return through(message, by)  # whatever waits for replies that mean this has heard of it
    act(message, by=by)
    return decided(message, by)


@action
def correct(message: Message, intent: str, *, by: Membership) -> Message:
    """It is of another class: what was done is taken back, and what follows from the right one is done. The classifier
    learns from it (train_intent)."""
    message = lock(message, by)
    if intent not in Intent.values or intent == Intent.BOUNCE != message.intent:
        raise Refused("There is no such class.")
    is_other = intent != message.intent
    if is_other:
        undo_all(message, by=by)
        message = lock(message, by)
        if intent in ROBOTS and message.intent not in ROBOTS:
            unreplied(message)
        message.intent, message.confidence = intent, 1.0
        if intent in DATED and message.until is None:
            message.until = named_date(message.visible_text, message.at.date(), message.language)
    is_known = bool(message.contact or message.lead or message.deal)
    if not is_known and intent not in FOR_NOBODY:
        message.state = State.UNMATCHED  # what follows is done once somebody says whose it is
        return kept(message)
    if is_known and (is_other or message.state == State.REVIEW) or intent == Intent.UNSUBSCRIBE:
        act(message, by=by)
    return decided(message, by)


@action
def undo(message: Message, *, by: Membership) -> Message:
    """All that was done about it is taken back, and a person decides anew."""
    message = lock(message, by)
    undo_all(message, by=by)
    message = lock(message, by)
    message.state = State.REVIEW if message.contact else State.UNMATCHED
    message.handled_at = message.handled_by = None
    return kept(message)


@action
def undo_one(effect: Effect, *, by: Membership) -> Effect:
    lock(effect.message, by)
    return undo_effect(effect, by=by)


@action
def read_again(message: Message, *, by: Membership) -> Message:
    """What could not be read is tried anew."""
    message = lock(message, by)
    if message.state == State.FAILED:
        message.state, message.tries_left, message.begun, message.problem = State.NEW, TRIES, 0, ""
        message.save(update_fields=["state", "tries_left", "begun", "problem"])
        after_commit("automation.tasks.read_messages", message.workspace_id)
    return message


@action
def link(message: Message, contact: Contact, *, by: Membership) -> Message:
    """It is this person's: their address from now on, and what their mail brings about follows."""
    message = lock(message, by)
    emails = list(contact.emails.order_by("-is_primary", "pk").values_list("email", flat=True))
    if message.sender_email and message.sender_email not in emails:
        contact = update_contact(contact, by=by, version=contact.version, emails=[*emails, message.sender_email])
    attach(message, belonging(Message.MatchedBy.PERSON, contact))
    message.problem = ""
    find_deal(message)
    take_calendars(message, read(bytes(message.raw)))
    owners = visible_owners(by)
    if message.lead and owners is not None and message.lead.owner_id not in owners:
        # Somebody else's lead: they hear of it, and decide.
        message.state = State.REVIEW
        tell(message, Notification.Kind.REPLY, by)
    else:
        settle(message, by=by)
    if message.line is None:
        write_line(message)
    elif message.state == State.DONE:
        ring_again(message.line)
    return kept(message)


@action
def make_lead(message: Message, *, by: Membership) -> Message:
    """Its sender becomes a lead, of whoever asks for it."""
    message = lock(message, by)
    if message.lead:
        return message
    contact = find_contact(message.workspace, message.sender_email)
    if contact and lead_id_of(contact):
        return link(message, contact, by=by)
    first, last = split_name(message.sender_name)
    lead = capture(
        message.workspace,
        first_name=first,
        last_name=last,
        email=message.sender_email,
        by=by,
        owner_id=by.user_id
        if message.mailbox is None or message.mailbox.owner_id is None
        else owner_for(message, None),
    )
    if lead.contact:
        message = link(message, lead.contact, by=by)
    before = {"contact": lead.contact_id if contact is None else None}
    note(message, Effect.Kind.LEAD_CREATED, f"Made {lead} a lead", lead, by=by, before=before)
    return message
