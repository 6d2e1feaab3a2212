"""Tasks."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone

from activities import triggers
from activities.models.about import HAS_SUBJECT, About, subject_indexes
from workspaces.dates import within_years
from workspaces.tenant import MemberForeignKey


@pghistory.track()
class Task(About):
    """Something to do, by somebody, by some time."""

    class Type(models.TextChoices):
        TODO = "todo", "To-do"
        CALL = "call", "Call"
        EMAIL = "email", "Email"
        MEETING = "meeting", "Meeting"

    class Priority(models.IntegerChoices):
        LOW = 0, "Low"
        NORMAL = 1, "Normal"
        HIGH = 2, "High"

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Cancelled"

    class Repeat(models.TextChoices):
        NEVER = "", "Does not repeat"
        DAILY = "daily", "Every day"
        WEEKLY = "weekly", "Every week"
        MONTHLY = "monthly", "Every month"

    title = models.CharField(max_length=200)
    type = models.CharField(max_length=7, choices=Type, default=Type.TODO)
    due_at = models.DateTimeField(
        null=True, blank=True, help_text="With due_all_day: the end of that day in the assignee's zone."
    )
    due_all_day = models.BooleanField(default=True)
    priority = models.SmallIntegerField(choices=Priority, default=Priority.NORMAL)
    assignee = MemberForeignKey(null=True, blank=True)
    status = models.CharField(max_length=9, choices=Status, default=Status.OPEN)
    done_at = models.DateTimeField(null=True, blank=True)
    remind_at = models.DateTimeField(null=True, blank=True)
    repeat = models.CharField(max_length=7, choices=Repeat, blank=True)
    why = models.CharField(
        max_length=200, blank=True, editable=False, help_text="Where no person planned it: by what it is there."
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    created_by = MemberForeignKey(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [
            *subject_indexes("task", "due_at", status="open"),
            models.Index(
                fields=["workspace", "deal", "-done_at"], name="task_of_deal", condition=Q(deal__isnull=False)
            ),
            models.Index(fields=["workspace", "assignee", "due_at"], name="task_assignee", condition=Q(status="open")),
        ]
        constraints = [
            models.CheckConstraint(condition=HAS_SUBJECT, name="task_has_subject"),
            models.CheckConstraint(
                condition=Q(status="done", done_at__isnull=False) | ~Q(status="done") & Q(done_at=None),
                name="task_done_at",
            ),
            *within_years("task", "due_at", "remind_at"),
        ]
        triggers = triggers.NEXT_ACTIVITY

    def __str__(self):
        return self.title
