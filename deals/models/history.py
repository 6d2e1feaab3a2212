"""The way of each deal through the stages."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from activities.models import Door
from deals.models.deal import Deal
from deals.models.pipeline import Stage
from workspaces.tenant import MemberForeignKey, TenantForeignKey, TenantModel


class StageEvent(TenantModel):
    """A deal left one stage for another. Append-only: time in a stage is left_at - entered_at of the event that left it."""

    append_only = True

    deal = TenantForeignKey(Deal, models.DO_NOTHING, related_name="stage_events", db_index=False)
    from_stage = TenantForeignKey(
        Stage, models.PROTECT, null=True, related_name="+", db_index=False, help_text="None: the deal was created."
    )
    to_stage = TenantForeignKey(Stage, models.PROTECT, related_name="+", db_index=False)
    by = MemberForeignKey(null=True)
    door = models.CharField(max_length=10, choices=Door)
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    probability = models.PositiveSmallIntegerField()
    entered_at = models.DateTimeField(null=True, help_text="When the deal had entered from_stage.")
    left_at = models.DateTimeField(help_text="When it left from_stage and entered to_stage.")
    # What an undo restores, and the version it must still find.
    before = models.JSONField(default=dict)
    version = models.PositiveIntegerField(help_text="The deal's version after the change.")
    undoes = TenantForeignKey("self", models.DO_NOTHING, null=True, related_name="+", db_index=False)

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "deal", "-left_at", "-id"], name="stage_event_deal"),
            models.Index(fields=["workspace", "to_stage", "left_at"], name="stage_event_reached"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "undoes"], condition=Q(undoes__isnull=False), name="stage_event_undone_once"
            )
        ]

    def __str__(self):
        return f"{self.deal_id}: {self.from_stage_id} → {self.to_stage_id}"
