"""Sums that triggers keep (deals/triggers.py). Amounts are in the workspace's currency; `converted` deals came into it by a rate."""

from __future__ import annotations

from django.db import models

from deals.models.pipeline import Kind, Pipeline, Stage
from workspaces.tenant import MemberForeignKey, TenantForeignKey, TenantModel


class StageTotal(TenantModel):
    """Open deals of a stage per owner; kept by triggers on deals, read by the board's heads. Never written from Python."""

    stage = TenantForeignKey(Stage, models.CASCADE, related_name="totals", db_index=False)
    owner = MemberForeignKey(db_index=False)
    deals = models.IntegerField(default=0)
    converted = models.IntegerField(default=0, db_default=0)
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
    converted = models.IntegerField(default=0, db_default=0)
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
    converted = models.IntegerField(default=0, db_default=0)
    seconds = models.BigIntegerField(default=0, db_default=0, help_text="From creation to close, of all of them.")
    amount = models.DecimalField(max_digits=20, decimal_places=2, default=0)

    class Meta:
        constraints = [
            # The day before the owner: sums of the last 30 days read one range.
            models.UniqueConstraint(fields=["workspace", "stage", "day", "owner"], name="closed_day_once")
        ]

    def __str__(self):
        return f"{self.stage_id}/{self.owner_id}/{self.day}: {self.deals}"


class ForecastTotal(TenantModel):
    """Open deals per month of the expected close date (its first day; None: no date), stage and owner, by the category
    that they themselves say ("" for most) and the band of their probability (forecast.py). Kept like StageTotal."""

    month = models.DateField(null=True)
    stage = TenantForeignKey(Stage, models.CASCADE, related_name="+", db_index=False)
    owner = MemberForeignKey(db_index=False)
    said = models.CharField(max_length=9)
    band = models.CharField(max_length=9)
    deals = models.IntegerField(default=0)
    converted = models.IntegerField(default=0, db_default=0)
    amount = models.DecimalField(max_digits=20, decimal_places=2, default=0)
    weighted = models.DecimalField(max_digits=22, decimal_places=4, default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "month", "stage", "owner", "said", "band"],
                name="forecast_total_once",
                nulls_distinct=False,
            )
        ]

    def __str__(self):
        return f"{self.month}/{self.stage_id}/{self.owner_id}: {self.deals}"


class CreatedDay(TenantModel):
    """Deals of a pipeline per owner and day (UTC) of creation; kept like StageTotal."""

    pipeline = TenantForeignKey(Pipeline, models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    owner = MemberForeignKey(db_index=False)
    deals = models.IntegerField(default=0)
    amount = models.DecimalField(max_digits=20, decimal_places=2, default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "pipeline", "day", "owner"], name="created_day_once")
        ]

    def __str__(self):
        return f"{self.pipeline_id}/{self.owner_id}/{self.day}: {self.deals}"


class ReachedTotal(TenantModel):
    """Deals per furthest stage, month of creation (its first day, UTC), owner and status; kept like StageTotal."""

    stage = TenantForeignKey(Stage, models.CASCADE, related_name="+", db_index=False)
    month = models.DateField()
    owner = MemberForeignKey(db_index=False)
    status = models.CharField(max_length=4, choices=Kind)
    deals = models.IntegerField(default=0)
    amount = models.DecimalField(max_digits=20, decimal_places=2, default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "stage", "month", "owner", "status"], name="reached_total_once"
            )
        ]

    def __str__(self):
        return f"{self.stage_id}/{self.owner_id}/{self.month}: {self.deals}"
