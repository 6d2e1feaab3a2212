"""What is aimed at, and what a manager makes of the forecast."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import Q
from django.urls import reverse

from workspaces.models import Team
from workspaces.tenant import MemberForeignKey, TenantForeignKey, TenantModel


class Scope(models.TextChoices):
    WORKSPACE = "workspace", "Everybody"
    TEAM = "team", "Team"
    MEMBER = "member", "Member"


# Exactly what the scope names is set.
OF_SCOPE = (
    Q(scope=Scope.WORKSPACE, team=None, member=None)
    | Q(scope=Scope.TEAM, team__isnull=False, member=None)
    | Q(scope=Scope.MEMBER, team=None, member__isnull=False)
)


@pghistory.track()
class Goal(TenantModel):
    """A target for each month, quarter or year from `first` on, until the next goal of the same kind takes over."""

    class Period(models.TextChoices):
        MONTH = "month", "Month"
        QUARTER = "quarter", "Quarter"
        YEAR = "year", "Year"

    class Metric(models.TextChoices):
        REVENUE = "revenue", "Revenue won"
        DEALS = "deals", "Deals won"
        ACTIVITIES = "activities", "Activities"

    scope = models.CharField(max_length=9, choices=Scope, default=Scope.WORKSPACE)
    team = TenantForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="+")
    member = MemberForeignKey(null=True, blank=True)
    period = models.CharField(max_length=7, choices=Period, default=Period.MONTH)
    metric = models.CharField(max_length=10, choices=Metric, default=Metric.REVENUE)
    first = models.DateField(help_text="The first day of the first period it is for.")
    target = models.DecimalField(
        max_digits=14, decimal_places=2, help_text="Money in the workspace's currency, or a number; 0 ends the goal."
    )

    class Meta:
        ordering = ["scope", "metric", "period", "-first"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "scope", "team", "member", "metric", "period", "first"],
                name="goal_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=OF_SCOPE, name="goal_scope"),
            models.CheckConstraint(condition=Q(target__gte=0), name="goal_target"),
        ]

    def __str__(self):
        return f"{self.get_metric_display()} a {self.period} from {self.first}"

    def get_absolute_url(self):
        return reverse("goal_list")


@pghistory.track()
class Adjustment(TenantModel):
    """What a manager expects of a month instead of what the categories add up to, and why."""

    scope = models.CharField(max_length=9, choices=Scope, default=Scope.WORKSPACE)
    team = TenantForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="+")
    member = MemberForeignKey(null=True, blank=True)
    month = models.DateField(help_text="Its first day.")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    note = models.TextField()
    by = MemberForeignKey(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "scope", "team", "member", "month"], name="adjustment_once", nulls_distinct=False
            ),
            models.CheckConstraint(condition=OF_SCOPE, name="adjustment_scope"),
            models.CheckConstraint(condition=~Q(note=""), name="adjustment_note"),
        ]

    def __str__(self):
        return f"{self.month}: {self.amount}"
