"""What is sold, and what of it a deal is about."""

from __future__ import annotations

from decimal import Decimal

import pghistory
from django.db import models
from django.db.models import Q

from deals.models.deal import Deal
from deals.pricing import line_total
from workspaces.tenant import TenantForeignKey, TenantModel

MOST = Decimal(10**12)


@pghistory.track()
class Product(TenantModel):
    """Something in the price list. What is no longer sold is not active: old deals keep it, new lines do not offer it."""

    name = models.CharField(max_length=120)
    code = models.CharField(max_length=40, blank=True)
    unit_price = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="product_once"),
            models.UniqueConstraint(fields=["workspace", "code"], condition=~Q(code=""), name="product_code_once"),
            models.CheckConstraint(condition=~Q(name=""), name="product_named"),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="product_price_positive"),
        ]

    def __str__(self):
        return self.name


@pghistory.track()
class LineItem(TenantModel):
    """One line of a deal, in the deal's currency. It keeps its name and price whatever becomes of the product."""

    deal = TenantForeignKey(Deal, models.CASCADE, related_name="items", db_index=False)
    product = TenantForeignKey(Product, models.SET_NULL, null=True, blank=True, related_name="items")
    name = models.CharField(max_length=200)
    quantity = models.DecimalField(max_digits=12, decimal_places=3, default=Decimal(1))
    unit_price = models.DecimalField(max_digits=14, decimal_places=2)
    discount = models.DecimalField(max_digits=5, decimal_places=2, default=Decimal(0), help_text="Percent.")
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        indexes = [models.Index(fields=["workspace", "deal", "position"], name="line_item_deal")]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="line_item_named"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="line_item_quantity"),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="line_item_price"),
            models.CheckConstraint(condition=Q(discount__range=(0, 100)), name="line_item_discount"),
        ]

    def __str__(self):
        return self.name

    @property
    def total(self) -> Decimal:
        return line_total(self.quantity, self.unit_price, self.discount, self.deal.currency)
