"""Mail of a workspace, what it was taken to mean, and what was done about it (domain.md section 5)."""

from automation.models.effect import Effect
from automation.models.mailbox import ImapLogin, Inlet, InletEvent, Mailbox, Provider, Security, SignIn
from automation.models.meeting import Meeting
from automation.models.message import Message
from automation.models.sending import MailTemplate, Sending
from automation.models.sequence import CampaignStep, Enrolment, Pace, StepMail
from automation.models.suppression import Suppression

__all__ = [
    "CampaignStep",
    "Effect",
    "Enrolment",
    "ImapLogin",
    "Inlet",
    "InletEvent",
    "MailTemplate",
    "Mailbox",
    "Meeting",
    "Message",
    "Pace",
    "Provider",
    "Security",
    "Sending",
    "SignIn",
    "StepMail",
    "Suppression",
]
