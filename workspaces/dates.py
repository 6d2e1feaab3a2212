"""Which dates and times are taken at all. A typed 9999 or 0001 is a slip; a zone away lies a year that PostgreSQL keeps
and Python cannot read, and every page with such a row would break."""

from __future__ import annotations

from datetime import UTC, date, datetime

from django.db import models
from django.db.models import Q

from workspaces.action import Refused

YEARS = range(1900, 2200)
_FROM, _TO = datetime(YEARS.start, 1, 1, tzinfo=UTC), datetime(YEARS.stop, 1, 1, tzinfo=UTC)


def is_taken(when: date | datetime) -> bool:
    """Times count in UTC, as they are kept.

    >>> is_taken(date(2199, 12, 31)), is_taken(datetime(9999, 12, 31, tzinfo=UTC))
    (True, False)
    """
    return _FROM <= when < _TO if isinstance(when, datetime) else when.year in YEARS


def check_dates(**dates: date | datetime | None) -> None:
    """Refuse those out of YEARS, by the names of the fields they were given in."""
    years = f"between {YEARS.start} and {YEARS.stop - 1}"
    if wrong := [name for name, when in dates.items() if when and not is_taken(when)]:
        raise Refused(
            f"The year of a date must lie {years}.", fields=dict.fromkeys(wrong, f"The year must lie {years}.")
        )


def within_years(model: str, *columns: str, time: bool = True) -> list[models.CheckConstraint]:
    """The same in the database, a constraint for each column: of times, else of days."""
    low, high = (_FROM, _TO) if time else (_FROM.date(), _TO.date())
    return [
        models.CheckConstraint(
            condition=Q(**{f"{column}__gte": low, f"{column}__lt": high}), name=f"{model}_{column}_years"
        )
        for column in columns
    ]
