"""Why deals are won or lost, in the workspace's own words."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import Q

from deals.models.pipeline import Kind, Live
from workspaces.tenant import TenantModel


@pghistory.track()
class CloseReason(TenantModel):
    """One that is offered when a deal is closed. The deal keeps the words, not the row."""

    kind = models.CharField(max_length=4, choices=Kind.choices[1:])
    label = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=0, editable=False)
    needs_note = models.BooleanField(default=False, help_text="Whoever chooses it must say more in a note.")
    version = models.PositiveIntegerField(default=1, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = Live()
    all_objects = models.Manager()

    class Meta:
        base_manager_name = "all_objects"
        ordering = ["kind", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "kind", "label"],
                name="close_reason_once",
                condition=Q(archived_at=None),
                violation_error_message="There is such a reason already.",
            ),
            models.CheckConstraint(condition=Q(kind__in=["won", "lost"]), name="close_reason_closes"),
            models.CheckConstraint(condition=~Q(label=""), name="close_reason_labelled"),
        ]

    def __str__(self):
        return self.label
