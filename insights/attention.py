"""Deals at risk, and why; what was made and done last."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import DurationField, ExpressionWrapper, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from activities.models import Activity
from deals.cards import present, rotting, rows
from deals.models import Deal
from insights.dashboard import Dashboard

SHOWN = 6
# So often put off is a habit.
SLIPS = 2
TOLD = (
    Activity.Kind.DEAL_CREATED, Activity.Kind.STAGE_CHANGE, Activity.Kind.CALL, Activity.Kind.MEETING, Activity.Kind.EMAIL_IN,
    Activity.Kind.EMAIL_OUT, Activity.Kind.LEAD_CONVERTED,
)  # fmt: skip
QUIET = ExpressionWrapper(F("stage__rotting_days") * Value(timedelta(days=1)), output_field=DurationField())


def at_risk(board: Dashboard) -> list[dict]:
    """The most valuable open deals of which something says that they may be lost, with what that is in words."""
    now = board.request_time
    overdue = Q(expected_close_date__lt=board.formats.today)
    silent = Q(quiet_since__lt=now - F("rots_in")) & (
        Q(next_activity_at=None) | Q(next_activity_at__gt=now + F("rots_in"))
    )
    deals = open_deals(board).annotate(rots_in=QUIET, quiet_since=Coalesce("last_activity_at", "created_at"))
    risky = deals.filter(overdue | Q(slips__gte=SLIPS) | Q(next_activity_at=None) | silent)
    ids = list(risky.order_by(F("base_amount").desc(nulls_last=True), "-pk").values_list("pk", flat=True)[:SHOWN])
    more = ("stage__rotting_days", "stage__name", "slips", "slipped_days")
    found = {deal["pk"]: deal for deal in rows(Deal.objects.filter(pk__in=ids), *more)}
    lines = []
    for pk in ids:
        deal = found[pk]
        card = present([deal], board.formats, now)[0]
        lines.append(card | {"why": why(deal, board), "has_step": deal["next_task"] is not None})
    return lines


def why(deal: dict, board: Dashboard) -> str:
    """What speaks against it, the gravest first.

    The days are those since the deal was last heard of, against the limit of its stage.
    """
    formats, now, said = board.formats, board.request_time, []
    day = deal["expected_close_date"]
    if rotting(deal, now):
        days = (now - deal["quiet_since"]).days
        said.append(
            f"quiet for {formats.number(days)} d in {deal['stage__name']} (limit {deal['stage__rotting_days']})"
        )
    if day and day < formats.today:
        said.append(f"close date passed {formats.number((formats.today - day).days)} d ago")
    if deal["slips"] >= SLIPS:
        said.append(f"put off {formats.number(deal['slips'])} times, +{formats.number(deal['slipped_days'])} d")
    if deal["next_task"] is None:
        said.append("no next step")
    text = ", ".join(said) or "no activity is planned any more"
    return text[0].upper() + text[1:]


def open_deals(board: Dashboard) -> QuerySet[Deal]:
    deals = board.filter.qs.open()
    return deals.filter(pipeline=board.pipeline) if board.pipeline else deals


def recent(board: Dashboard) -> list[dict]:
    """The deals that were made last."""
    deals = board.filter.qs
    deals = deals.filter(pipeline=board.pipeline) if board.pipeline else deals
    ids = deals.order_by("-created_at", "-pk").values("pk")[:SHOWN]
    found = list(
        rows(
            Deal.objects.filter(pk__in=list(ids.values_list("pk", flat=True))),
            "created_at",
            "stage__rotting_days",
            "stage__name",
            "stage__color",
        ).order_by("-created_at", "-pk")
    )
    cards = present(found, board.formats, board.request_time)
    return [
        card
        | {
            "stage": deal["stage__name"],
            "color": deal["stage__color"],
            "created": board.formats.moment(deal["created_at"]),
        }
        for card, deal in zip(cards, found, strict=True)
    ]


def told(board: Dashboard) -> list[Activity]:
    """What happened to deals last, as far as the reader sees them."""
    lines = Activity.objects.filter(workspace=board.workspace, kind__in=TOLD, undone_at=None, deal__deleted_at=None)
    for ids in board.owners:
        lines = lines.filter(deal__owner_id__in=ids)
    lines = lines.filter(deal__isnull=False).select_related("deal", "actor")
    return list(lines.order_by("-at", "-pk")[: SHOWN + 2])
