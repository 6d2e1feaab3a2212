"""Where mail comes in."""

from __future__ import annotations

import pghistory
from django.db import models
from django.utils import timezone

from workspaces.tenant import MemberForeignKey, TenantModel, workspace_key


@pghistory.track()
class Mailbox(TenantModel):
    """An address that mail reaches us by; of one member, or of the whole workspace."""

    workspace = workspace_key("mailboxes")
    name = models.CharField(max_length=120)
    address = models.EmailField(max_length=254, blank=True, help_text="Whose mail it is; lower case.")
    owner = MemberForeignKey(null=True, blank=True, help_text="Empty: the workspace's.")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name_plural = "mailboxes"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="mailbox_once"),
            models.CheckConstraint(condition=~models.Q(name=""), name="mailbox_named"),
        ]

    def __str__(self):
        return self.name
