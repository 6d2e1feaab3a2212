"""Playbooks: the tasks that a stage brings with it, and what became of each when a deal entered."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone

from activities.models import Task
from deals.models.deal import Deal
from deals.models.history import StageEvent
from deals.models.pipeline import Live, Stage
from workspaces.tenant import MemberForeignKey, TenantForeignKey, TenantModel


@pghistory.track()
class PlaybookTask(TenantModel):
    """A task that is planned when a deal enters `stage`."""

    class Assignee(models.TextChoices):
        OWNER = "owner", "The deal's owner"
        MOVER = "mover", "Whoever moved the deal"
        MEMBER = "member", "A certain member"

    class Unit(models.TextChoices):
        WORKING_HOURS = "working_hours", "working hours"
        WORKING_DAYS = "working_days", "working days"
        DAYS = "days", "days"

    stage = TenantForeignKey(Stage, models.CASCADE, related_name="playbook")
    title = models.CharField(max_length=200)
    type = models.CharField(max_length=7, choices=Task.Type, default=Task.Type.TODO)
    assignee_rule = models.CharField("for", max_length=6, choices=Assignee, default=Assignee.OWNER)
    assignee = MemberForeignKey(null=True, blank=True)
    due_amount = models.PositiveSmallIntegerField("due after", default=1)
    due_unit = models.CharField(max_length=13, choices=Unit, default=Unit.WORKING_DAYS)
    position = models.PositiveSmallIntegerField(default=0, editable=False)
    is_active = models.BooleanField("active", default=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = Live()
    all_objects = models.Manager()

    class Meta:
        base_manager_name = "all_objects"
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(assignee_rule="member", assignee__isnull=False)
                | ~Q(assignee_rule="member") & Q(assignee=None),
                name="playbook_task_assignee",
                violation_error_message="Say who it is for.",
            ),
            models.CheckConstraint(condition=~Q(title=""), name="playbook_task_titled"),
            models.CheckConstraint(condition=Q(due_amount__lte=1000), name="playbook_task_due"),
        ]

    def __str__(self):
        return self.title

    @property
    def due(self) -> str:
        """In words: "after 4 working hours"."""
        unit = self.get_due_unit_display()
        return (
            f"after {self.due_amount} {unit[:-1] if self.due_amount == 1 else unit}" if self.due_amount else "at once"
        )


class PlaybookRun(TenantModel):
    """What a playbook's task became when a deal entered the stage: once for each entry, whatever is retried."""

    class Outcome(models.TextChoices):
        CREATED = "created", "Planned"
        SKIPPED = "skipped", "Left out"

    stage_event = TenantForeignKey(StageEvent, models.DO_NOTHING, related_name="+", db_index=False)
    playbook_task = TenantForeignKey(PlaybookTask, models.CASCADE, related_name="runs", db_index=False)
    stage = TenantForeignKey(Stage, models.CASCADE, related_name="+", db_index=False)
    deal = TenantForeignKey(Deal, models.CASCADE, related_name="playbook_runs", db_index=False)
    outcome = models.CharField(max_length=7, choices=Outcome)
    why = models.CharField(max_length=300, blank=True, help_text="Why it was left out, or fell to somebody else.")
    task = TenantForeignKey("activities.Task", models.SET_NULL, null=True, related_name="+", db_index=False)
    task_version = models.PositiveIntegerField(default=0, help_text="As the playbook left it: a later one was edited.")
    # Changes of stage that took the task away, or brought it back.
    cancelled_by = TenantForeignKey(StageEvent, models.DO_NOTHING, null=True, related_name="+", db_index=False)
    reopened_by = TenantForeignKey(StageEvent, models.DO_NOTHING, null=True, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "stage_event", "playbook_task"], name="playbook_run_once")
        ]
        indexes = [
            models.Index(fields=["workspace", "deal"], name="playbook_run_deal"),
            models.Index(fields=["workspace", "task"], name="playbook_run_task", condition=Q(task__isnull=False)),
        ]

    def __str__(self):
        return f"{self.playbook_task_id} @ {self.stage_event_id}: {self.outcome}"
