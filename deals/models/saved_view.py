"""The list of deals as somebody likes to see it, kept under a name."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone

from workspaces.tenant import MemberForeignKey, TenantModel


@pghistory.track()
class SavedView(TenantModel):
    """Filter, tab, sort and columns, as they stand in the address of the list."""

    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000)
    owner = MemberForeignKey()
    shared = models.BooleanField("shared with everybody", default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "owner", "name"], condition=Q(deleted_at=None), name="saved_view_once"
            )
        ]

    def __str__(self):
        return self.name
