"""A mail that came in or went out: its bytes as they came, and what was made of them."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from activities.models import About, Activity, subject_indexes
from automation.intents import AUTOMATIC, Intent
from automation.models.mailbox import Mailbox
from workspaces.access import visible_owners
from workspaces.models import Membership, Role
from workspaces.tenant import MemberForeignKey, TenantForeignKey

TRIES = 5
NOBODY = "nobody named"


class MessageQuerySet(models.QuerySet):
    def waiting(self) -> MessageQuerySet:
        """Stored and not yet read."""
        return self.filter(state=Message.State.NEW)

    def visible_to(self, member: Membership) -> MessageQuerySet:
        """What is about a lead or a deal that they see. What is about neither yet: in a mailbox of one member it is for that
        one and admins, else for who sees everybody's leads."""
        owners = visible_owners(member)
        unmatched = Q(lead=None, deal=None)
        own = Q(mailbox__owner_id=member.user_id)
        if member.may(Role.ADMIN):
            return self
        if owners is None:
            return self.filter(~unmatched | own | Q(mailbox=None) | Q(mailbox__owner=None))
        return self.filter(Q(lead__owner_id__in=owners) | Q(deal__owner_id__in=owners) | unmatched & own)

    def undecided(self) -> MessageQuerySet:
        """What a person has to decide about."""
        return self.filter(state__in=Message.NEEDS_PERSON, handled_at=None, direction=Message.Direction.IN)

    def unsure(self) -> MessageQuerySet:
        """Left to a person because the classifier of words is unsure, and no language model was asked yet."""
        of_words = self.undecided().filter(
            state=Message.State.REVIEW, judged_by__startswith="words-", judged=F("intent"), confidence__lt=AUTOMATIC
        )
        return of_words.filter(suggestion={}).exclude(visible_text="")

    def corrections(self) -> models.QuerySet:
        """(text, intent, language) of what a person took for something else than the classifier of words did."""
        return (
            self.filter(direction=Message.Direction.IN, judged_by__startswith="words-", handled_by__isnull=False)
            .exclude(Q(judged=F("intent")) | Q(visible_text="") | Q(intent__in=["", Intent.BOUNCE]))
            .order_by("pk")
            .values_list("visible_text", "intent", "language")
        )

    def listed(self) -> MessageQuerySet:
        """Without the bytes and texts, which lists do not show."""
        return self.defer("raw", "text", "html")


class Kept(About):
    """What stays when the deal, lead, person or company that it is about goes for good."""

    deal = TenantForeignKey(
        "deals.Deal", models.SET_NULL, null=True, blank=True, related_name="%(class)ss", db_index=False
    )
    lead = TenantForeignKey(
        "leads.Lead", models.SET_NULL, null=True, blank=True, related_name="%(class)ss", db_index=False
    )
    contact = TenantForeignKey(
        "leads.Contact", models.SET_NULL, null=True, blank=True, related_name="%(class)ss", db_index=False
    )
    company = TenantForeignKey(
        "leads.Company", models.SET_NULL, null=True, blank=True, related_name="%(class)ss", db_index=False
    )

    class Meta:
        abstract = True


class Message(Kept):
    """One row per (workspace, `key`), however often it is delivered. `raw` is stored before anything is parsed."""

    class State(models.TextChoices):
        NEW = "new", "Waiting to be read"
        DONE = "done", "Done"
        REVIEW = "review", "To be decided"
        UNMATCHED = "unmatched", "From somebody unknown"
        FAILED = "failed", "Could not be read"

    class Direction(models.TextChoices):
        IN = "in", "Received"
        OUT = "out", "Sent"

    class MatchedBy(models.TextChoices):
        THREAD = "thread", "answers our mail"
        ADDRESS = "address", "known address"
        DOMAIN = "domain", "known company"
        PERSON = "person", "by hand"

    NEEDS_PERSON = (State.REVIEW, State.UNMATCHED, State.FAILED)

    mailbox = TenantForeignKey(Mailbox, models.SET_NULL, null=True, blank=True, related_name="messages")
    direction = models.CharField(max_length=3, choices=Direction, default=Direction.IN)
    key = models.CharField(max_length=64, editable=False, help_text="Of its Message-ID and sender, else of its bytes.")
    raw = models.BinaryField(editable=False)
    is_proven = models.BooleanField(
        default=False, editable=False, help_text="It is from whom it says: we sent it, or whoever brought it knows."
    )
    received_at = models.DateTimeField(default=timezone.now, editable=False)

    message_id = models.TextField(blank=True, editable=False)
    answers = ArrayField(
        models.TextField(), default=list, blank=True, editable=False, help_text="In-Reply-To and References."
    )
    sender_name = models.CharField(max_length=200, blank=True)
    sender_email = models.EmailField(max_length=254, blank=True)
    recipients = models.JSONField(default=list, blank=True, help_text="[[name, address]], of To and Cc.")
    subject_line = models.CharField("subject", max_length=500, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    text = models.TextField(blank=True)
    visible_text = models.TextField(blank=True, help_text="The newest text: without quotes and signature.")
    html = models.TextField(blank=True, help_text="Cleaned; still shown in a sandboxed frame alone.")
    attachments = models.JSONField(default=list, blank=True, help_text="[{name, type, size}]")

    state = models.CharField(max_length=9, choices=State, default=State.NEW)
    tries_left = models.PositiveSmallIntegerField(default=TRIES, editable=False)
    begun = models.PositiveSmallIntegerField(
        default=0, editable=False, help_text="How often somebody began to read it."
    )
    problem = models.CharField(max_length=300, blank=True, help_text="Why it was not read, or not trusted.")
    line = TenantForeignKey(
        Activity, models.SET_NULL, null=True, blank=True, editable=False, related_name="+", db_index=False
    )
    matched_by = models.CharField(max_length=7, choices=MatchedBy, blank=True)

    judged = models.CharField(
        max_length=14, choices=Intent, blank=True, editable=False, help_text="What the classifier said."
    )
    judged_by = models.CharField(max_length=40, blank=True, editable=False, help_text="The classifier's version.")
    intent = models.CharField(max_length=14, choices=Intent, blank=True, help_text="What it is taken for now.")
    confidence = models.FloatField(default=0, editable=False)
    phrase = models.TextField(blank=True, editable=False)
    suggestion = models.JSONField(
        default=dict,
        blank=True,
        editable=False,
        help_text="What a language model, asked as {by}, takes it for: {intent, phrase}.",
    )
    language = models.CharField(max_length=2, blank=True)
    until = models.DateField(null=True, blank=True, help_text="The day that it names.")
    bounced_address = models.EmailField(max_length=254, blank=True)
    bounce_reason = models.CharField(max_length=80, blank=True)
    is_hard_bounce = models.BooleanField(default=False)

    handled_at = models.DateTimeField(null=True, blank=True, help_text="When a person was through with it.")
    handled_by = MemberForeignKey(null=True, blank=True)

    is_untouched = False  # while it is read: whether nothing was done about it before
    has_meeting = False  # while it is read: whether a meeting was planned by it

    objects = MessageQuerySet.as_manager()

    class Meta:
        indexes = [
            *subject_indexes("message", "-received_at", "-id"),
            models.Index(fields=["workspace", "-received_at", "-id"], name="message_newest"),
            models.Index(fields=["workspace", "id"], name="message_waiting", condition=Q(state="new")),
            models.Index(
                fields=["workspace", "-received_at", "-id"],
                name="message_open",
                condition=Q(handled_at=None, direction="in"),
            ),
            models.Index(
                fields=["workspace", "id"],
                name="message_undecided",
                condition=Q(state__in=("review", "unmatched", "failed"), handled_at=None, direction="in"),
            ),
            models.Index(fields=["workspace", "message_id"], name="message_id", condition=~Q(message_id="")),
            models.Index(
                fields=["workspace", "received_at"],
                include=["intent", "state"],
                name="message_classes",
                condition=Q(direction="in") & ~Q(intent=""),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "key"], name="message_once"),
            models.CheckConstraint(condition=Q(confidence__gte=0, confidence__lte=1), name="message_confidence"),
        ]

    def __str__(self):
        return self.subject_line or f"Mail from {self.sender}"

    @property
    def sender(self) -> str:
        known = self.contact.name if self.contact else ""
        return self.sender_name or known or self.sender_email or NOBODY

    @property
    def at(self):
        """When it was written, as far as that can be believed."""
        return min(self.sent_at, self.received_at) if self.sent_at else self.received_at

    @property
    def suggested(self) -> Intent | None:
        return Intent(self.suggestion["intent"]) if self.suggestion.get("intent") else None

    @property
    def percent(self) -> int:
        return round(self.confidence * 100)
