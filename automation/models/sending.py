"""Mail that we send: what waits to leave, and the texts that are written again and again."""

from __future__ import annotations

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from activities.models import Outgoing
from automation.models.mailbox import Mailbox
from automation.models.message import Message
from workspaces.tenant import MemberForeignKey, TenantForeignKey, TenantModel


class Sending(Outgoing):
    """A message on its way out, in the one outbox of mail. It can be called back until a worker has claimed it."""

    class State(models.TextChoices):
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        FAILED = "failed", "Not sent"
        CANCELLED = "cancelled", "Called back"

    message = TenantForeignKey(Message, models.CASCADE, related_name="sendings", db_index=False)
    mailbox = TenantForeignKey(Mailbox, models.SET_NULL, null=True, blank=True, related_name="sendings", db_index=False)
    by = MemberForeignKey(help_text="In whose name it goes out.")
    reply_to = models.CharField(max_length=320, editable=False)
    opt_out = models.URLField(
        max_length=500, blank=True, editable=False, help_text="Where its reader stops such mails."
    )
    copied = ArrayField(models.EmailField(max_length=254), default=list, blank=True, help_text="Whom of them by Cc.")
    answered = TenantForeignKey(
        Message,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="What its sender is through with by it.",
    )
    queued_at = models.DateTimeField(default=timezone.now, editable=False)
    cancelled_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "message"], name="sending_once")]
        indexes = [
            models.Index(fields=["next_try_at"], name="sending_try", condition=Q(next_try_at__isnull=False)),
            models.Index(fields=["workspace", "mailbox", "queued_at"], name="sending_pace"),
            models.Index(
                fields=["workspace", "answered"], name="sending_answered", condition=Q(answered__isnull=False)
            ),
        ]

    def __str__(self):
        return str(self.message)

    @property
    def state(self) -> State:
        if self.cancelled_at:
            return self.State.CANCELLED
        if self.sent_at:
            return self.State.SENT
        return self.State.SENDING if self.next_try_at else self.State.FAILED

    def settled(self) -> None:
        """Its line of the timeline says how it is with it."""
        line = self.message.line
        if line is None:
            return
        line.data |= {"sending": self.state, "problem": self.problem if self.state != self.State.SENT else ""}
        line.undone_at = self.cancelled_at
        line.save(update_fields=["data", "undone_at"])


class TemplateQuerySet(models.QuerySet):
    def offered(self) -> TemplateQuerySet:
        return self.filter(archived_at=None)


@pghistory.track(exclude=["version"])
class MailTemplate(TenantModel):
    """A text with flat placeholders (automation/placeholders.py). Archived, never deleted: campaigns have sent it."""

    name = models.CharField(max_length=120)
    subject = models.CharField(max_length=250, blank=True)
    body = models.TextField()
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = TemplateQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"], condition=Q(archived_at=None), name="mail_template_once"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="mail_template_named"),
        ]

    def __str__(self):
        return self.name
