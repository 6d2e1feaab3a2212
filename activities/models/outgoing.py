"""What goes out by mail, and what became of it."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from workspaces.tenant import TenantModel


class Outgoing(TenantModel):
    """A row that waits for a mail while it has `next_try_at`; actions/mailing.py sends it."""

    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    next_try_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Empty once it was sent or given up."
    )
    sent_at = models.DateTimeField(null=True, blank=True, editable=False)
    problem = models.CharField(max_length=200, blank=True, editable=False, help_text="What the mail server said last.")

    class Meta:
        abstract = True

    def taken(self, claimed: Outgoing) -> None:
        """The mail server has it as it was when it was `claimed`."""
        self.sent_at, self.next_try_at, self.problem = timezone.now(), None, ""

    def settled(self) -> None:
        """What became of a try was saved; whoever shows it elsewhere writes it there."""
