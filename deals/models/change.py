"""What a deal was before a change, so that the change can be taken back; and changes of many deals as one."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from activities.models import Door
from deals.models.deal import Deal
from deals.models.history import StageEvent
from workspaces.tenant import MemberForeignKey, TenantForeignKey, TenantModel


class Verb(models.TextChoices):
    """What was done to a deal; how each is done to many and taken back is in actions/verbs.py."""

    EDIT = "edit", "Edit"
    MOVE = "move", "Move"
    TAG = "tag", "Tag"
    TASK = "task", "Next step"
    DELETE = "delete", "Delete"


class BulkChange(TenantModel):
    """One thing done to many deals by one person. Which deals, was settled when it began: its DealChanges."""

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        UNDOING = "undoing", "Being undone"
        UNDONE = "undone", "Undone"

    verb = models.CharField(max_length=6, choices=Verb)
    summary = models.CharField(max_length=200, help_text="In words, for people: Moved to Proposal.")
    facts = models.JSONField(default=dict, help_text="What the verb needs: the stage, the values.")
    count = models.PositiveIntegerField(help_text="Deals that were chosen.")
    state = models.CharField(max_length=7, choices=State, default=State.RUNNING)
    by = MemberForeignKey()
    door = models.CharField(max_length=10, choices=Door)
    at = models.DateTimeField(default=timezone.now)
    # When its last step was made: a run that stands still was lost by its worker.
    stepped_at = models.DateTimeField(default=timezone.now)
    undone_by = MemberForeignKey(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-at"], name="bulk_change_at"),
            models.Index(
                fields=["workspace", "stepped_at"],
                name="bulk_change_unfinished",
                condition=Q(state__in=("running", "undoing")),
            ),
        ]

    def __str__(self):
        return self.summary

    def get_absolute_url(self):
        return reverse("bulk_detail", args=[self.pk])

    @property
    def is_unfinished(self) -> bool:
        return self.state in (self.State.RUNNING, self.State.UNDOING)


class DealChange(TenantModel):
    """One change of one deal, alone or of a BulkChange: what it was before (`before`), and the version it then had.

    A move's before-image is its StageEvent. Kept for as long as a deal stays in the bin.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Done"
        SAME = "same", "Was so already"
        REFUSED = "refused", "Refused"
        UNDONE = "undone", "Undone"
        KEPT = "kept", "Not undone"

    bulk = TenantForeignKey(BulkChange, models.CASCADE, null=True, related_name="items", db_index=False)
    deal = TenantForeignKey(Deal, models.CASCADE, related_name="changes", db_index=False)
    verb = models.CharField(max_length=6, choices=Verb)
    state = models.CharField(max_length=7, choices=State, default=State.DONE)
    reason = models.CharField(max_length=500, blank=True, help_text="Why it was refused, or not undone.")
    before = models.JSONField(default=dict)
    event = TenantForeignKey(StageEvent, models.CASCADE, null=True, related_name="+", db_index=False)
    version = models.PositiveIntegerField(
        null=True, help_text="The deal's version after the change; none where it has none."
    )
    by = MemberForeignKey(db_index=False, null=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "deal", "version"], name="deal_change_version"),
            models.Index(fields=["workspace", "at"], name="deal_change_at"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "bulk", "deal"], name="deal_change_once", condition=Q(bulk__isnull=False)
            ),
        ]

    def __str__(self):
        return f"{self.deal_id}: {self.verb} ({self.state})"
