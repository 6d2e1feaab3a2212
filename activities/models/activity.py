"""The lines of a timeline."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from activities import triggers
from activities.models.about import HAS_SUBJECT, About, Door, subject_indexes
from workspaces.dates import within_years
from workspaces.tenant import MemberForeignKey, TenantForeignKey, workspace_key


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

    class MeetingOutcome(models.TextChoices):
        HELD = "held", "Took place"
        NO_SHOW = "no_show", "Nobody came"
        PUT_OFF = "put_off", "Put off"
        CALLED_OFF = "called_off", "Called off"

    workspace = workspace_key("activities")
    kind = models.CharField(max_length=14, choices=Kind)
    actor = MemberForeignKey(null=True, blank=True)
    door = models.CharField(max_length=10, choices=Door, default=Door.WEB)
    at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(
        null=True, blank=True, help_text="Taken back since: it is still shown, but counts for nothing."
    )
    body = models.TextField(blank=True)
    outcome = models.CharField(max_length=14, choices=[*Outcome.choices, *MeetingOutcome.choices], blank=True)
    minutes = models.PositiveIntegerField(null=True, blank=True)
    data = models.JSONField(default=dict, blank=True)
    note = TenantForeignKey("activities.Note", models.CASCADE, null=True, blank=True, related_name="+", db_index=False)
    task = TenantForeignKey("activities.Task", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)

    tries_left = models.PositiveSmallIntegerField(
        default=0, editable=False, help_text="How often to try yet to hand it on to who waits for it (outbox.py)."
    )

    class Meta:
        verbose_name_plural = "activities"
        indexes = [
            *subject_indexes("activity", "-at", "-id"),
            models.Index(fields=["workspace", "-at", "-id"], name="activity_recent"),
            models.Index(fields=["workspace", "id"], name="activity_pending", condition=models.Q(tries_left__gt=0)),
        ]
        constraints = [
            models.CheckConstraint(condition=HAS_SUBJECT, name="activity_has_subject"),
            *within_years("activity", "at"),
        ]
        triggers = triggers.LAST_ACTIVITY

    def __str__(self):
        return self.get_kind_display()

    @property
    def is_logged(self) -> bool:
        """Written down by hand by whom it happened to; what was planned before is a task."""
        kinds = (self.Kind.CALL, self.Kind.MEETING, self.Kind.EMAIL_OUT, self.Kind.EMAIL_IN)
        return self.kind in kinds and self.door == Door.WEB and self.task_id is None and "message" not in self.data
