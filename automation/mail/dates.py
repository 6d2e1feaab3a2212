"""The day that somebody names as theirs to be reached again: `named_date(text, today, language)`.

"back on 3 March", "bis 12.01.", "à partir du 5 janvier", "in two weeks", "next quarter", "Q3", "after the summer". Each language's
words become the tokens of one small grammar (date_words.py; names of months and days from Babel's CLDR), so that a general
parser of dates need not run over whole mails, where it takes seconds and finds a date in every number.

Never in the past: what was is not a day to write again. A day without a year is the next such day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from dateutil.easter import easter
from dateutil.relativedelta import relativedelta

from automation.mail.date_tokens import tokens

TEXT_LIMIT = 4_000
JUST_PAST = 60  # days: a day without a year that long gone is gone, not next year's
FURTHEST = 3  # years
SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "winter": 12}
NTH = {"first": 1, "second": 2, "third": 3, "fourth": 4}
SENTENCE_ENDS = {".", "!", "?", "\n", ";"}


def named_date(text: str, today: date, language: str = "") -> date | None:
    """
    >>> named_date("I am back on 3 March.", date(2026, 2, 20), "en"), named_date("In zwei Wochen wieder", date(2026, 2, 20), "de")
    (datetime.date(2026, 3, 3), datetime.date(2026, 3, 6))
    """
    found = _Finder(tokens(text[:TEXT_LIMIT], language), today).found()
    last = today + relativedelta(years=FURTHEST)
    future = [(rank, place, day) for rank, place, day in found if today <= day <= last]
    if not future:
        return None
    best = min(rank for rank, _, _ in future)
    days = [(place, day) for rank, place, day in future if rank == best]
    return max(day for _, day in days) if best == RETURN else min(days)[1]


# Tokens to days

RETURN, NAMED, VAGUE = 0, 1, 2  # how sure it is that the day meant is this one


class _Finder:
    """Looks for each shape at each place. `rank` is RETURN where words before it say that somebody is back, or away until."""

    def __init__(self, tokens: list[str], today: date) -> None:
        self.tokens = tokens
        self.today = today

    def found(self) -> list[tuple[int, int, date]]:
        days: list[tuple[int, int, date]] = []
        for place in range(len(self.tokens)):
            if self.at(place - 1) in {"since", "from?"} or self.at(place) == "since":
                continue
            for shape in (
                self.full_date,
                self.day_of_week,
                self.span,
                self.next_unit,
                self.part_of,
                self.month,
                self.season,
                self.quarter,
            ):
                for day in shape(place):
                    days.append((self.rank(place, day), place, day))
        return days

    def at(self, place: int) -> str:
        return self.tokens[place] if 0 <= place < len(self.tokens) else ""

    def before(self, place: int, most: int = 12) -> Iterator[str]:
        for each in range(place - 1, max(-1, place - 1 - most), -1):
            if self.tokens[each] in SENTENCE_ENDS:
                return
            yield self.tokens[each]

    def rank(self, place: int, day: date) -> int:
        near = list(self.before(place))
        return RETURN if {"until", "back"} & set(near) or "from" in near[:2] else NAMED

    def number(self, place: int) -> int:
        return int(self.at(place)) if self.at(place).isdecimal() and len(self.at(place)) <= 4 else 0

    def month_at(self, place: int) -> int:
        token = self.at(place)
        return int(token[6:-1]) if token.startswith("<month") else 0

    def year_at(self, place: int) -> int:
        """A year that stands here, perhaps after "of" or a comma; 0 where none does."""
        for distance in range(3):
            if 2000 <= self.number(place + distance) <= 2100:
                return self.number(place + distance)
            if self.at(place + distance) == "next" and self.at(place + distance + 1) == "year":
                return self.today.year + 1
            if self.at(place + distance) not in {"of", ","}:
                break
        return 0

    def day(self, year: int, month: int, day: int) -> Iterator[date]:
        try:
            if year:
                yield date(year, month, day)
                return
            this_year = date(self.today.year, month, day)
            if this_year >= self.today:
                yield this_year
            elif (self.today - this_year).days > JUST_PAST:
                yield date(self.today.year + 1, month, day)
        except ValueError:  # 31 June, 29 February
            return

    def full_date(self, place: int) -> Iterator[date]:
        token = self.at(place)
        if token[:1] == "<" and token[1:2].isdigit():
            year, month, day = (int(part) for part in token[1:-1].rstrip("?").split("-"))
            if (
                not token.endswith("?>")
                or self.at(place - 1) in {"until", "on", "from", "back", "after"}
                or self.at(place - 1).startswith("<day")
            ):
                yield from self.day(year, month, day)
        if (
            (month := self.month_at(place))
            and 1 <= (day := self.number(place + 1)) <= 31
            and self.at(place - 1) != "of"
        ):
            yield from self.day(self.year_at(place + 2), month, day)  # March 3
        elif 1 <= (day := self.number(place)) <= 31:
            ahead = place + 1
            while self.at(ahead) in {"of", "."} and ahead < place + 3:
                ahead += 1
            if month := self.month_at(ahead):
                yield from self.day(self.year_at(ahead + 1), month, day)

    def day_of_week(self, place: int) -> Iterator[date]:
        token = self.at(place)
        if (
            not token.startswith("<day")
            or 1 <= self.number(place + 1) <= 31
            or self.month_at(place + 1)
            or self.at(place + 1)[:1] == "<"
        ):
            return
        if self.at(place + 1) in {",", "of", "on"} and (
            self.number(place + 2) or self.month_at(place + 2) or self.at(place + 2)[:1] == "<"
        ):
            return
        if {"on", "until", "back", "next", "from", "after"} & {
            self.at(place - 1),
            self.at(place - 2),
            self.at(place + 1),
        }:
            yield self.today + timedelta((int(token[4:-1]) - self.today.weekday() - 1) % 7 + 1)

    def span(self, place: int) -> Iterator[date]:
        """In two weeks, after three months."""
        if self.at(place) not in {"in", "after"}:
            if self.at(place) in {"tomorrow", "aftertomorrow"} and {"back", "until", "on", "from"} & set(
                self.before(place, 4)
            ):
                yield self.today + timedelta(1 if self.at(place) == "tomorrow" else 2)
            return
        ahead = place + 1
        while self.at(ahead) in {"of", "about", "next"} and ahead < place + 4:
            ahead += 1
        count, unit = self.number(ahead), self.at(ahead + 1)
        if count and unit == "of":
            unit = self.at(ahead + 2)
        if self.at(ahead + 2) == "since" or not 1 <= count <= 60:
            return
        if unit in {"day", "week", "month", "year"}:
            yield self.today + relativedelta(**{f"{unit}s": min(count, 60)})
        elif unit == "quarter":
            yield self.today + relativedelta(months=3 * count)

    def starts(self, unit: str, ahead: int = 0) -> date:
        """The first day of this week, month, quarter or year, or of one so many ahead."""
        today = self.today
        if unit == "week":
            return today - timedelta(today.weekday()) + timedelta(weeks=ahead)
        if unit == "month":
            return today.replace(day=1) + relativedelta(months=ahead)
        if unit == "quarter":
            return date(today.year, 3 * ((today.month - 1) // 3) + 1, 1) + relativedelta(months=3 * ahead)
        if unit == "half":
            return date(today.year, 1 if today.month < 7 else 7, 1) + relativedelta(months=6 * ahead)
        return date(today.year + ahead, 1, 1)

    def next_unit(self, place: int) -> Iterator[date]:
        """Next week, in the new year; the other way round in Romance languages."""
        pair = {self.at(place), self.at(place + 1)}
        units = pair & {"week", "month", "quarter", "year", "half"}
        if "next" in pair and units and not self.part_before(place):
            yield self.starts(units.pop(), 1)
        if self.at(place) == "newyear":
            yield self.starts("year", 1)

    def part_before(self, place: int) -> str:
        return (
            next((token for token in self.before(place, 3) if token not in {"of", "on", "in"}), "")
            if self.at(place - 1) in {"of", "start", "mid", "end"}
            else ""
        )

    def part_of(self, place: int) -> Iterator[date]:
        """The end of the month, mid-March, early next year, the beginning of Q3."""
        part = self.at(place)
        if part not in {"start", "mid", "end"}:
            return
        ahead = place + 1
        following = 0
        while self.at(ahead) in {"of", "next", "in", "from"} and ahead < place + 5:
            following += self.at(ahead) == "next"
            ahead += 1
        unit = self.at(ahead)
        if unit in {"week", "month", "quarter", "year", "half"}:
            if self.at(ahead + 1) == "next":
                following = 1
            begins, length = (
                self.starts(unit, following),
                {"week": 0, "month": 1, "quarter": 3, "year": 12, "half": 6}[unit],
            )
            ends = begins + (relativedelta(months=length) if length else timedelta(5)) - timedelta(1)
        elif month := self.month_at(ahead):
            begins = next(self.day(self.year_at(ahead + 1), month, 1), date(self.today.year, month, 1))
            ends = begins + relativedelta(months=1) - timedelta(1)
        elif re.fullmatch(r"<q[1-4]>", unit):
            begins = self.quarter_starts(int(unit[2]), self.year_at(ahead + 1))
            ends = begins + relativedelta(months=3) - timedelta(1)
        elif unit in SEASONS:
            begins = self.season_starts(unit)
            ends = begins + relativedelta(months=3) - timedelta(1)
        else:
            return
        yield {
            "start": begins,
            "end": ends,
            "mid": begins + timedelta(14) if (ends - begins).days < 40 else begins + (ends - begins) / 2,
        }[part]

    def month(self, place: int) -> Iterator[date]:
        """In March, from March on: a month and no day."""
        month = self.month_at(place)
        has_day = self.at(place - 1).isdecimal() or (self.at(place - 1) == "of" and self.at(place - 2).isdecimal())
        if not month or has_day or 0 < self.number(place + 1) <= 31:
            return
        ways = {"in", "from", "back", "until", "after", "next", "on"}
        way = next((token for token in (self.at(place - 1), self.at(place - 2)) if token in ways), "") or (
            "next" if self.at(place + 1) == "next" else ""
        )
        if (
            not way
            or self.part_before(place) in {"start", "mid", "end"}
            or self.at(place - 1) in {"start", "mid", "end"}
        ):
            return
        year = self.year_at(place + 1)
        begins = date(year or self.today.year + (month < self.today.month), month, 1)
        if begins <= self.today and way not in {"after", "until"}:
            return
        yield begins + relativedelta(months=1) if way in {"after"} else begins

    def season_starts(self, name: str) -> date:
        begins = date(self.today.year, SEASONS[name], 1)
        return begins if begins > self.today else begins.replace(year=begins.year + 1)

    def season(self, place: int) -> Iterator[date]:
        """In the autumn, after the summer, after the season, after Christmas."""
        name, today = self.at(place), self.today
        is_after = (
            "after" in {self.at(place - 1), self.at(place - 2)}
            or (self.at(place - 1) == "of" and self.at(place - 3) == "after")
            or self.at(place + 1) == "after"
        )
        if name in SEASONS and (
            is_after
            or {"in", "next", "from", "until", "on"} & {self.at(place - 1), self.at(place - 2), self.at(place + 1)}
        ):
            month = (SEASONS[name] + 3 - 1) % 12 + 1 if is_after else SEASONS[name]
            begins = date(today.year, month, 1)
            yield begins if begins > today else begins.replace(year=begins.year + 1)
        elif name == "season" and is_after:
            ends = (date(today.year + each // 12, each % 12 + 1, 1) for each in range(2, 40, 3))
            yield next(day for day in ends if day > today + timedelta(30))
        elif name in {"holidays", "christmas"} and is_after:
            if name == "holidays" and 4 <= today.month <= 8:
                yield date(today.year, 9, 1)
            else:
                yield date(today.year + (today.month > 1 or today.day >= 7), 1, 7)
        elif name == "easter" and (is_after or self.at(place - 1) in {"until", "on", "in"}):
            days = (easter(year) + timedelta(2) for year in (today.year, today.year + 1))
            yield next(day for day in days if day > today)

    def quarter_starts(self, number: int, year: int) -> date:
        begins = date(year or self.today.year, 3 * number - 2, 1)
        if not year and begins + relativedelta(months=3) <= self.today:
            begins = begins.replace(year=begins.year + 1)
        return begins

    def quarter(self, place: int) -> Iterator[date]:
        """Q3, the third quarter, the second half of the year. The one that runs is no day to come back."""
        token, unit = self.at(place), self.at(place + 1)
        if self.at(place - 1) in {"start", "mid", "end"} or self.part_before(place) in {"start", "mid", "end"}:
            return
        number = 0
        if re.fullmatch(r"<[qh][1-4]>", token):
            number, unit = int(token[2]), {"q": "quarter", "h": "half"}[token[1]]
            ahead = place + 1
        elif token in NTH and unit in {"quarter", "half"}:
            number, ahead = NTH[token], place + 2
        elif self.number(place) in {1, 2, 3, 4} and unit == "quarter" and self.at(place - 1) != "in":
            number, ahead = self.number(place), place + 2
        if not number:
            return
        year = self.year_at(ahead)
        begins = self.quarter_starts(number if unit == "quarter" else 2 * number - 1, year)
        if "after" in {self.at(place - 1), self.at(place - 2)}:
            begins += relativedelta(months=3 if unit == "quarter" else 6)
        yield begins
