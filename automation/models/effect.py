"""What was done because of a message, one row each, so that each can be taken back."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from activities.models import Task
from automation.models.message import Kept, Message
from deals.models import StageEvent
from workspaces.tenant import MemberForeignKey, TenantForeignKey


class Effect(Kept):
    class Kind(models.TextChoices):
        LEAD_CREATED = "lead_created", "Lead created"
        LEAD_CHANGED = "lead_changed", "Lead changed"
        DEAL_CREATED = "deal_created", "Deal created"
        DEAL_MOVED = "deal_moved", "Deal moved"
        TASK = "task", "Task planned"
        MEETING = "meeting", "Meeting changed"
        WAITS = "waits", "Follow-ups wait"
        SUPPRESSED = "suppressed", "No more mail"
        SUGGESTED = "suggested", "Suggestion"

    message = TenantForeignKey(Message, models.CASCADE, related_name="effects")
    kind = models.CharField(max_length=12, choices=Kind)
    said = models.CharField(max_length=300, help_text="In words, for people.")
    is_done = models.BooleanField(default=True)
    problem = models.CharField(max_length=300, blank=True, help_text="Why it was not done.")
    task = TenantForeignKey(Task, models.SET_NULL, null=True, blank=True, related_name="+")
    event = TenantForeignKey(StageEvent, models.SET_NULL, null=True, blank=True, related_name="+")
    before = models.JSONField(default=dict, blank=True, help_text="What an undo restores.")
    at = models.DateTimeField(default=timezone.now, editable=False)
    by = MemberForeignKey(null=True, blank=True, help_text="Empty: done without asking.")
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = MemberForeignKey(null=True, blank=True)

    class Meta:
        constraints = [
            # Whatever is retried: a message does each thing once, until a person takes it back.
            models.UniqueConstraint(
                fields=["workspace", "message", "kind", "lead"],
                condition=Q(undone_at=None),
                nulls_distinct=False,
                name="effect_once",
            ),
        ]

    def __str__(self):
        return self.said

    @property
    def is_undoable(self) -> bool:
        """What is suggested was not done; a meeting of theirs is where they put it."""
        return self.undone_at is None and self.is_done and self.kind not in (self.Kind.SUGGESTED, self.Kind.MEETING)
