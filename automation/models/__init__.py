"""Mail of a workspace, what it was taken to mean, and what was done about it (domain.md section 5)."""

from automation.models.effect import Effect
from automation.models.mailbox import Mailbox
from automation.models.message import Message
from automation.models.sending import MailTemplate, Sending
from automation.models.suppression import Suppression

__all__ = ["Effect", "MailTemplate", "Mailbox", "Message", "Sending", "Suppression"]
