"""What the tables of totals hold, and what they should, by reading every deal of the workspace that one is in."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, timedelta
from decimal import ROUND_HALF_UP, Decimal

from deals.forecast import band
from deals.models import (
    ClosedDay,
    ClosedTotal,
    CreatedDay,
    CurrencyRate,
    Deal,
    ForecastTotal,
    Kind,
    ReachedTotal,
    StageTotal,
)


def recount() -> dict[str, dict]:
    """What the tables of totals should hold, by reading every deal that is not in the bin."""
    opened: dict = defaultdict(lambda: [0, 0, Decimal(0), Decimal(0)])
    lasted: dict = defaultdict(lambda: [0, 0, 0, Decimal(0)])
    closed: dict = defaultdict(lambda: [0, 0, 0, Decimal(0)])
    forecast: dict = defaultdict(lambda: [0, 0, Decimal(0), Decimal(0)])
    created: dict = defaultdict(lambda: [0, Decimal(0)])
    reached: dict = defaultdict(lambda: [0, Decimal(0)])
    for deal in Deal.objects.all():
        amount, converted = in_euros(deal), int(deal.rate != 1)
        born = deal.created_at.astimezone(UTC).date()
        add(created[deal.pipeline_id, born, deal.owner_id], 1, amount)
        add(reached[deal.furthest_id, born.replace(day=1), deal.owner_id, deal.status], 1, amount)
        if deal.status == Kind.OPEN:
            weighted = amount * deal.probability / 100
            add(opened[deal.stage_id, deal.owner_id], 1, converted, amount, weighted)
            month = deal.expected_close_date and deal.expected_close_date.replace(day=1)
            key = (month, deal.stage_id, deal.owner_id, deal.forecast_category, band(deal.probability))
            add(forecast[key], 1, converted, amount, weighted)
            continue
        day = deal.closed_at.astimezone(UTC).date()
        took = deal.closed_at - deal.created_at
        days = (took + timedelta(hours=12)) // timedelta(days=1)
        add(lasted[deal.stage_id, deal.owner_id, days], 1, converted, round(took.total_seconds()), amount)
        add(closed[deal.stage_id, deal.owner_id, day], 1, converted, round(took.total_seconds()), amount)
    return {
        "open": dict(opened),
        "days to close": dict(lasted),
        "day of closing": dict(closed),
        "forecast": dict(forecast),
        "created": dict(created),
        "reached": dict(reached),
    }


def in_euros(deal: Deal) -> Decimal:
    """By the rates as they stand now: the newest one, or that of the day of closing."""
    if deal.amount is None or deal.currency == "EUR":
        return deal.amount or Decimal(0)
    rates = CurrencyRate.objects.filter(currency=deal.currency).order_by("day")
    day = deal.closed_at and deal.closed_at.astimezone(UTC).date()
    known = [rate for rate in rates if day is None or rate.day <= day] or [rates[0]]
    return (deal.amount * known[-1].rate).quantize(Decimal("0.01"), ROUND_HALF_UP)


def add(total: list, *values: Decimal | int) -> None:
    total[:] = [kept + value for kept, value in zip(total, values, strict=True)]


def kept() -> dict[str, dict]:
    """What they do hold; a row that came to nothing may stay."""

    def rows(model: type, keys: tuple[str, ...], sums: tuple[str, ...]) -> dict:
        found = {tuple(row[: len(keys)]): list(row[len(keys) :]) for row in model.objects.values_list(*keys, *sums)}
        return {key: values for key, values in found.items() if any(values)}

    return {
        "open": rows(StageTotal, ("stage_id", "owner_id"), ("deals", "converted", "amount", "weighted")),
        "days to close": rows(
            ClosedTotal, ("stage_id", "owner_id", "days"), ("deals", "converted", "seconds", "amount")
        ),
        "day of closing": rows(ClosedDay, ("stage_id", "owner_id", "day"), ("deals", "converted", "seconds", "amount")),
        "forecast": rows(
            ForecastTotal,
            ("month", "stage_id", "owner_id", "said", "band"),
            ("deals", "converted", "amount", "weighted"),
        ),
        "created": rows(CreatedDay, ("pipeline_id", "day", "owner_id"), ("deals", "amount")),
        "reached": rows(ReachedTotal, ("stage_id", "month", "owner_id", "status"), ("deals", "amount")),
    }
