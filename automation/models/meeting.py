"""A meeting of somebody else's calendar, as a task of ours."""

from __future__ import annotations

from django.db import models

from activities.models import Task
from automation.models.message import Message
from workspaces.tenant import TenantForeignKey, TenantModel


class Meeting(TenantModel):
    """By `uid` and `occurrence` its mails find it again, whichever comes first and however often."""

    uid = models.CharField(max_length=500)
    occurrence = models.CharField(max_length=40, blank=True, help_text="One of a series; empty: all of it.")
    sequence = models.PositiveIntegerField(default=0)
    is_off = models.BooleanField(default=False)
    task = TenantForeignKey(Task, models.SET_NULL, null=True, blank=True, related_name="+")
    message = TenantForeignKey(Message, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "uid", "occurrence"], name="meeting_once"),
        ]

    def __str__(self):
        return self.uid
