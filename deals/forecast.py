"""How sure open deals are, and what becomes of a date that moves (pure; domain.md section 6)."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

PIPELINE, BEST_CASE, COMMIT, OMITTED = "pipeline", "best_case", "commit", "omitted"
# The surest first, as a head shows them.
CATEGORIES = (COMMIT, BEST_CASE, PIPELINE, OMITTED)
# What a deal may be set to by hand.
SAID = {COMMIT: "Commit", BEST_CASE: "Best case", PIPELINE: "Pipeline", OMITTED: "Omitted"}
LIKELY, SURE = 40, 70  # percent


def band(probability: int) -> str:
    """By probability alone.

    >>> band(39), band(40), band(69), band(70)
    ('pipeline', 'best_case', 'best_case', 'commit')
    """
    return COMMIT if probability >= SURE else BEST_CASE if probability >= LIKELY else PIPELINE


def category(said: str, of_stage: str, by_probability: str) -> str:
    """What the deal itself says comes first, then what its stage says, then the probability.

    >>> category("", "", "commit"), category("", "pipeline", "commit"), category("omitted", "pipeline", "commit")
    ('commit', 'pipeline', 'omitted')
    """
    return said or of_stage or by_probability


@dataclass(frozen=True)
class Slip:
    """How often, and by how many days in all, the expected date was put off."""

    times: int = 0
    days: int = 0

    def after(self, old: date | None, new: date | None) -> Slip:
        """A date that was put off counts; one that was set first, taken away or brought forward does not. `old` is the
        last one that there was: a date taken away and set again later was put off too.

        >>> Slip(1, 3).after(date(2026, 11, 20), date(2026, 12, 20)), Slip(1, 3).after(date(2026, 11, 20), date(2026, 11, 1))
        (Slip(times=2, days=33), Slip(times=1, days=3))
        """
        if old is None or new is None or new <= old:
            return self
        return Slip(self.times + 1, self.days + (new - old).days)


def month_of(day: date, months: int = 0) -> date:
    """The first day of the month that comes `months` after that of `day`.

    >>> month_of(date(2026, 11, 20), 2)
    datetime.date(2027, 1, 1)
    """
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def moved_to(month: date, day: date | None) -> date:
    """The same day in another month, or that one's last; one that had no date gets the last day.

    >>> moved_to(date(2027, 2, 1), date(2026, 11, 30)), moved_to(date(2027, 2, 1), None)
    (datetime.date(2027, 2, 28), datetime.date(2027, 2, 28))
    """
    last = monthrange(month.year, month.month)[1]
    return month.replace(day=min(day.day if day else last, last))


def months_from(today: date, least: int = 4) -> Iterator[date]:
    """The months that a forecast shows: to the end of the year, but never fewer than `least`.

    >>> [month.month for month in months_from(date(2026, 11, 20))], len(list(months_from(date(2026, 1, 1))))
    ([11, 12, 1, 2], 12)
    """
    for ahead in range(max(least, 13 - today.month)):
        yield month_of(today, ahead)
