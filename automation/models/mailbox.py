"""Where mail comes in: mailboxes, how each is fetched from or sent to us, and how it does."""

from __future__ import annotations

from datetime import timedelta

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone

from workspaces.access import check_may
from workspaces.action import NotAllowed
from workspaces.models import Membership, Role
from workspaces.sealing import SealedField
from workspaces.tenant import MemberForeignKey, TenantForeignKey, TenantModel, workspace_key

# What a mailbox is found to be, in its row that nobody needs a history of.
HEALTH = ["last_success_at", "last_message_at", "lag", "problem", "failing_since", "alarmed_at", "version"]


class MailboxQuerySet(models.QuerySet):
    def live(self) -> MailboxQuerySet:
        return self.filter(deleted_at=None)

    def of(self, member: Membership) -> MailboxQuerySet:
        """Whose settings a member sees: admins all, the others their own."""
        found = self.filter(workspace_id=member.workspace_id)
        return found if member.may(Role.ADMIN) else found.filter(owner_id=member.user_id)


@pghistory.track(exclude=HEALTH)
class Mailbox(TenantModel):
    """An address that mail reaches us by; of one member, or of the whole workspace."""

    workspace = workspace_key("mailboxes")
    name = models.CharField(max_length=120)
    address = models.EmailField(max_length=254, blank=True, help_text="Whose mail it is; lower case.")
    owner = MemberForeignKey(null=True, blank=True, help_text="Empty: the workspace's.")
    is_active = models.BooleanField(default=True)
    silent_hours = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Without mail for so long something is wrong; empty: never."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    since = models.DateTimeField(default=timezone.now, editable=False, help_text="When it was made or went on.")
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    last_success_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_message_at = models.DateTimeField(null=True, blank=True, editable=False)
    lag = models.PositiveIntegerField(
        null=True, blank=True, editable=False, help_text="Seconds that the last mail took to get here."
    )
    problem = models.CharField(max_length=300, blank=True, editable=False)
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)
    alarmed_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When admins were told.")

    objects = MailboxQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "mailboxes"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], condition=Q(deleted_at=None), name="mailbox_once"),
            models.CheckConstraint(condition=~models.Q(name=""), name="mailbox_named"),
        ]

    def __str__(self):
        return self.name

    @property
    def silence(self) -> timedelta | None:
        return timedelta(hours=self.silent_hours) if self.silent_hours else None

    def check_may_change(self, by: Membership | None) -> None:
        """One's own, or as an admin any."""
        if by is None or by.may(Role.ADMIN):
            return
        check_may(by, Role.REP, "have a mailbox here")
        if self.owner_id != by.user_id:
            raise NotAllowed("Only an admin or above may change mailboxes of others, or of the workspace.")


class Security(models.TextChoices):
    TLS = "tls", "TLS"
    STARTTLS = "starttls", "STARTTLS"
    NONE = "none", "None (servers of your own network)"


class SignIn(models.TextChoices):
    PASSWORD = "password", "Password"
    GOOGLE = "google", "Google"
    MICROSOFT = "microsoft", "Microsoft"


FETCHING = [
    "secret", "access", "access_until", "uid_validity", "last_uid", "next_at", "lease", "lease_until", "failures",
]  # fmt: skip


@pghistory.track(exclude=FETCHING)
class ImapLogin(TenantModel):
    """How a mailbox is fetched by IMAP, and how far that went. `lease` is held by the worker that fetches."""

    mailbox = TenantForeignKey(Mailbox, models.CASCADE, related_name="logins", db_index=False)
    sign_in = models.CharField(max_length=9, choices=SignIn, default=SignIn.PASSWORD)
    host = models.CharField(max_length=253)
    port = models.PositiveIntegerField(default=993)
    security = models.CharField(max_length=8, choices=Security, default=Security.TLS)
    username = models.CharField(max_length=254)
    folder = models.CharField(max_length=120, default="INBOX")
    first_day = models.DateField(help_text="Older mail is left where it is.")
    secret = SealedField(help_text="A password, or the token by which others are asked for.")
    secret_at = models.DateTimeField(null=True, blank=True, editable=False)
    access = SealedField(help_text="The token of the hour.")
    access_until = models.DateTimeField(null=True, blank=True, editable=False)

    uid_validity = models.BigIntegerField(default=0, editable=False)
    last_uid = models.BigIntegerField(default=0, editable=False)
    next_at = models.DateTimeField(default=timezone.now, editable=False)
    lease = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    failures = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "mailbox"], name="imap_login_once")]
        indexes = [models.Index(fields=["next_at"], name="imap_login_next")]

    def __str__(self):
        return f"{self.username} at {self.host}"


class Provider(models.TextChoices):
    MAILGUN = "mailgun", "Mailgun"
    SENDGRID = "sendgrid", "SendGrid"
    POSTMARK = "postmark", "Postmark"
    SES = "ses", "Amazon SES"
    API = "api", "Your own program"


@pghistory.track(exclude=["token_hash", "key"])
class Inlet(TenantModel):
    """A secret address (or token, of the API) that mail is sent to. The token is shown once, and kept as a hash."""

    mailbox = TenantForeignKey(Mailbox, models.CASCADE, related_name="inlets", db_index=False)
    provider = models.CharField(max_length=8, choices=Provider)
    token_hash = models.CharField(max_length=64, editable=False)
    token_at = models.DateTimeField(default=timezone.now, editable=False)
    key = SealedField(help_text="What the service signs with, or the public part of it.")
    key_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "mailbox"], name="inlet_once")]
        indexes = [models.Index(fields=["token_hash"], name="inlet_token")]

    def __str__(self):
        return f"{self.get_provider_display()} of {self.mailbox}"


class InletEvent(TenantModel):
    """That a service called with this event: a second call with it brings nothing."""

    inlet = TenantForeignKey(Inlet, models.CASCADE, related_name="events", db_index=False)
    event = models.CharField(max_length=64, editable=False, help_text="A hash of its id.")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "inlet", "event"], name="inlet_event_once")]
        indexes = [models.Index(fields=["workspace", "at"], name="inlet_event_age")]

    def __str__(self):
        return self.event
