"""Somebody is through with a message, or not after all."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from activities.models import SUBJECTS
from activities.outbox import ring_again
from automation.actions.processing import line_data
from automation.models import Message
from deals.actions import lock_lead
from workspaces.access import check_may
from workspaces.action import Refused, action
from workspaces.models import Membership, Role

State = Message.State


@action
def handle(message: Message, *, by: Membership) -> Message:
    """Nothing is to be done about it."""
    return through(lock(message, by), by)


@action
def reopen(message: Message, *, by: Membership) -> Message:
    """Not through with it after all."""
    message = lock(message, by)
    message.handled_at = message.handled_by = None
    return kept(message)


# --- parts ------------------------------------------------------------------------------------------


def lock(message: Message, by: Membership) -> Message:
    check_may(by, Role.REP, "decide about mail")
    found = Message.objects.select_for_update(of=("self",), no_key=True).defer("raw")
    related = (
        "workspace",
        "mailbox",
        "contact__company",
        "company",
        "lead__contact",
        "lead__company",
        "deal__stage",
        "line",
    )
    message = found.select_related(*related).get(pk=message.pk)
    if message.state == State.NEW:
        raise Refused("It has not been read yet.")
    if message.deal and message.deal.deleted_at:
        message.deal = None
    if message.lead:
        message.lead = lock_lead(message.lead)
    return message


def decided(message: Message, by: Membership) -> Message:
    """What it means is settled: whatever waits for replies that mean this hears of it (rules)."""
    message = through(message, by)
    if message.line:
        ring_again(message.line)
    return message


def through(message: Message, by: Membership, at: datetime | None = None) -> Message:
    message.state = State.DONE
    message.handled_at, message.handled_by_id = at or timezone.now(), by.user_id
    return kept(message)


def kept(message: Message) -> Message:
    """Saved, and told by its line of the timeline."""
    message.save()
    if message.line:
        message.line.data = line_data(message)
        for name in SUBJECTS:
            setattr(message.line, f"{name}_id", getattr(message, f"{name}_id"))
        message.line.save(update_fields=["data", *SUBJECTS])
    return message
