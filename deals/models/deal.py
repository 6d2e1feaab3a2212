"""Deals, and the people in them."""

from __future__ import annotations

from decimal import Decimal

import pghistory
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Round
from django.urls import reverse
from django.utils import timezone

from deals import triggers
from deals.forecast import SAID
from deals.models.pipeline import Kind, Pipeline, Stage
from leads.models import Campaign, Company, Contact, Lead, Segment, Source
from workspaces.tenant import MemberForeignKey, TenantForeignKey, TenantModel

# What a deal weighs, times 100: as an index has it, and lists sort by it.
WEIGHT = models.ExpressionWrapper(
    F("base_amount") * F("probability"), output_field=models.DecimalField(max_digits=25, decimal_places=2)
)


class DealQuerySet(models.QuerySet):
    def owned_by(self, owners: list[int] | None) -> DealQuerySet:
        """Those of the given users; None means everybody's (see access.visible_owners)."""
        return self if owners is None else self.filter(owner_id__in=owners)

    def open(self) -> DealQuerySet:
        return self.filter(status=Kind.OPEN)

    def closed(self) -> DealQuerySet:
        return self.exclude(status=Kind.OPEN)


class LiveDeals(models.Manager.from_queryset(DealQuerySet)):
    """Deals that are not in the bin."""

    def get_queryset(self) -> DealQuerySet:
        return super().get_queryset().filter(deleted_at=None)


@pghistory.track(
    exclude=["rank", "version", "updated_at", "last_activity_at", "next_activity_at", "base_amount", "furthest"]
)
class Deal(TenantModel):
    class ProbabilitySource(models.TextChoices):
        STAGE = "stage", "Stage"
        MANUAL = "manual", "By hand"
        MODEL = "model", "Model"

    class AmountSource(models.TextChoices):
        MANUAL = "manual", "By hand"
        ITEMS = "items", "Line items"

    name = models.CharField(max_length=200)
    company = TenantForeignKey(Company, models.SET_NULL, null=True, blank=True, related_name="deals")
    people = models.ManyToManyField(Contact, through="deals.DealContact", related_name="deals")
    lead = TenantForeignKey(Lead, models.SET_NULL, null=True, blank=True, related_name="deals")
    owner = MemberForeignKey(db_index=False)
    pipeline = TenantForeignKey(Pipeline, models.PROTECT, related_name="deals", db_index=False)
    stage = TenantForeignKey(
        Stage,
        models.PROTECT,
        also=(("pipeline_id", "pipeline_id"), ("status", "kind")),
        related_name="deals",
        db_index=False,
    )
    stage_entered_at = models.DateTimeField(default=timezone.now)
    # The last open stage, in the order of its pipeline, that it has reached; a won deal has gone beyond all.
    furthest = TenantForeignKey(Stage, models.SET_NULL, null=True, editable=False, related_name="+", db_index=False)
    status = models.CharField(max_length=4, choices=Kind, default=Kind.OPEN, editable=False)
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    amount_source = models.CharField(
        max_length=6, choices=AmountSource, default=AmountSource.MANUAL, db_default=AmountSource.MANUAL
    )
    currency = models.CharField(max_length=3)
    # What a unit of it is worth in the workspace's currency: by the newest rate while open, then by that of the day of closing.
    rate = models.DecimalField(max_digits=18, decimal_places=12, default=1, db_default=Decimal(1), editable=False)
    # What sums add up, filters compare and lists sort by.
    base_amount = models.GeneratedField(
        expression=Round(F("amount") * F("rate"), 2),
        output_field=models.DecimalField(max_digits=20, decimal_places=2, null=True),
        db_persist=True,
    )
    probability = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(100)], help_text="Percent.")
    probability_source = models.CharField(max_length=6, choices=ProbabilitySource, default=ProbabilitySource.STAGE)
    forecast_category = models.CharField(
        max_length=9,
        choices=list(SAID.items()),
        blank=True,
        db_default="",
        help_text="Empty: as the stage or the probability says.",
    )
    expected_close_date = models.DateField(null=True, blank=True)
    # How often, and by how many days in all, that date was put off while the deal was open (forecast.Slip).
    slips = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    slipped_days = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True)
    won_reason = models.CharField(max_length=80, blank=True)
    lost_reason = models.CharField(max_length=80, blank=True)
    close_note = models.TextField(blank=True)
    competitor = models.CharField(max_length=120, blank=True)
    source = models.CharField(max_length=12, choices=Source, blank=True)
    campaign = TenantForeignKey(Campaign, models.SET_NULL, null=True, blank=True, related_name="deals")
    segment = TenantForeignKey(Segment, models.SET_NULL, null=True, blank=True, related_name="deals")
    product = models.CharField(max_length=120, blank=True, help_text="What it is about, in a word.")
    next_step = models.CharField(max_length=200, blank=True)
    # Kept by triggers of the app activities.
    last_activity_at = models.DateTimeField(null=True, blank=True, editable=False)
    next_activity_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Where the card stands in its column: strings that sort as bytes, with room between any two. Closed deals have none.
    rank = models.CharField(max_length=255, null=True, editable=False, db_collation="C")  # noqa: DJ001
    version = models.PositiveIntegerField(default=1, editable=False)
    custom = models.JSONField(default=dict, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = MemberForeignKey(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    deleted_by = MemberForeignKey(null=True, blank=True, editable=False)

    objects = LiveDeals()
    all_objects = DealQuerySet.as_manager()

    class Meta:
        base_manager_name = "all_objects"
        triggers = triggers.TRIGGERS
        indexes = [
            # The board: cards of a column in order, by an index-only scan of ids; owners for "own" and "team".
            models.Index(
                fields=["workspace", "stage", "rank", "id"],
                include=["owner"],
                name="deal_lane",
                condition=Q(status="open", deleted_at=None),
            ),
            models.Index(
                fields=["workspace", "owner", "stage", "rank", "id"],
                name="deal_own",
                condition=Q(status="open", deleted_at=None),
            ),
            # Closed columns, newest first, and every sum over a period.
            models.Index(
                fields=["workspace", "stage", "-closed_at", "-id"],
                include=["owner", "base_amount"],
                name="deal_closed",
                condition=~Q(status="open") & Q(deleted_at=None),
            ),
            # The list: sorted by these, paged by id.
            models.Index(fields=["workspace", "-created_at", "-id"], name="deal_created"),
            models.Index(fields=["workspace", "base_amount", "id"], name="deal_amount"),
            models.Index(fields=["workspace", "expected_close_date", "id"], name="deal_close_date"),
            # The columns of the forecast: open deals of a month, without the closed ones between them.
            models.Index(
                fields=["workspace", "expected_close_date", "id"],
                include=["owner", "pipeline"],
                name="deal_due",
                condition=Q(status="open", deleted_at=None),
            ),
            models.Index(fields=["workspace", "name", "id"], name="deal_name"),
            models.Index("workspace", WEIGHT, "id", name="deal_weight"),
            models.Index(fields=["workspace", "stage_entered_at", "id"], name="deal_stage_entered"),
            models.Index(
                fields=["workspace", "closed_at", "id"], name="deal_closed_at", condition=Q(closed_at__isnull=False)
            ),
            models.Index(
                fields=["workspace", "next_activity_at", "id"],
                name="deal_next_activity",
                condition=Q(next_activity_at__isnull=False),
            ),
            # The list in the order of stages, and of owners: the rows of each, one after the other.
            models.Index(fields=["workspace", "stage", "id"], name="deal_by_stage"),
            models.Index(fields=["workspace", "owner", "id"], name="deal_by_owner"),
            # Pages of a company and of a lead.
            models.Index(fields=["workspace", "company"], name="deal_company"),
            models.Index(fields=["workspace", "lead"], name="deal_lead", condition=Q(lead__isnull=False)),
            # What changed since a page was made.
            models.Index(fields=["workspace", "-updated_at"], name="deal_updated"),
            models.Index(fields=["deleted_at"], name="deal_bin", condition=Q(deleted_at__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "stage", "rank"], name="deal_rank_once", condition=Q(rank__isnull=False)
            ),
            models.CheckConstraint(condition=~Q(name=""), name="deal_named"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="deal_amount_positive"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="deal_rate"),
            models.CheckConstraint(condition=Q(probability__range=(0, 100)), name="deal_probability"),
            models.CheckConstraint(
                condition=Q(status="open", closed_at=None, rank__isnull=False)
                | ~Q(status="open") & Q(closed_at__isnull=False, rank=None),
                name="deal_closed_at",
            ),
            models.CheckConstraint(condition=~Q(status="lost") | ~Q(lost_reason=""), name="deal_lost_reason"),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("deal_detail", args=[self.pk])

    @property
    def weighted(self) -> Decimal | None:
        """In its own currency."""
        return None if self.amount is None else self.amount * self.probability / 100


@pghistory.track()
class DealContact(TenantModel):
    """A person in a deal, and the part they play."""

    class Role(models.TextChoices):
        NONE = "", "—"
        DECISION_MAKER = "decision_maker", "Decision maker"
        ECONOMIC_BUYER = "economic_buyer", "Economic buyer"
        CHAMPION = "champion", "Champion"
        INFLUENCER = "influencer", "Influencer"
        EVALUATOR = "evaluator", "Evaluator"
        TECHNICAL = "technical", "Technical"
        PROCUREMENT = "procurement", "Legal / procurement"
        BLOCKER = "blocker", "Blocker"

    deal = TenantForeignKey(Deal, models.CASCADE, related_name="contacts")
    contact = TenantForeignKey(Contact, models.CASCADE, related_name="deal_links")
    role = models.CharField(max_length=14, choices=Role, blank=True)
    is_primary = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "deal", "contact"], name="deal_contact_once"),
            models.UniqueConstraint(
                fields=["workspace", "deal"], condition=Q(is_primary=True), name="deal_contact_primary"
            ),
        ]

    def __str__(self):
        return f"{self.deal}: {self.contact}"
