"""Files that belong to a record. Their bytes lie in the storage, outside of everything that is served."""

from __future__ import annotations

import pghistory
from django.db import models
from django.utils import timezone

from activities.models.about import HAS_SUBJECT, About, subject_indexes
from workspaces.tenant import MemberForeignKey


@pghistory.track()
class Attachment(About):
    """`path` is where the bytes lie in the storage: a random name in the workspace's own folder (files.py)."""

    name = models.CharField(max_length=200)
    path = models.CharField(max_length=120, editable=False)
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    sha256 = models.CharField(max_length=64, editable=False)
    author = MemberForeignKey(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=HAS_SUBJECT, name="attachment_has_subject"),
            models.UniqueConstraint(fields=["workspace", "path"], name="attachment_path_once"),
        ]
        indexes = [
            *subject_indexes("attachment", "-created_at", deleted_at=None),
            models.Index(fields=["deleted_at"], name="attachment_bin", condition=models.Q(deleted_at__isnull=False)),
        ]

    def __str__(self):
        return self.name
