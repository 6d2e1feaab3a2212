"""Notes."""

from __future__ import annotations

import pghistory
from django.db import models
from django.utils import timezone

from activities.models.about import HAS_SUBJECT, About, subject_indexes
from workspaces.tenant import MemberForeignKey


@pghistory.track()
class Note(About):
    """Text that a person wrote; it may be edited, and the audit trail keeps what it said."""

    body = models.TextField()
    author = MemberForeignKey(null=True, blank=True)
    pinned = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    edited_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=HAS_SUBJECT, name="note_has_subject")]
        indexes = subject_indexes("note")

    def __str__(self):
        return self.body[:80]
