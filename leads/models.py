"""People and companies, and the reasons to pursue them (domain.md section 2)."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from workspaces.dates import within_years
from workspaces.tenant import MemberForeignKey, TenantForeignKey, TenantModel, workspace_key


class Source(models.TextChoices):
    """Where a lead or deal came from (field-guide.md section 4)."""

    OUTBOUND = "outbound", "Outbound email"
    WEBSITE = "website", "Website form"
    REFERRAL = "referral", "Referral"
    PARTNER = "partner", "Partner"
    EVENT = "event", "Event"
    ADS = "ads", "Ads"
    COLD_CALL = "cold_call", "Cold call"
    INBOUND_CALL = "inbound_call", "Inbound call"
    SOCIAL = "social", "Social"
    IMPORT = "import", "Import"
    API = "api", "API"
    CUSTOMER = "customer", "Existing customer"
    OTHER = "other", "Other"


class Record(TenantModel):
    """What companies, contacts and leads share; deals have the same fields and more."""

    owner = MemberForeignKey(null=True, blank=True)
    custom = models.JSONField(default=dict, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class RecordQuerySet(models.QuerySet):
    def owned_by(self, owners: list[int] | None) -> RecordQuerySet:
        """Those of the given users; None means everybody's (see access.visible_owners)."""
        return self if owners is None else self.filter(owner_id__in=owners)


@pghistory.track(exclude=["version", "updated_at"])
class Company(Record):
    workspace = workspace_key("companies")
    name = models.CharField(max_length=200)
    name_key = models.CharField(
        max_length=200, editable=False, help_text="The name as duplicates are looked for: leads/names.py."
    )
    domain = models.CharField(max_length=253, blank=True, help_text="Lower case, without scheme, www and path.")
    industry = models.CharField(max_length=80, blank=True)
    size = models.PositiveIntegerField("employees", null=True, blank=True)
    country = models.CharField(max_length=80, blank=True)
    annual_revenue = models.DecimalField(
        max_digits=16, decimal_places=2, null=True, blank=True, help_text="In the workspace's currency."
    )
    phone = models.CharField(max_length=32, blank=True)
    parent = TenantForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="subsidiaries")

    objects = RecordQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "companies"
        indexes = [
            models.Index(fields=["workspace", "name", "id"], name="company_list"),
            models.Index(fields=["workspace", "size", "id"], name="company_size"),
            models.Index(fields=["workspace", "annual_revenue", "id"], name="company_by_revenue"),
            models.Index(fields=["workspace", "created_at", "id"], name="company_created"),
            models.Index(fields=["workspace", "name_key"], name="company_name_key"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "domain"], condition=~Q(domain=""), name="company_domain_once"
            ),
            models.CheckConstraint(condition=Q(annual_revenue__gte=0), name="company_revenue"),
            models.CheckConstraint(condition=~Q(name=""), name="company_named"),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("company_detail", args=[self.pk])


@pghistory.track(exclude=["version", "updated_at"])
class Contact(Record):
    """A person, once."""

    class Consent(models.TextChoices):
        UNKNOWN = "", "Not asked"
        GIVEN = "given", "Given"
        REFUSED = "refused", "Refused"

    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    name = models.CharField(
        max_length=201, editable=False, help_text="First and last name, as it is listed and searched."
    )
    title = models.CharField("job title", max_length=120, blank=True)
    company = TenantForeignKey(Company, models.SET_NULL, null=True, blank=True, related_name="contacts")
    time_zone = models.CharField(max_length=50, blank=True)
    do_not_email = models.BooleanField(default=False)
    do_not_call = models.BooleanField(default=False)
    consent = models.CharField(max_length=7, choices=Consent, blank=True)
    consent_at = models.DateTimeField(null=True, blank=True)

    objects = RecordQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "name", "id"], name="contact_list"),
            models.Index(fields=["workspace", "created_at", "id"], name="contact_created"),
            models.Index(fields=["workspace", "company"], name="contact_company"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="contact_named"),
            *within_years("contact", "consent_at"),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("contact_detail", args=[self.pk])


@pghistory.track()
class ContactEmail(TenantModel):
    """An address of a contact, normalised; in a workspace it belongs to one person."""

    contact = TenantForeignKey(Contact, models.CASCADE, related_name="emails")
    email = models.EmailField(max_length=254)
    is_primary = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "email"], name="contact_email_once"),
            models.UniqueConstraint(
                fields=["workspace", "contact"], condition=Q(is_primary=True), name="contact_email_primary"
            ),
        ]

    def __str__(self):
        return self.email


@pghistory.track()
class ContactPhone(TenantModel):
    """A number of a contact in E.164 (+4930123456)."""

    contact = TenantForeignKey(Contact, models.CASCADE, related_name="phones")
    phone = models.CharField(max_length=17)
    label = models.CharField(max_length=20, blank=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "phone"], name="contact_phone_find")]
        constraints = [models.UniqueConstraint(fields=["workspace", "contact", "phone"], name="contact_phone_once")]

    def __str__(self):
        return self.phone


@pghistory.track()
class Campaign(TenantModel):
    """An outbound effort."""

    class Channel(models.TextChoices):
        EMAIL = "email", "Email"
        CALLS = "calls", "Calls"
        EVENT = "event", "Event"
        ADS = "ads", "Ads"
        SOCIAL = "social", "Social"
        OTHER = "other", "Other"

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        ENDED = "ended", "Ended"

    name = models.CharField(max_length=120)
    channel = models.CharField(max_length=6, choices=Channel, default=Channel.EMAIL)
    status = models.CharField(max_length=7, choices=Status, default=Status.DRAFT)
    start = models.DateField(null=True, blank=True)
    end = models.DateField(null=True, blank=True)
    budget = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    cost = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="campaign_once"),
            models.CheckConstraint(
                condition=Q(end=None) | Q(start=None) | Q(end__gte=models.F("start")), name="campaign_dates"
            ),
            *within_years("campaign", "start", "end", time=False),
            models.CheckConstraint(condition=Q(budget__gte=0) & Q(cost__gte=0), name="campaign_money"),
        ]

    def __str__(self):
        return self.name


@pghistory.track()
class Segment(TenantModel):
    """A named group of leads: by hand, or by a saved filter that leads.tasks.refresh_segments keeps up to date."""

    name = models.CharField(max_length=120)
    filter = models.JSONField(
        null=True,
        blank=True,
        help_text="Empty: by hand. Else what the lead list's filter gets, such as {'source': ['event']}.",
    )
    refreshed_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="segment_once")]

    def __str__(self):
        return self.name


@pghistory.track(exclude=["version", "updated_at"])
class Lead(Record):
    """A reason to pursue a contact."""

    class Status(models.TextChoices):
        NEW = "new", "New"
        ATTEMPTED = "attempted", "Attempted"
        CONNECTED = "connected", "Connected"
        NURTURE = "nurture", "Nurture"
        QUALIFIED = "qualified", "Qualified"
        CONVERTED = "converted", "Converted"
        UNQUALIFIED = "unqualified", "Unqualified"
        DO_NOT_CONTACT = "do_not_contact", "Do not contact"

    name = models.CharField(
        max_length=201, help_text="Who or what it is about; the contact's name unless said otherwise."
    )
    contact = TenantForeignKey(Contact, models.CASCADE, null=True, blank=True, related_name="leads")
    company = TenantForeignKey(Company, models.SET_NULL, null=True, blank=True, related_name="leads")
    status = models.CharField(max_length=14, choices=Status, default=Status.NEW)
    unqualified_reason = models.CharField(max_length=80, blank=True)
    source = models.CharField(max_length=12, choices=Source, blank=True)
    campaign = TenantForeignKey(Campaign, models.SET_NULL, null=True, blank=True, related_name="leads")
    score = models.SmallIntegerField(null=True, blank=True)
    estimated_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    contacted_at = models.DateTimeField(null=True, blank=True)
    qualified_at = models.DateTimeField(null=True, blank=True)
    wait_until = models.DateField(
        null=True, blank=True, editable=False, help_text="Away, or not before then: follow-ups wait for this day."
    )
    converted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = RecordQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-created_at", "-id"], name="lead_list"),
            models.Index(fields=["workspace", "name", "id"], name="lead_name"),
            models.Index(fields=["workspace", "estimated_amount", "id"], name="lead_by_amount"),
            models.Index(fields=["workspace", "owner", "status"], name="lead_owner"),
            models.Index(fields=["workspace", "contact"], name="lead_contact"),
            models.Index(fields=["workspace", "company"], name="lead_company"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="lead_named"),
            models.CheckConstraint(condition=Q(score__range=(0, 100)), name="lead_score"),
            models.CheckConstraint(condition=Q(estimated_amount__gte=0), name="lead_amount"),
            models.CheckConstraint(
                condition=Q(status="converted", converted_at__isnull=False)
                | ~Q(status="converted") & Q(converted_at=None),
                name="lead_converted",
            ),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("lead_detail", args=[self.pk])


@pghistory.track()
class SegmentMember(TenantModel):
    segment = TenantForeignKey(Segment, models.CASCADE, related_name="members")
    lead = TenantForeignKey(Lead, models.CASCADE, related_name="segments")
    added_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "segment", "lead"], name="segment_member_once")]

    def __str__(self):
        return f"{self.segment}: {self.lead}"


@pghistory.track()
class CampaignMember(TenantModel):
    """A lead in a campaign, and how far it got."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENT = "sent", "Sent"
        DELIVERED = "delivered", "Delivered"
        OPENED = "opened", "Opened"
        REPLIED = "replied", "Replied"
        BOUNCED = "bounced", "Bounced"
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed"

    campaign = TenantForeignKey(Campaign, models.CASCADE, related_name="members")
    lead = TenantForeignKey(Lead, models.CASCADE, related_name="campaigns")
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    state_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "campaign", "lead"], name="campaign_member_once"),
            *within_years("campaign_member", "state_at"),
        ]

    def __str__(self):
        return f"{self.campaign}: {self.lead}"
