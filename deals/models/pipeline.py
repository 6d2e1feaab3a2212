"""Pipelines and their stages."""

from __future__ import annotations

import pghistory
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from workspaces.tenant import TenantForeignKey, TenantModel


class Kind(models.TextChoices):
    """Of a stage; a deal's status is its stage's kind (the database holds them equal)."""

    OPEN = "open", "Open"
    WON = "won", "Won"
    LOST = "lost", "Lost"


class Live(models.Manager):
    """Those that are in use. What was deleted though history names it is archived: told of, and never offered again."""

    def get_queryset(self) -> models.QuerySet:
        return super().get_queryset().filter(archived_at=None)


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
    version = models.PositiveIntegerField(default=1, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = Live()
    all_objects = models.Manager()

    class Meta:
        base_manager_name = "all_objects"
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"],
                name="pipeline_once",
                condition=Q(archived_at=None),
                violation_error_message="There is a pipeline of this name already.",
            ),
            models.UniqueConstraint(fields=["workspace"], condition=Q(is_default=True), name="pipeline_default_once"),
        ]

    def __str__(self):
        return self.name


@pghistory.track()
class Stage(TenantModel):
    # Archived ones stand behind all others, from here on.
    PARKED = 10_000

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
    version = models.PositiveIntegerField(default=1, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = Live()
    all_objects = models.Manager()

    class Meta:
        base_manager_name = "all_objects"
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "pipeline", "name"],
                name="stage_once",
                condition=Q(archived_at=None),
                violation_error_message="There is a stage of this name already.",
            ),
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
