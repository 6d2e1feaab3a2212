"""Tasks."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pghistory
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.utils import timezone

from activities import triggers
from activities.models.about import HAS_SUBJECT, About, subject_indexes
from workspaces.access import visible_owners
from workspaces.dates import within_years
from workspaces.models import Membership
from workspaces.tenant import MemberForeignKey, TenantForeignKey


class TaskQuerySet(models.QuerySet):
    def open(self) -> TaskQuerySet:
        return self.filter(status="open")

    def of(self, member: Membership) -> TaskQuerySet:
        """What is this member's to do: seen by them whatever it is about, for who is to do a thing must know of it.
        What it is about stays hidden from who may not see that (`subject_for`)."""
        return self.filter(workspace_id=member.workspace_id, assignee_id=member.user_id, deal__deleted_at=None)

    def visible_to(self, member: Membership) -> TaskQuerySet:
        """One's own, and those about what one may see. A task about nothing is seen by who does it and who made it."""
        mine = Q(assignee_id=member.user_id)
        others = HAS_SUBJECT | Q(created_by_id=member.user_id)
        owners = visible_owners(member)
        if owners is not None:
            others &= Q(deal=None) | Q(deal__owner_id__in=owners)
            others &= Q(lead=None) | Q(lead__owner_id__in=owners)
        return self.filter(mine | others, workspace_id=member.workspace_id, deal__deleted_at=None)


@pghistory.track(exclude=["changed_at", "follows", "reminded_at", "uid"])
class Task(About):
    """Something to do, by somebody, by some time. One of the type meeting is a meeting planned ahead.

    What is due on a day (`due_on`) is due on that day wherever its reader lives; what is due at a time has `due_at` alone.
    """

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
        WEEKDAYS = "weekdays", "Every weekday"
        WEEKLY = "weekly", "Every week"
        MONTHLY = "monthly", "Every month"

    class Remind(models.TextChoices):
        """Before a task that is due on a day without a time, nine o'clock of that day counts as its time."""

        NEVER = "", "No reminder"
        AT_TIME = "at", "When it is due"
        MINUTES = "10m", "10 minutes before"
        HOUR = "1h", "1 hour before"
        DAY = "1d", "1 day before"
        MORNING = "9am", "At 9:00 that day"

    title = models.CharField(max_length=200)
    type = models.CharField(max_length=7, choices=Type, default=Type.TODO)
    due_on = models.DateField(null=True, blank=True, help_text="A day without a time.")
    due_at = models.DateTimeField(
        null=True, blank=True, help_text="With a day alone: the end of that day in the assignee's zone."
    )
    minutes = models.PositiveSmallIntegerField(null=True, blank=True, help_text="How long a meeting takes.")
    place = models.CharField(max_length=300, blank=True, help_text="Where a meeting is held: an address or a link.")
    priority = models.SmallIntegerField(choices=Priority, default=Priority.NORMAL)
    assignee = MemberForeignKey(null=True, blank=True)
    status = models.CharField(max_length=9, choices=Status, default=Status.OPEN)
    done_at = models.DateTimeField(null=True, blank=True)
    remind = models.CharField("reminder", max_length=3, choices=Remind, blank=True)
    remind_at = models.DateTimeField(null=True, blank=True, editable=False)
    reminded_at = models.DateTimeField(null=True, blank=True, editable=False)
    repeat = models.CharField(max_length=8, choices=Repeat, blank=True)
    repeat_from = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Day and clock of the first of a series, written as if in UTC."
    )
    repeat_on = models.DateField(
        null=True, blank=True, editable=False, help_text="Its day in the series, wherever it was moved since."
    )
    follows = TenantForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="+", db_index=False
    )
    # By this name it is known in calendars elsewhere.
    uid = models.UUIDField(default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    why = models.CharField(
        max_length=200, blank=True, editable=False, help_text="Where no person planned it: by what it is there."
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    created_by = MemberForeignKey(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = TaskQuerySet.as_manager()

    class Meta:
        indexes = [
            *subject_indexes("task", "due_at", status="open"),
            models.Index(
                fields=["workspace", "deal", "-done_at"], name="task_of_deal", condition=Q(deal__isnull=False)
            ),
            models.Index(fields=["workspace", "assignee", "due_at"], name="task_assignee", condition=Q(status="open")),
            # The list of everybody's tasks, and what was done or cancelled last.
            models.Index(fields=["workspace", "due_at", "id"], name="task_due", condition=Q(status="open")),
            models.Index(
                fields=["workspace", "status", "changed_at", "id"], name="task_closed", condition=~Q(status="open")
            ),
            models.Index(
                fields=["workspace", "assignee", "status", "changed_at", "id"],
                name="task_closed_own",
                condition=~Q(status="open"),
            ),
            models.Index(
                fields=["remind_at"],
                name="task_remind",
                condition=Q(status="open", reminded_at=None, remind_at__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=HAS_SUBJECT | Q(assignee__isnull=False) | Q(created_by__isnull=False),
                name="task_has_somebody",
            ),
            models.CheckConstraint(condition=Q(due_on=None) | Q(due_at__isnull=False), name="task_due_day"),
            models.CheckConstraint(
                condition=Q(repeat="") | Q(repeat_from__isnull=False, repeat_on__isnull=False), name="task_repeat_from"
            ),
            models.UniqueConstraint(
                fields=["workspace", "follows"], condition=Q(follows__isnull=False), name="task_follows_once"
            ),
            models.UniqueConstraint(fields=["workspace", "uid"], name="task_uid_once"),
            models.CheckConstraint(
                condition=Q(status="done", done_at__isnull=False) | ~Q(status="done") & Q(done_at=None),
                name="task_done_at",
            ),
            *within_years("task", "due_at", "remind_at", "repeat_from"),
            *within_years("task", "due_on", "repeat_on", time=False),
        ]
        triggers = triggers.NEXT_ACTIVITY + triggers.PLANNED

    def __str__(self):
        return self.title

    @property
    def ends_at(self) -> datetime | None:
        """Of what is due at a time; without a length it takes half an hour."""
        return None if self.due_at is None else self.due_at + timedelta(minutes=self.minutes or 30)
