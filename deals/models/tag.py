"""Words that people hang on deals."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models.functions import Lower

from deals.models.deal import Deal
from workspaces.tenant import TenantForeignKey, TenantModel


@pghistory.track()
class Tag(TenantModel):
    name = models.CharField(max_length=40)

    class Meta:
        ordering = [Lower("name")]
        constraints = [models.UniqueConstraint("workspace", Lower("name"), name="tag_once")]

    def __str__(self):
        return self.name


@pghistory.track()
class DealTag(TenantModel):
    deal = TenantForeignKey(Deal, models.CASCADE, related_name="tag_links", db_index=False)
    tag = TenantForeignKey(Tag, models.CASCADE, related_name="deal_links", db_index=False)

    class Meta:
        indexes = [models.Index(fields=["workspace", "tag", "deal"], name="deal_tag_of")]
        constraints = [models.UniqueConstraint(fields=["workspace", "deal", "tag"], name="deal_tag_once")]

    def __str__(self):
        return f"{self.deal_id}: {self.tag_id}"
