"""What is done with mail. `by` is the Membership that acts, None the system."""

from automation.actions.campaigns import (
    add_members,
    add_step,
    create_campaign,
    due_steps,
    edit_step,
    pause_campaign,
    remove_step,
    reorder_steps,
    restore_step,
    resume_member,
    send_step,
    set_pace,
    start_campaign,
    stop_member,
)
from automation.actions.deciding import accept, correct, link, make_lead, read_again, undo, undo_one
from automation.actions.effects import undo_effect
from automation.actions.fetching import try_mailbox
from automation.actions.files import keep_file
from automation.actions.handling import handle, reopen
from automation.actions.mailboxes import (
    add_mailbox,
    change_mailbox,
    connect_login,
    delete_mailbox,
    pause,
    renew_address,
    restore_mailbox,
)
from automation.actions.processing import read_message, take
from automation.actions.receiving import receive
from automation.actions.replies import act, create_deal_from_positive_reply
from automation.actions.sending import call_back, send_again, send_mail
from automation.actions.suppressing import lift_suppression, opt_in, opt_out, put_back, suppress_address
from automation.actions.templates import archive_template, create_template, restore_template, update_template

__all__ = [
    "accept",
    "act",
    "add_mailbox",
    "add_members",
    "add_step",
    "archive_template",
    "call_back",
    "change_mailbox",
    "connect_login",
    "correct",
    "create_campaign",
    "create_deal_from_positive_reply",
    "create_template",
    "delete_mailbox",
    "due_steps",
    "edit_step",
    "handle",
    "keep_file",
    "lift_suppression",
    "link",
    "make_lead",
    "opt_in",
    "opt_out",
    "pause",
    "pause_campaign",
    "put_back",
    "read_again",
    "read_message",
    "receive",
    "remove_step",
    "renew_address",
    "reopen",
    "reorder_steps",
    "restore_mailbox",
    "restore_step",
    "restore_template",
    "resume_member",
    "send_again",
    "send_mail",
    "send_step",
    "set_pace",
    "start_campaign",
    "stop_member",
    "suppress_address",
    "take",
    "try_mailbox",
    "undo",
    "undo_effect",
    "undo_one",
    "update_template",
]
