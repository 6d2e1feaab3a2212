"""Dates as files write them (pure): which way round a column writes them, and what one value says."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Literal

from babel.dates import get_month_names
from dateutil import parser

from workspaces.dates import is_taken

DAY_FIRST, MONTH_FIRST = "day", "month"
NUMERIC = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?:[ T,]+(\S.*))?")
YEAR_FIRST = re.compile(r"(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})(?:[ T,]+(\S.*))?")
# The languages whose names of months are understood.
LOCALES = ("de", "fr", "es", "it", "pt", "nl", "sv", "da")
# A date is not longer; dateutil would work on an essay for minutes.
LONGEST = 40


@dataclass
class DateOrder:
    """What the values of one column tell about day and month: 31/12 is day first, 12/31 month first, 1/2 either."""

    day_first: int = 0
    month_first: int = 0
    undecided: list[str] = field(default_factory=list)  # a few samples

    def see(self, values: Iterable[str]) -> None:
        for value in values:
            if found := NUMERIC.fullmatch(value):
                first, second = int(found[1]), int(found[3])
                if first > 12 >= second:
                    self.day_first += 1
                elif second > 12 >= first:
                    self.month_first += 1
                elif first != second and len(self.undecided) < 3:
                    self.undecided.append(value)

    @property
    def known(self) -> str:
        """DAY_FIRST or MONTH_FIRST, by the majority where the column is at odds with itself; "" when nothing tells."""
        if self.day_first == self.month_first:
            return ""
        return DAY_FIRST if self.day_first > self.month_first else MONTH_FIRST

    def decide(self, asked: str) -> str:
        """The order to read the column by; what somebody said counts where the values tell nothing, or both."""
        return asked if asked and self.day_first and self.month_first else self.known or asked

    @property
    def is_ambiguous(self) -> bool:
        return not self.known and (bool(self.undecided) or self.day_first > 0)

    def readings(self) -> str:
        """Both readings of a sample, for a question: “03/04/2021” is 3 April 2021 or 4 March 2021."""
        sample = self.undecided[0] if self.undecided else ""
        found = NUMERIC.fullmatch(sample)
        if not found:
            return "some values are day first and as many are month first"
        one, other = (_numeric(found, order) for order in (DAY_FIRST, MONTH_FIRST))
        return f"“{sample}” is {one.day} {one:%B %Y} or {other.day} {other:%B %Y}"


def parse_moment(text: str, order: str, zone: tzinfo) -> datetime:
    """The moment that `text` says, aware; times without zone are in `zone`, dates without time are their midnight there.

    `order` (DAY_FIRST, MONTH_FIRST, or "" where the column has no such dates) is kept to: 12/31/2021 is no date of a
    column that is day first. Raises ValueError with a message for people.
    """
    try:
        moment = _parse(text, order)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"“{text[:LONGEST]}” is not a date" + _hint(text, order)) from error
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    if not (is_taken(aware) and is_taken(moment.date())):
        raise ValueError(f"“{text[:LONGEST]}” lies in the year {moment.year}")
    return aware


def _parse(text: str, order: str) -> datetime:
    if len(text) > LONGEST:
        raise ValueError("too long")
    if found := NUMERIC.fullmatch(text):
        return _with_time(_numeric(found, order), found[5])
    if found := YEAR_FIRST.fullmatch(text):
        return _with_time(datetime(int(found[1]), int(found[2]), int(found[3])), found[4])
    if text.isdigit() and len(text) == 8:
        return datetime.fromisoformat(text)
    if not re.search(r"[^\W\d]{3}", text):
        raise ValueError("no month")
    return _named(text)


def _numeric(found: re.Match[str], order: str) -> datetime:
    day, month = (found[1], found[3]) if order == DAY_FIRST else (found[3], found[1])
    year = "%Y" if len(found[4]) == 4 else "%y"
    return datetime.strptime(f"{day}/{month}/{found[4]}", f"%d/%m/{year}")


def _with_time(day: datetime, text: str | None) -> datetime:
    if not text:
        return day
    try:
        return datetime.fromisoformat(f"{day:%Y-%m-%d} {text}")
    except ValueError:
        moment = parser.parse(text, default=day)
    if moment.date() != day.date():
        raise ValueError("more than one date")
    return moment


def _named(text: str) -> datetime:
    """With the month in letters. dateutil takes what is missing from a default: a second one tells whether anything was."""
    found = parser.parse(text, _months(), default=datetime(1904, 1, 1))
    if 1 in (found.day, found.month) or found.year == 1904:
        other = parser.parse(text, _months(), default=datetime(1908, 2, 2))
        if found != other:
            raise ValueError("incomplete")
    return found


@functools.cache
def _months() -> parser.parserinfo:
    """dateutil's English, with the months of other languages beside."""

    class Info(parser.parserinfo):
        MONTHS = [
            (*english, *dict.fromkeys(_month_names(number, "wide") + _month_names(number, "abbreviated")))
            for number, english in enumerate(parser.parserinfo.MONTHS, 1)
        ]
        JUMP = [*parser.parserinfo.JUMP, "de", "den", "del", "le"]

        def convertyear(self, year: int, century_specified: bool = False) -> int:
            """Two digits as strptime reads them, so that all styles agree: 69 to 99 are of the last century."""
            return year if century_specified or year >= 100 else year + (1900 if year > 68 else 2000)

    return Info()


def _month_names(number: int, width: Literal["wide", "abbreviated"]) -> list[str]:
    return [get_month_names(width, locale=locale)[number].rstrip(".") for locale in LOCALES]


def _hint(text: str, order: str) -> str:
    if not NUMERIC.fullmatch(text):
        return ""
    return {DAY_FIRST: ", day first", MONTH_FIRST: ", month first"}.get(order, "")


def local_day(moment: datetime, zone: tzinfo) -> date:
    return moment.astimezone(zone).date()
