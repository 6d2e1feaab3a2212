"""Rules of a workspace: when something happens, if it is so, then do. What a rule says stands in versions that never
change, so that the log tells what ran."""

from __future__ import annotations

from datetime import datetime

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone

from activities.models import Activity, Task
from automation.models.sending import MailTemplate
from deals.models import Deal, PlaybookTask, Stage, Tag
from leads.models import Lead
from workspaces.models import Team
from workspaces.sealing import SealedField
from workspaces.tenant import MemberForeignKey, TenantForeignKey, TenantModel


class RuleEvent(models.TextChoices):
    """What a rule waits for; which lines of the timeline are it, automation/rules/events.py says."""

    DEAL_CREATED = "deal_created", "Deal created"
    DEAL_MOVED = "deal_moved", "Deal moved to a stage"
    DEAL_WON = "deal_won", "Deal won"
    DEAL_LOST = "deal_lost", "Deal lost"
    DEAL_OWNER = "deal_owner", "Deal's owner changed"
    DEAL_AMOUNT = "deal_amount", "Deal's amount changed"
    DEAL_CLOSE = "deal_close", "Deal's close date changed"
    DEAL_REPLY = "deal_reply", "Reply about a deal"
    DEAL_CALL = "deal_call", "Call about a deal"
    DEAL_MEETING = "deal_meeting", "Meeting about a deal"
    DEAL_TASK = "deal_task", "Task of a deal done"
    LEAD_CREATED = "lead_created", "Lead created"
    LEAD_STATUS = "lead_status", "Lead's status changed"
    LEAD_OWNER = "lead_owner", "Lead's owner changed"
    LEAD_CONVERTED = "lead_converted", "Lead converted"
    LEAD_REPLY = "lead_reply", "Reply of a lead"
    LEAD_CALL = "lead_call", "Call with a lead"
    LEAD_MEETING = "lead_meeting", "Meeting with a lead"
    LEAD_TASK = "lead_task", "Task of a lead done"


class RuleQuerySet(models.QuerySet):
    def live(self) -> RuleQuerySet:
        return self.filter(archived_at=None)


@pghistory.track()
class Rule(TenantModel):
    """Off until somebody switches it on; what happens while it is off it never sees."""

    name = models.CharField(max_length=120)
    position = models.PositiveIntegerField(default=0, editable=False)
    on_since = models.DateTimeField("switched on", null=True, blank=True, help_text="Empty: it is off.")
    paused = models.CharField(max_length=300, blank=True, help_text="Why it was switched off by itself.")
    version = models.PositiveIntegerField(default=1, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = RuleQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], condition=Q(archived_at=None), name="rule_name_once"),
            models.CheckConstraint(condition=~Q(name=""), name="rule_named"),
        ]

    def __str__(self):
        return self.name

    @property
    def is_on(self) -> bool:
        return self.on_since is not None


class RuleVersion(TenantModel):
    """What a rule says: `event` and what it is to be of (`of`), the filter that its deal or lead must be in (`query`, as it
    stands in the address of a list), and its steps."""

    rule = TenantForeignKey(Rule, models.CASCADE, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    is_current = models.BooleanField(default=True)
    event = models.CharField(max_length=20, choices=RuleEvent)
    of = models.JSONField(default=dict, blank=True, help_text='{"stage": [ids]}; of what is not named any will do.')
    query = models.CharField(max_length=2000, blank=True)
    at = models.DateTimeField(default=timezone.now, editable=False)
    by = MemberForeignKey(null=True, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "rule", "number"], name="rule_version_once"),
            models.UniqueConstraint(
                fields=["workspace", "rule"], condition=Q(is_current=True), name="rule_version_current"
            ),
        ]
        indexes = [models.Index(fields=["workspace", "event"], name="rule_by_event", condition=Q(is_current=True))]

    def __str__(self):
        return f"{self.rule}, version {self.number}"


class RuleStep(TenantModel):
    """One thing that is done; which of the columns count says its kind (automation/rules/kinds.py)."""

    class Kind(models.TextChoices):
        TASK = "task", "Plan a task"
        NOTIFY = "notify", "Notify"
        MOVE = "move", "Move the deal to a stage"
        STATUS = "status", "Change the lead's status"
        ASSIGN = "assign", "Change the owner"
        TAG = "tag", "Tag the deal"
        MAIL = "mail", "Send a mail from a template"
        WEBHOOK = "webhook", "Call a webhook"

    class Who(models.TextChoices):
        OWNER = "owner", "The owner"
        MEMBER = "member", "A certain member"
        TEAM = "team", "A team, in turn"
        MANAGERS = "managers", "The owner's managers"

    Unit = PlaybookTask.Unit

    version = TenantForeignKey(RuleVersion, models.CASCADE, related_name="steps", db_index=False)
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=7, choices=Kind)
    text = models.CharField(max_length=500, blank=True, help_text="The task's title, the notification, the reason.")
    type = models.CharField(max_length=7, choices=Task.Type, blank=True)
    due_amount = models.PositiveSmallIntegerField(default=1)
    due_unit = models.CharField(max_length=13, choices=Unit, default=Unit.WORKING_DAYS)
    who = models.CharField(max_length=8, choices=Who, blank=True)
    member = MemberForeignKey(null=True, blank=True)
    team = TenantForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="+")
    turn = models.PositiveIntegerField(default=0, editable=False, help_text="Of a team: how many were given out.")
    stage = TenantForeignKey(Stage, models.SET_NULL, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=14, choices=Lead.Status, blank=True)
    tag = TenantForeignKey(Tag, models.SET_NULL, null=True, blank=True, related_name="+")
    template = TenantForeignKey(MailTemplate, models.SET_NULL, null=True, blank=True, related_name="+")
    url = models.CharField(max_length=500, blank=True)
    secret = SealedField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["workspace", "version", "position"], name="rule_step_once")]

    def __str__(self):
        return self.get_kind_display()


class RuleRun(TenantModel):
    """That a rule answers a line of the timeline: once, however often it is handed on."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        STOPPED = "stopped", "Stopped"

    rule = TenantForeignKey(Rule, models.CASCADE, related_name="runs", db_index=False)
    version = TenantForeignKey(RuleVersion, models.CASCADE, related_name="runs")
    activity = TenantForeignKey(Activity, models.CASCADE, related_name="+")
    deal = TenantForeignKey(Deal, models.CASCADE, null=True, blank=True, related_name="+")
    lead = TenantForeignKey(Lead, models.CASCADE, null=True, blank=True, related_name="+")
    cause = TenantForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)
    depth = models.PositiveSmallIntegerField(
        default=1, help_text="How many rules followed from one another, with this."
    )
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    problem = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField(default=timezone.now, editable=False)
    done_at = models.DateTimeField(null=True, blank=True)
    again_by = MemberForeignKey(null=True, blank=True, help_text="Who asked for it once more.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "rule", "activity"], name="rule_run_once")]
        indexes = [
            models.Index(fields=["workspace", "rule", "-at", "-id"], name="rule_run_of_rule"),
            models.Index(fields=["workspace", "-at", "-id"], name="rule_run_newest"),
            models.Index(fields=["workspace", "-at", "-id"], name="rule_run_trouble", condition=~Q(state="done")),
            models.Index(
                fields=["workspace", "next_try_at"], name="rule_run_waiting", condition=Q(next_try_at__isnull=False)
            ),
        ]

    def __str__(self):
        return f"{self.rule}: {self.get_state_display().lower()}"

    @property
    def subject(self) -> Deal | Lead | None:
        return self.deal or self.lead

    def due(self, at: datetime) -> bool:
        return self.next_try_at is not None and self.next_try_at <= at


class RunStep(TenantModel):
    """What became of a step: done once for each run."""

    class State(models.TextChoices):
        DONE = "done", "Done"
        LEFT_OUT = "left_out", "Left out"
        FAILED = "failed", "Failed"

    run = TenantForeignKey(RuleRun, models.CASCADE, related_name="steps", db_index=False)
    step = TenantForeignKey(RuleStep, models.CASCADE, related_name="runs")
    state = models.CharField(max_length=8, choices=State)
    said = models.CharField(max_length=500, help_text="What was done, or why not, in words.")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["workspace", "run", "step"], name="run_step_once")]

    def __str__(self):
        return self.said


class WebhookCall(TenantModel):
    """A call that waits while it has `next_try_at`; the key is what its receiver knows a second one by."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Taken"
        FAILED = "failed", "Not taken"

    run_step = TenantForeignKey(RunStep, models.CASCADE, related_name="calls", db_index=False)
    key = models.CharField(max_length=40)
    body = models.TextField()
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    answered = models.PositiveSmallIntegerField("answer", null=True, blank=True, help_text="The status of the answer.")
    problem = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(default=timezone.now, editable=False)
    taken_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "run_step"], name="webhook_call_once"),
            models.UniqueConstraint(fields=["workspace", "key"], name="webhook_call_key"),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], name="webhook_call_waiting", condition=Q(next_try_at__isnull=False))
        ]

    def __str__(self):
        return f"{self.key}: {self.get_state_display().lower()}"
