"""What a member is told of, and what they want to be told of."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from activities import triggers
from activities.models.about import About, subject_indexes
from activities.models.activity import Activity
from activities.models.outgoing import Outgoing
from activities.models.task import Task
from workspaces.models import Membership
from workspaces.tenant import MemberForeignKey, TenantForeignKey, TenantModel


class NotificationQuerySet(models.QuerySet):
    def shown_to(self, member: Membership, owners: list[int] | None) -> NotificationQuerySet:
        """Their own, without what they may not see any more (`owners`: access.visible_owners), and without what nobody
        has read before it was taken back, done, or given to somebody else."""
        found = self.filter(workspace_id=member.workspace_id, recipient_id=member.user_id, deal__deleted_at=None)
        found = found.filter(
            Q(activity__undone_at=None) | Q(read_at__isnull=False),
            Q(task=None) | Q(task__status=Task.Status.OPEN, task__assignee=F("recipient")) | Q(read_at__isnull=False),
            ~Q(kind__in=self.model.OWNERS) | Q(deal__owner=F("recipient")) | Q(read_at__isnull=False),
        )
        if owners is None:
            return found
        return found.filter(Q(deal=None) | Q(deal__owner_id__in=owners), Q(lead=None) | Q(lead__owner_id__in=owners))

    def unread(self) -> NotificationQuerySet:
        return self.filter(read_at=None)


class Notification(About):
    """One member is told of one thing, once: `key` names it. What it is about is empty for a job of theirs that ended."""

    class Kind(models.TextChoices):
        MENTION = "mention", "I am mentioned in a note"
        DEAL_ASSIGNED = "deal_assigned", "A deal is assigned to me"
        DEAL_CREATED = "deal_created", "A deal is created for me"
        TASK_ASSIGNED = "task_assigned", "A task is assigned to me"
        TASK_DUE = "task_due", "A task of mine is due, or reminds me"
        STAGE_CHANGED = "stage_changed", "A deal of mine, or one I follow, changes its stage"
        DEAL_WON = "deal_won", "A deal of mine, or one I follow, is won"
        DEAL_LOST = "deal_lost", "A deal of mine, or one I follow, is lost"
        POSITIVE_REPLY = "positive_reply", "A lead of mine answers that they are interested"
        REPLY = "reply", "A reply to me asks for something else, or waits for a decision"
        NOTE = "note", "Somebody writes a note on a deal of mine, or one I follow"
        MAILBOX_DOWN = "mailbox_down", "A mailbox that I look after brings no mail"
        JOB_FINISHED = "job_finished", "An import, an export or a bulk change of mine has finished"

    # What one is told of even where the deal is muted: it was meant for this member, not for whoever follows the deal.
    PERSONAL = frozenset(
        (
            Kind.MENTION,
            Kind.DEAL_ASSIGNED,
            Kind.DEAL_CREATED,
            Kind.TASK_ASSIGNED,
            Kind.TASK_DUE,
            Kind.MAILBOX_DOWN,
            Kind.JOB_FINISHED,
        )
    )
    # What is about no record: its `data` has the sentence, and the page that it leads to.
    SAID = (Kind.MAILBOX_DOWN, Kind.JOB_FINISHED)

    # What concerns the deal's owner as such.
    OWNERS = (Kind.DEAL_ASSIGNED, Kind.DEAL_CREATED)

    recipient = MemberForeignKey(db_index=False)
    kind = models.CharField(max_length=14, choices=Kind)
    actor = MemberForeignKey(null=True, blank=True, db_index=False)
    activity = TenantForeignKey(Activity, models.CASCADE, null=True, blank=True, related_name="+")
    task = TenantForeignKey(Task, models.CASCADE, null=True, blank=True, related_name="+")
    data = models.JSONField(default=dict, blank=True)
    key = models.CharField(max_length=80, help_text="What it tells of: nobody is told of the same thing twice.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    read_at = models.DateTimeField(null=True, blank=True)
    mail_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When it goes out by mail; empty: it does not."
    )
    mail = TenantForeignKey("activities.NotificationMail", models.SET_NULL, null=True, blank=True, editable=False)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        indexes = [
            *subject_indexes("notification"),
            models.Index(fields=["workspace", "recipient", "-created_at", "-id"], name="notification_newest"),
            models.Index(
                fields=["workspace", "recipient", "-created_at", "-id"],
                name="notification_unread",
                condition=Q(read_at=None),
            ),
            models.Index(fields=["workspace", "created_at"], name="notification_age"),
            models.Index(fields=["mail_at"], name="notification_mail", condition=Q(mail=None, mail_at__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "recipient", "key"], name="notification_once"),
        ]
        triggers = triggers.BELL

    def __str__(self):
        return self.get_kind_display()


class Follow(TenantModel):
    """What a member wants to hear of a deal beside what its owner hears: everything, or nothing."""

    class State(models.TextChoices):
        FOLLOWING = "following", "Following"
        MUTED = "muted", "Muted"

    deal = TenantForeignKey("deals.Deal", models.CASCADE, related_name="follows", db_index=False)
    user = MemberForeignKey(db_index=False)
    state = models.CharField(max_length=9, choices=State)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "deal", "user"], name="follow_once")]

    def __str__(self):
        return self.get_state_display()


class Delivery(TenantModel):
    """What of their notifications a member wants by mail, and when not. What is not chosen is as in `DEFAULTS`."""

    class When(models.TextChoices):
        NOW = "now", "At once"
        DAILY = "daily", "Once a day"
        OFF = "off", "Not by mail"

    DEFAULTS = {
        Notification.Kind.STAGE_CHANGED: When.DAILY,
        Notification.Kind.DEAL_WON: When.DAILY,
        Notification.Kind.DEAL_LOST: When.DAILY,
        Notification.Kind.NOTE: When.DAILY,
        Notification.Kind.JOB_FINISHED: When.OFF,
    }

    user = MemberForeignKey(db_index=False)
    choices = models.JSONField(default=dict, blank=True, help_text="{kind of notification: now, daily or off}")
    quiet_from = models.TimeField(null=True, blank=True, help_text="In the member's own zone.")
    quiet_until = models.TimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="delivery_once"),
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False) & ~Q(quiet_from=F("quiet_until")),
                name="delivery_quiet",
            ),
        ]

    def __str__(self):
        return f"Mail to {self.user}"

    def when(self, kind: str) -> str:
        """now, daily or off."""
        return self.choices.get(kind) or self.DEFAULTS.get(Notification.Kind(kind), self.When.NOW)


class NotificationMail(Outgoing):
    """One mail of one or more notifications. Its id makes the Message-ID, so that a second copy, sent because a worker
    died between sending and saying so, is taken for the first one by the reader's mail server."""

    recipient = MemberForeignKey(db_index=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["next_try_at"], name="notification_mail_try", condition=Q(next_try_at__isnull=False)),
            models.Index(fields=["workspace", "created_at"], name="notification_mail_age"),
        ]

    def __str__(self):
        return f"Mail {self.pk} to {self.recipient}"
