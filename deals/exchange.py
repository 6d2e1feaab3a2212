"""What an amount is worth in the workspace's own currency (pure)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal

# What a rate stays below: with the largest amount of a deal it still fits into every sum.
LIMIT = Decimal(10**6)
SMALLEST = Decimal("0.000000000001")


class NoRate(LookupError):
    """Nobody has said yet what this currency is worth."""


class Rates:
    """Of some currencies, each with its days in order. A day without a rate has that of the day before; those before the
    first one have the first.

    >>> rates = Rates("EUR", {"USD": [(date(2026, 1, 1), Decimal("0.9")), (date(2026, 6, 1), Decimal("0.8"))]})
    >>> [str(rates.of(*asked)) for asked in (("USD",), ("USD", date(2026, 5, 31)), ("USD", date(2020, 1, 1)), ("EUR",))]
    ['0.8', '0.9', '0.9', '1']
    """

    def __init__(self, own: str, known: Mapping[str, Sequence[tuple[date, Decimal]]]):
        self.own, self.known = own, known

    def of(self, currency: str, day: date | None = None) -> Decimal:
        """In force on `day`, else the newest one. Raises NoRate."""
        if currency in ("", self.own):
            return Decimal(1)
        found = self.known.get(currency)
        if not found:
            raise NoRate(currency)
        if day is None:
            return found[-1][1]
        return found[max(0, bisect_right(found, day, key=lambda entry: entry[0]) - 1)][1]


def day_of(moment: datetime) -> date:
    """The day that counts for a rate and for a sum over days: in UTC, so that all readers share it."""
    return moment.astimezone(UTC).date()


def midnight(day: date) -> datetime:
    """When such a day begins."""
    return datetime.combine(day, time(0), UTC)
