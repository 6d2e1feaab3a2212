"""What is done with mail. `by` is the Membership that acts, None the system."""

from automation.actions.deciding import accept, correct, handle, link, make_lead, reopen, undo, undo_one
from automation.actions.effects import undo_effect
from automation.actions.processing import read_message, take, waiting
from automation.actions.receiving import receive
from automation.actions.replies import act, create_deal_from_positive_reply
from automation.actions.sending import call_back, send_again, send_mail

__all__ = [
    "accept",
    "act",
    "call_back",
    "correct",
    "create_deal_from_positive_reply",
    "handle",
    "link",
    "make_lead",
    "read_message",
    "receive",
    "reopen",
    "send_again",
    "send_mail",
    "take",
    "undo",
    "undo_effect",
    "undo_one",
    "waiting",
]
