"""Notes."""

from __future__ import annotations

import pghistory
from django.db import models
from django.utils import timezone

from activities.mentions import parts
from activities.models.about import HAS_SUBJECT, About, subject_indexes
from workspaces.tenant import MemberForeignKey, TenantForeignKey, TenantModel


class LiveNotes(models.Manager):
    """Notes that were not deleted."""

    def get_queryset(self) -> models.QuerySet:
        return super().get_queryset().filter(deleted_at=None)


@pghistory.track()
class Note(About):
    """Text that a person wrote; it may be edited, and the audit trail keeps what it said."""

    body = models.TextField()
    author = MemberForeignKey(null=True, blank=True)
    pinned = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = LiveNotes()
    all_objects = models.Manager()

    class Meta:
        base_manager_name = "all_objects"
        constraints = [models.CheckConstraint(condition=HAS_SUBJECT, name="note_has_subject")]
        indexes = subject_indexes("note")

    def __str__(self):
        return self.body[:80]

    @property
    def edition(self) -> str:
        """Another one after every change of the text."""
        return self.edited_at.isoformat() if self.edited_at else ""

    @property
    def parts(self) -> list[tuple[str, models.Model | None]]:
        """Text and, between it, whom it names: [("Ask ", None), ("Bob Brown", user)]."""
        return parts(self.body, self.mentions.all()) if "@" in self.body else [(self.body, None)]


class Mention(TenantModel):
    """A member named in a note. The note keeps "@" and `text`; who that is now, this row says, whatever they are called."""

    note = TenantForeignKey(Note, models.CASCADE, related_name="mentions", db_index=False)
    user = MemberForeignKey(db_index=False)
    text = models.CharField(max_length=254)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "note", "user"], name="mention_once")]

    def __str__(self):
        return f"@{self.text}"
