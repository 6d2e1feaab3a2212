"""What is done with mail. `by` is the Membership that acts, None the system."""

from automation.actions.deciding import accept, correct, handle, link, make_lead, reopen, undo, undo_one
from automation.actions.effects import undo_effect
from automation.actions.fetching import try_mailbox
from automation.actions.mailboxes import (
    add_mailbox,
    change_mailbox,
    connect_login,
    delete_mailbox,
    pause,
    renew_address,
    restore_mailbox,
)
from automation.actions.processing import read_message, take, waiting
from automation.actions.receiving import receive
from automation.actions.replies import act, create_deal_from_positive_reply
from automation.actions.sending import call_back, send_again, send_mail
from automation.actions.suppressing import lift_suppression, opt_in, opt_out, put_back, suppress_address
from automation.actions.templates import archive_template, create_template, restore_template, update_template

__all__ = [
    "accept",
    "act",
    "add_mailbox",
    "archive_template",
    "call_back",
    "change_mailbox",
    "connect_login",
    "correct",
    "create_deal_from_positive_reply",
    "create_template",
    "delete_mailbox",
    "handle",
    "lift_suppression",
    "link",
    "make_lead",
    "opt_in",
    "opt_out",
    "pause",
    "put_back",
    "read_message",
    "receive",
    "renew_address",
    "reopen",
    "restore_mailbox",
    "restore_template",
    "send_again",
    "send_mail",
    "suppress_address",
    "take",
    "try_mailbox",
    "undo",
    "undo_effect",
    "undo_one",
    "update_template",
    "waiting",
]
