"""Addresses that get no more mail from a workspace."""

from __future__ import annotations

import pghistory
from django.db import models
from django.utils import timezone

from automation.models.message import Message
from workspaces.tenant import MemberForeignKey, TenantForeignKey, TenantModel


@pghistory.track()
class Suppression(TenantModel):
    class Reason(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", "Asked for no more mail"
        BOUNCED = "bounced", "Address does not exist"
        BY_HAND = "by_hand", "Entered by hand"

    email = models.EmailField(max_length=254, help_text="Lower case.")
    reason = models.CharField(max_length=12, choices=Reason)
    message = TenantForeignKey(Message, models.SET_NULL, null=True, blank=True, related_name="+")
    by = MemberForeignKey(null=True, blank=True)
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["email"]
        constraints = [models.UniqueConstraint(fields=["workspace", "email"], name="suppression_once")]

    def __str__(self):
        return self.email
