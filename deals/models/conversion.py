"""Leads that became deals."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone

from deals.models.deal import Deal
from leads.models import Lead
from workspaces.tenant import MemberForeignKey, TenantForeignKey, TenantModel


@pghistory.track()
class Conversion(TenantModel):
    """A lead became a deal. A lead has at most one that stands: that is what makes converting happen once."""

    lead = TenantForeignKey(Lead, models.CASCADE, related_name="conversions")
    deal = TenantForeignKey(
        Deal, models.SET_NULL, null=True, related_name="conversions", help_text="None: it was deleted for good."
    )
    is_new_deal = models.BooleanField(help_text="Made for this lead; else the lead was added to a deal that was there.")
    by = MemberForeignKey(null=True)
    at = models.DateTimeField(default=timezone.now)
    # What an undo restores, and the version of the deal that it must still find.
    before = models.JSONField(default=dict)
    version = models.PositiveIntegerField(help_text="The deal's version after the conversion.")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "lead"], condition=Q(undone_at=None), name="conversion_stands_once"
            )
        ]

    def __str__(self):
        return f"{self.lead_id} → {self.deal_id}"
