"""Sums that triggers keep (deals/triggers.py)."""

from __future__ import annotations

from django.db import models

from deals.models.pipeline import Stage
from workspaces.tenant import MemberForeignKey, TenantForeignKey, TenantModel


class StageTotal(TenantModel):
    """Open deals of a stage per owner; kept by triggers on deals, read by the board's heads. Never written from Python."""

    stage = TenantForeignKey(Stage, models.CASCADE, related_name="totals", db_index=False)
    owner = MemberForeignKey(db_index=False)
    deals = models.IntegerField(default=0)
    amount = models.DecimalField(max_digits=20, decimal_places=2, default=0)
    weighted = models.DecimalField(max_digits=22, decimal_places=4, default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "stage", "owner"], name="stage_total_once")]

    def __str__(self):
        return f"{self.stage_id}/{self.owner_id}: {self.deals}"


class ClosedTotal(TenantModel):
    """Closed deals of a stage per owner and whole days from creation to close; kept by triggers on deals like StageTotal.

    The days are rounded: of them there are few, so that the median reads few rows. The mean is exact, from `seconds`.
    """

    stage = TenantForeignKey(Stage, models.CASCADE, related_name="+", db_index=False)
    owner = MemberForeignKey(db_index=False)
    days = models.IntegerField()
    deals = models.IntegerField(default=0)
    seconds = models.BigIntegerField(default=0, help_text="From creation to close, of all of them.")
    amount = models.DecimalField(max_digits=20, decimal_places=2, default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "stage", "owner", "days"], name="closed_total_once")
        ]

    def __str__(self):
        return f"{self.stage_id}/{self.owner_id}/{self.days}: {self.deals}"


class ClosedDay(TenantModel):
    """Deals of a stage per owner and day (UTC) of closing; kept by triggers on deals like StageTotal."""

    stage = TenantForeignKey(Stage, models.CASCADE, related_name="+", db_index=False)
    owner = MemberForeignKey(db_index=False)
    day = models.DateField()
    deals = models.IntegerField(default=0)
    amount = models.DecimalField(max_digits=20, decimal_places=2, default=0)

    class Meta:
        constraints = [
            # The day before the owner: sums of the last 30 days read one range.
            models.UniqueConstraint(fields=["workspace", "stage", "day", "owner"], name="closed_day_once")
        ]

    def __str__(self):
        return f"{self.stage_id}/{self.owner_id}/{self.day}: {self.deals}"
