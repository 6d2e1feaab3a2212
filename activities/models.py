"""What was done and what is to do, for deals, leads, contacts and companies alike (domain.md section 4).

This app stands below leads and deals: it knows them by string foreign keys only.
"""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone

from activities import triggers
from workspaces.dates import within_years
from workspaces.tenant import MemberForeignKey, TenantForeignKey, TenantModel, workspace_key


class Door(models.TextChoices):
    """Where a change came from."""

    WEB = "web", "Web"
    ADMIN = "admin", "Admin"
    API = "api", "API"
    IMPORT = "import", "Import"
    AUTOMATION = "automation", "Automation"
    CONNECTOR = "connector", "Connector"
    SYSTEM = "system", "System"


SUBJECTS = {"deal": "deals.Deal", "lead": "leads.Lead", "contact": "leads.Contact", "company": "leads.Company"}
HAS_SUBJECT = Q(deal__isnull=False) | Q(lead__isnull=False) | Q(contact__isnull=False) | Q(company__isnull=False)


class About(TenantModel):
    """Something about a deal, lead, contact or company."""

    deal = TenantForeignKey(
        "deals.Deal", models.CASCADE, null=True, blank=True, related_name="%(class)ss", db_index=False
    )
    lead = TenantForeignKey(
        "leads.Lead", models.CASCADE, null=True, blank=True, related_name="%(class)ss", db_index=False
    )
    contact = TenantForeignKey(
        "leads.Contact", models.CASCADE, null=True, blank=True, related_name="%(class)ss", db_index=False
    )
    company = TenantForeignKey(
        "leads.Company", models.CASCADE, null=True, blank=True, related_name="%(class)ss", db_index=False
    )

    class Meta:
        abstract = True

    @property
    def subject(self) -> models.Model | None:
        return self.deal or self.lead or self.contact or self.company


def subject_indexes(name: str, *columns: str, **only: object) -> list[models.Index]:
    """One narrow index per kind of subject, led by the workspace."""
    return [
        models.Index(
            fields=["workspace", subject, *columns],
            name=f"{name}_{subject}",
            condition=Q(**only, **{f"{subject}__isnull": False}),
        )
        for subject in SUBJECTS
    ]


class Activity(About):
    """One line of a timeline."""

    class Kind(models.TextChoices):
        CALL = "call", "Call"
        EMAIL_IN = "email_in", "Email received"
        EMAIL_OUT = "email_out", "Email sent"
        MEETING = "meeting", "Meeting"
        NOTE = "note", "Note"
        TASK_DONE = "task_done", "Task done"
        TASK_CANCELLED = "task_cancelled", "Task cancelled"
        STAGE_CHANGE = "stage_change", "Stage change"
        DEAL_CREATED = "deal_created", "Deal created"
        LEAD_CREATED = "lead_created", "Lead created"
        LEAD_CONVERTED = "lead_converted", "Lead converted"
        FIELD_CHANGE = "field_change", "Change"
        UNDO = "undo", "Taken back"
        SYSTEM = "system", "System"

    class Outcome(models.TextChoices):
        """Of a call (domain.md section 4)."""

        CONNECTED = "connected", "Connected"
        VOICEMAIL = "voicemail", "Left voicemail"
        NO_ANSWER = "no_answer", "No answer"
        BUSY = "busy", "Busy"
        WRONG_NUMBER = "wrong_number", "Wrong number"
        GATEKEEPER = "gatekeeper", "Gatekeeper"
        CALLBACK = "callback", "Callback requested"
        MEETING_BOOKED = "meeting_booked", "Meeting booked"
        NOT_INTERESTED = "not_interested", "Not interested"

    workspace = workspace_key("activities")
    kind = models.CharField(max_length=14, choices=Kind)
    actor = MemberForeignKey(null=True, blank=True)
    door = models.CharField(max_length=10, choices=Door, default=Door.WEB)
    at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(
        null=True, blank=True, help_text="Taken back since: it is still shown, but counts for nothing."
    )
    body = models.TextField(blank=True)
    outcome = models.CharField(max_length=14, choices=Outcome, blank=True)
    minutes = models.PositiveIntegerField(null=True, blank=True)
    data = models.JSONField(default=dict, blank=True)
    note = TenantForeignKey("activities.Note", models.CASCADE, null=True, blank=True, related_name="+", db_index=False)
    task = TenantForeignKey("activities.Task", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)

    class Meta:
        verbose_name_plural = "activities"
        indexes = [
            *subject_indexes("activity", "-at", "-id"),
            models.Index(fields=["workspace", "-at", "-id"], name="activity_recent"),
        ]
        constraints = [
            models.CheckConstraint(condition=HAS_SUBJECT, name="activity_has_subject"),
            *within_years("activity", "at"),
        ]
        triggers = triggers.LAST_ACTIVITY

    def __str__(self):
        return self.get_kind_display()


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
    version = models.PositiveIntegerField(default=1, editable=False)
    created_by = MemberForeignKey(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [
            *subject_indexes("task", "due_at", status="open"),
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


@pghistory.track()
class Note(About):
    """Text that a person wrote; it may be edited, and the audit trail keeps what it said."""

    body = models.TextField()
    author = MemberForeignKey(null=True, blank=True)
    pinned = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    edited_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=HAS_SUBJECT, name="note_has_subject")]
        indexes = subject_indexes("note")

    def __str__(self):
        return self.body[:80]
