"""What a campaign sends, to whom it has sent it, and how fast a mailbox may."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone

from automation.models.mailbox import Mailbox
from automation.models.message import Message
from automation.models.sending import MailTemplate
from leads.models import Campaign, CampaignMember
from workspaces.tenant import TenantForeignKey, TenantModel

PER_HOUR, PER_DAY = 30, 200


@pghistory.track()
class CampaignStep(TenantModel):
    """One mail of a campaign: so long after the one before it, or after the member came in."""

    class Unit(models.TextChoices):
        HOURS = "hours", "working hours"
        DAYS = "days", "working days"

    campaign = TenantForeignKey(Campaign, models.CASCADE, related_name="steps")
    template = TenantForeignKey(MailTemplate, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    delay = models.PositiveSmallIntegerField(default=0)
    unit = models.CharField(max_length=5, choices=Unit, default=Unit.DAYS)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [models.CheckConstraint(condition=Q(delay__lte=365), name="campaign_step_delay")]

    def __str__(self):
        return f"{self.campaign}: {self.template}"


class Enrolment(TenantModel):
    """Where a member of a campaign stands in its steps. Nothing is due once `stopped` says why, or after the last step."""

    class Why(models.TextChoices):
        REPLIED = "replied", "Replied"
        BOUNCED = "bounced", "Address does not exist"
        OPTED_OUT = "opted_out", "Wants no mail"
        MEETING = "meeting", "Meeting booked"
        DEAL = "deal", "Has a deal"
        CLOSED = "closed", "Lead is closed"
        NO_ADDRESS = "no_address", "No address"
        EMPTY = "empty", "A placeholder has no value"
        BY_HAND = "by_hand", "Stopped by hand"
        FINISHED = "finished", "All sent"

    member = TenantForeignKey(CampaignMember, models.CASCADE, related_name="enrolments", db_index=False)
    since = models.DateTimeField(default=timezone.now, editable=False)
    due_at = models.DateTimeField(null=True, blank=True)
    stopped = models.CharField(max_length=10, choices=Why, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "member"], name="enrolment_once")]
        indexes = [
            models.Index(fields=["workspace", "due_at"], name="enrolment_due", condition=Q(due_at__isnull=False))
        ]

    def __str__(self):
        return str(self.member)


class StepMail(TenantModel):
    """That a member got a step: whatever runs twice, the database takes it once."""

    member = TenantForeignKey(CampaignMember, models.CASCADE, related_name="step_mails", db_index=False)
    step = TenantForeignKey(CampaignStep, models.CASCADE, related_name="mails")
    message = TenantForeignKey(Message, models.CASCADE, related_name="step_mails")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "member", "step"], name="step_mail_once")]

    def __str__(self):
        return f"{self.step} to {self.member}"


@pghistory.track()
class Pace(TenantModel):
    """How many mails a mailbox may send; without one, of what goes out by the address of this site."""

    mailbox = TenantForeignKey(Mailbox, models.CASCADE, null=True, blank=True, related_name="paces", db_index=False)
    per_hour = models.PositiveIntegerField(default=PER_HOUR)
    per_day = models.PositiveIntegerField(default=PER_DAY)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "mailbox"], nulls_distinct=False, name="pace_once"),
            models.CheckConstraint(condition=Q(per_hour__gte=1, per_day__gte=1), name="pace_some"),
        ]

    def __str__(self):
        return f"{self.mailbox or 'This site'}: {self.per_hour} an hour, {self.per_day} a day"
