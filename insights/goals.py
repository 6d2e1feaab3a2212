"""How far one should be, and how far one is (pure; domain.md section 6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from deals.forecast import month_of

MONTHS = {"month": 1, "quarter": 3, "year": 12}
# Of the pace; what is below is behind.
AT_RISK = Decimal("0.8")
ON_TRACK_, AT_RISK_, BEHIND_ = "on_track", "at_risk", "behind"
LABELS = {ON_TRACK_: "On track", AT_RISK_: "At risk", BEHIND_: "Behind"}
TONES = {ON_TRACK_: "green", AT_RISK_: "amber", BEHIND_: "red"}


@dataclass(frozen=True)
class Span:
    """Days from `first` up to, and without, `end`."""

    first: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.first).days

    @property
    def last(self) -> date:
        return self.end - timedelta(days=1)

    def elapsed(self, today: date) -> Decimal:
        """The share of its days that has begun, today's among them.

        >>> Span(date(2026, 11, 1), date(2026, 12, 1)).elapsed(date(2026, 11, 15))
        Decimal('0.5')
        """
        return Decimal(min(max((today - self.first).days + 1, 0), self.days)) / self.days


def span(period: str, day: date, before: int = 0) -> Span:
    """The month, quarter or year of `day`, or the one so many `before` it.

    >>> span("quarter", date(2026, 11, 20))
    Span(first=datetime.date(2026, 10, 1), end=datetime.date(2027, 1, 1))
    >>> span("quarter", date(2026, 11, 20), before=1).first
    datetime.date(2026, 7, 1)
    """
    size = MONTHS[period]
    first = month_of(day, -((day.month - 1) % size) - before * size)
    return Span(first, month_of(first, size))


@dataclass(frozen=True)
class Progress:
    """What was reached of a target, with `elapsed` (0 to 1) of its time gone."""

    target: Decimal
    reached: Decimal
    elapsed: Decimal

    @property
    def share(self) -> Decimal:
        return self.reached / self.target

    @property
    def pace(self) -> Decimal:
        """Where one should be by now."""
        return self.target * self.elapsed

    @property
    def state(self) -> str:
        """
        >>> [Progress(Decimal(100), Decimal(n), Decimal("0.5")).state for n in (50, 49, 40, 39)]
        ['on_track', 'at_risk', 'at_risk', 'behind']
        """
        if self.reached >= self.pace:
            return ON_TRACK_
        return AT_RISK_ if self.reached >= AT_RISK * self.pace else BEHIND_

    @property
    def gap(self) -> Decimal:
        return max(self.target - self.reached, Decimal(0))
