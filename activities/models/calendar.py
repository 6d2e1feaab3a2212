"""Calendars elsewhere: the address from which one reads a member's tasks, and who is asked to a meeting."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone

from activities.models.outgoing import Outgoing
from activities.models.task import Task
from workspaces.tenant import MemberForeignKey, TenantForeignKey, TenantModel


@pghistory.track()
class CalendarFeed(TenantModel):
    """A member's secret address: its token is shown once, and kept as a hash. Without a row there is none."""

    user = MemberForeignKey(db_index=False)
    token_hash = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "user"], name="calendar_feed_once")]
        # Not unique over all workspaces: that two random tokens are the same need not be ruled out.
        indexes = [models.Index(fields=["token_hash"], name="calendar_feed_token")]

    def __str__(self):
        return f"Calendar of {self.user}"


@pghistory.track(exclude=["due_version", "sent_version", "attempts", "next_try_at", "sent_at", "problem"])
class Attendee(Outgoing):
    """Somebody who is asked to a meeting. They are to know its version `due_version`, and were mailed `sent_version`. One who `is_off` is told that the meeting, or their part in it, is cancelled."""

    class Answer(models.TextChoices):
        NONE = "", "No answer yet"
        ACCEPTED = "accepted", "Accepted"
        TENTATIVE = "tentative", "Perhaps"
        DECLINED = "declined", "Declined"

    task = TenantForeignKey(Task, models.CASCADE, related_name="attendees", db_index=False)
    contact = TenantForeignKey("leads.Contact", models.SET_NULL, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField()
    answer = models.CharField(max_length=9, choices=Answer, blank=True)
    is_off = models.BooleanField(default=False)
    due_version = models.PositiveIntegerField()
    sent_version = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "task", "email"], name="attendee_once")]
        indexes = [
            models.Index(fields=["next_try_at"], name="attendee_try", condition=Q(next_try_at__isnull=False)),
        ]

    def __str__(self):
        return self.name or self.email

    @property
    def is_given_up(self) -> bool:
        return bool(self.problem) and self.next_try_at is None

    def taken(self, claimed: Outgoing) -> None:
        self.sent_version = max(self.sent_version, claimed.due_version)
        if self.due_version == claimed.due_version:  # else it changed while it was sent, and waits again
            super().taken(claimed)
