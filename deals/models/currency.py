"""What other currencies are worth."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import Q
from django.urls import reverse

from workspaces.tenant import TenantModel


@pghistory.track()
class CurrencyRate(TenantModel):
    """From `day` on (UTC) a unit of `currency` is worth `rate` units of the workspace's own."""

    currency = models.CharField(max_length=3)
    day = models.DateField()
    rate = models.DecimalField(max_digits=18, decimal_places=12)

    class Meta:
        ordering = ["currency", "-day"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "currency", "day"], name="currency_rate_once"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="currency_rate_positive"),
        ]

    def __str__(self):
        return f"{self.currency}, {self.day}"

    def get_absolute_url(self):
        return reverse("currency_list")
