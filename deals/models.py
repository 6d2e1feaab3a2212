"""Pipelines, stages, deals, and the history of each deal's way (domain.md section 3)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pghistory
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from activities.models import Door
from deals import triggers
from leads.models import Campaign, Company, Contact, Lead, Segment, Source
from workspaces.tenant import MemberForeignKey, TenantForeignKey, TenantModel


class Kind(models.TextChoices):
    """Of a stage; a deal's status is its stage's kind (the database holds them equal)."""

    OPEN = "open", "Open"
    WON = "won", "Won"
    LOST = "lost", "Lost"


@pghistory.track()
class Pipeline(TenantModel):
    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=0)
    is_default = models.BooleanField(default=False)
    # Transition policy; see transitions.py
    max_skip = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="The most stages one move may skip forward; empty: any number."
    )
    win_from = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="Position of the earliest open stage a deal can be won from; empty: any but the first.",
    )

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="pipeline_once"),
            models.UniqueConstraint(fields=["workspace"], condition=Q(is_default=True), name="pipeline_default_once"),
        ]

    def __str__(self):
        return self.name


@pghistory.track()
class Stage(TenantModel):
    class Forecast(models.TextChoices):
        PIPELINE = "pipeline", "Pipeline"
        BEST_CASE = "best_case", "Best case"
        COMMIT = "commit", "Commit"
        CLOSED = "closed", "Closed"
        OMITTED = "omitted", "Omitted"

    pipeline = TenantForeignKey(Pipeline, models.CASCADE, related_name="stages")
    name = models.CharField(max_length=60)
    position = models.PositiveSmallIntegerField()
    probability = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(100)], help_text="Percent.")
    color = models.CharField(
        max_length=7, default="#6B7280", validators=[RegexValidator(r"^#[0-9A-Fa-f]{6}$", "Write a colour as #RRGGBB.")]
    )
    kind = models.CharField(max_length=4, choices=Kind, default=Kind.OPEN)
    rotting_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Days without activity until a deal rots; empty: never."
    )
    forecast_category = models.CharField(max_length=9, choices=Forecast, blank=True, help_text="Empty: by probability.")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "pipeline", "name"], name="stage_once"),
            models.UniqueConstraint(
                fields=["workspace", "pipeline", "position"],
                name="stage_position_once",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(fields=["workspace", "pipeline", "id", "kind"], name="stage_of_deal"),
            models.CheckConstraint(condition=Q(probability__range=(0, 100)), name="stage_probability"),
            models.CheckConstraint(
                condition=Q(kind="won", probability=100) | Q(kind="lost", probability=0) | Q(kind="open"),
                name="stage_closed_probability",
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def is_open(self) -> bool:
        return self.kind == Kind.OPEN


# What a deal weighs, times 100: as an index has it, and lists sort by it.
WEIGHT = models.ExpressionWrapper(
    models.F("amount") * models.F("probability"), output_field=models.DecimalField(max_digits=17, decimal_places=2)
)


class DealQuerySet(models.QuerySet):
    def owned_by(self, owners: list[int] | None) -> DealQuerySet:
        """Those of the given users; None means everybody's (see access.visible_owners)."""
        return self if owners is None else self.filter(owner_id__in=owners)

    def open(self) -> DealQuerySet:
        return self.filter(status=Kind.OPEN)

    def closed(self) -> DealQuerySet:
        return self.exclude(status=Kind.OPEN)

    def closing_in(self, month: date) -> DealQuerySet:
        """Open deals expected to close in the month of `month`."""
        first = month.replace(day=1)
        return self.open().filter(
            expected_close_date__gte=first, expected_close_date__lt=(first + timedelta(days=32)).replace(day=1)
        )


class LiveDeals(models.Manager.from_queryset(DealQuerySet)):
    """Deals that are not in the bin."""

    def get_queryset(self) -> DealQuerySet:
        return super().get_queryset().filter(deleted_at=None)


@pghistory.track(exclude=["rank", "version", "updated_at", "last_activity_at", "next_activity_at"])
class Deal(TenantModel):
    class ProbabilitySource(models.TextChoices):
        STAGE = "stage", "Stage"
        MANUAL = "manual", "By hand"
        MODEL = "model", "Model"

    name = models.CharField(max_length=200)
    company = TenantForeignKey(Company, models.SET_NULL, null=True, blank=True, related_name="deals")
    people = models.ManyToManyField(Contact, through="deals.DealContact", related_name="deals")
    lead = TenantForeignKey(Lead, models.SET_NULL, null=True, blank=True, related_name="deals")
    owner = MemberForeignKey()
    pipeline = TenantForeignKey(Pipeline, models.PROTECT, related_name="deals", db_index=False)
    stage = TenantForeignKey(
        Stage,
        models.PROTECT,
        also=(("pipeline_id", "pipeline_id"), ("status", "kind")),
        related_name="deals",
        db_index=False,
    )
    stage_entered_at = models.DateTimeField(default=timezone.now)
    status = models.CharField(max_length=4, choices=Kind, default=Kind.OPEN, editable=False)
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3)
    probability = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(100)], help_text="Percent.")
    probability_source = models.CharField(max_length=6, choices=ProbabilitySource, default=ProbabilitySource.STAGE)
    expected_close_date = models.DateField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    won_reason = models.CharField(max_length=80, blank=True)
    lost_reason = models.CharField(max_length=80, blank=True)
    close_note = models.TextField(blank=True)
    competitor = models.CharField(max_length=120, blank=True)
    source = models.CharField(max_length=12, choices=Source, blank=True)
    campaign = TenantForeignKey(Campaign, models.SET_NULL, null=True, blank=True, related_name="deals")
    segment = TenantForeignKey(Segment, models.SET_NULL, null=True, blank=True, related_name="deals")
    product = models.CharField(
        max_length=120, blank=True, help_text="What it is about, in a word; line items come with products."
    )
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
                include=["owner", "amount"],
                name="deal_closed",
                condition=~Q(status="open") & Q(deleted_at=None),
            ),
            # The list: sorted by these, paged by id.
            models.Index(fields=["workspace", "-created_at", "-id"], name="deal_created"),
            models.Index(fields=["workspace", "amount", "id"], name="deal_amount"),
            models.Index(fields=["workspace", "expected_close_date", "id"], name="deal_close_date"),
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


class StageEvent(TenantModel):
    """A deal left one stage for another. Append-only: time in a stage is left_at - entered_at of the event that left it."""

    append_only = True

    deal = TenantForeignKey(Deal, models.DO_NOTHING, related_name="stage_events", db_index=False)
    from_stage = TenantForeignKey(
        Stage, models.PROTECT, null=True, related_name="+", db_index=False, help_text="None: the deal was created."
    )
    to_stage = TenantForeignKey(Stage, models.PROTECT, related_name="+", db_index=False)
    by = MemberForeignKey(null=True)
    door = models.CharField(max_length=10, choices=Door)
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    probability = models.PositiveSmallIntegerField()
    entered_at = models.DateTimeField(null=True, help_text="When the deal had entered from_stage.")
    left_at = models.DateTimeField(help_text="When it left from_stage and entered to_stage.")
    # What an undo restores, and the version it must still find.
    before = models.JSONField(default=dict)
    version = models.PositiveIntegerField(help_text="The deal's version after the change.")
    undoes = TenantForeignKey("self", models.DO_NOTHING, null=True, related_name="+", db_index=False)

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "deal", "-left_at", "-id"], name="stage_event_deal"),
            models.Index(fields=["workspace", "to_stage", "left_at"], name="stage_event_reached"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "undoes"], condition=Q(undoes__isnull=False), name="stage_event_undone_once"
            )
        ]

    def __str__(self):
        return f"{self.deal_id}: {self.from_stage_id} → {self.to_stage_id}"


class StageTotal(TenantModel):
    """Open deals of a stage per owner; kept by triggers on deals, read by the board's heads. Never written from Python."""

    stage = TenantForeignKey(Stage, models.CASCADE, related_name="totals", db_index=False)
    owner = MemberForeignKey(db_index=False)
    deals = models.IntegerField(default=0)
    amount = models.DecimalField(max_digits=20, decimal_places=2, default=0)
    weighted = models.DecimalField(max_digits=22, decimal_places=4, default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "stage", "owner"], name="stage_total_once")]

    def __str__(self):
        return f"{self.stage_id}/{self.owner_id}: {self.deals}"


class ClosedTotal(TenantModel):
    """Closed deals of a stage per owner and whole days from creation to close; kept by triggers on deals like StageTotal.

    The days are rounded: of them there are few, so that the median reads few rows. The mean is exact, from `seconds`.
    """

    stage = TenantForeignKey(Stage, models.CASCADE, related_name="+", db_index=False)
    owner = MemberForeignKey(db_index=False)
    days = models.IntegerField()
    deals = models.IntegerField(default=0)
    seconds = models.BigIntegerField(default=0, help_text="From creation to close, of all of them.")
    amount = models.DecimalField(max_digits=20, decimal_places=2, default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "stage", "owner", "days"], name="closed_total_once")
        ]

    def __str__(self):
        return f"{self.stage_id}/{self.owner_id}/{self.days}: {self.deals}"


class ClosedDay(TenantModel):
    """Deals of a stage per owner and day (UTC) of closing; kept by triggers on deals like StageTotal."""

    stage = TenantForeignKey(Stage, models.CASCADE, related_name="+", db_index=False)
    owner = MemberForeignKey(db_index=False)
    day = models.DateField()
    deals = models.IntegerField(default=0)
    amount = models.DecimalField(max_digits=20, decimal_places=2, default=0)

    class Meta:
        constraints = [
            # The day before the owner: sums of the last 30 days read one range.
            models.UniqueConstraint(fields=["workspace", "stage", "day", "owner"], name="closed_day_once")
        ]

    def __str__(self):
        return f"{self.stage_id}/{self.owner_id}/{self.day}: {self.deals}"
