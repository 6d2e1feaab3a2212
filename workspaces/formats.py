"""How numbers, money, dates and times are written for one reader.

Made in Python, not by template filters: a board has 175 cards, and Babel's formatters cost 5–10 µs a value.
The locale's own signs are read from Babel once per (locale, currency) and day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_currency, get_currency_precision, get_decimal_symbol
from django.http import HttpRequest
from django.utils import timezone

# "en" is written the international way: 18 Dec, 14:30, Monday first.
LOCALES = {
    "en": "English (international)",
    "en_US": "English (United States)",
    "de": "Deutsch",
    "de_CH": "Deutsch (Schweiz)",
    "es": "Español",
    "fr": "Français",
    "it": "Italiano",
    "nl": "Nederlands",
    "pl": "Polski",
    "pt": "Português",
    "pt_BR": "Português (Brasil)",
    "sv": "Svenska",
}
# What CLDR takes a bare language to be is not what its readers expect.
PLACES = {"en": "en_GB", "pt": "pt_PT"}
# A day as it is typed: three numbers with something between, and 2026-11-20 wherever one lives.
TYPED_DAY = re.compile(r"\s*(\d{1,4})[\s./-]+(\d{1,2})[\s./-]+(\d{1,4})\.?\s*")
# A time as it is typed: 14:30, 1430, 2.30 pm, 2pm, 14h30.
TYPED_CLOCK = re.compile(r"\s*(\d{1,2})(?:\s*[:.h]?\s*(\d\d)|\s*[:.h])?\s*(?:([ap])\.?\s?m?\.?)?\s*", re.IGNORECASE)
STEPS = ((10**9, "B"), (10**6, "M"), (10**3, "k"))
NONE = "—"


@lru_cache(maxsize=64)
def locale_of(code: str) -> Locale:
    try:
        return Locale.parse(PLACES.get(code, code))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_GB")


@lru_cache(maxsize=256)
def _signs(locale: Locale, currency: str) -> tuple[str, str, str, str]:
    """What stands before and after an amount, the thousands sign and the decimal sign."""
    sample = format_currency(
        7777777, currency, locale=locale, format=None, currency_digits=True, decimal_quantization=True
    )
    decimal = get_decimal_symbol(locale)
    first, last = sample.index("7"), sample.rindex("7") if not get_currency_precision(currency) else sample.rindex("0")
    # One's own dollar or yen needs no country before it.
    before, after = (
        side.replace("US$", "$").replace("$US", "$").replace("JP¥", "¥")
        for side in (sample[:first], sample[last + 1 :])
    )
    # A code needs a space that a sign does not: PLN 500, €500.
    return before + "\xa0" * before[-1:].isalpha(), after, sample[first + 1], decimal


@lru_cache(maxsize=4096)
def _day(day: date, today: date, locale: Locale) -> str:
    if -6 <= (day - today).days <= 7:
        return format_skeleton("Ed", day, locale=locale)
    return format_skeleton("MMMd" if day.year == today.year else "yMMMd", day, locale=locale)


@lru_cache(maxsize=1024)
def _day_long(day: date, locale: Locale) -> str:
    return format_date(day, "full", locale=locale)


@lru_cache(maxsize=1440)
def _clock(clock: time, locale: Locale) -> str:
    return format_time(clock, "short", locale=locale)


@dataclass(frozen=True)
class Formats:
    """Everything that is written for one reader goes through here."""

    locale: Locale
    zone: tzinfo
    currency: str
    today: date

    @classmethod
    def of(cls, request: HttpRequest) -> Formats:
        formats = getattr(request, "_formats", None)
        if formats is None:
            workspace = getattr(request, "workspace", None)
            code = getattr(request.user, "locale", "") or "en"
            formats = cls(
                locale_of(code),
                timezone.get_current_timezone(),
                workspace.currency if workspace else "EUR",
                timezone.localdate(),
            )
            vars(request)["_formats"] = formats
        return formats

    # -- money and numbers ------------------------------------------------------------------------

    def money(self, amount: Decimal | None, currency: str = "") -> str:
        """Whole units, for cards and lists: €48,000. Unknown is a dash."""
        return NONE if amount is None else self._money(amount, 0, currency or self.currency)

    def money_exact(self, amount: Decimal | None, currency: str = "") -> str:
        """With cents where there are any: €48,000 or €48,000.50."""
        if amount is None:
            return NONE
        currency = currency or self.currency
        return self._money(amount, get_currency_precision(currency) if amount % 1 else 0, currency)

    def money_short(self, amount: Decimal | None, currency: str = "") -> str:
        """For sums: €9.5k, €484k, €2.21M; the exact sum belongs in the title."""
        if amount is None:
            return NONE
        for size, letter in STEPS:
            # 999,600 is 1.00M, not 1000k.
            if abs(amount) >= size * Decimal("0.9995"):
                scaled = Decimal(amount) / size
                limits = ("9.95",) if letter == "k" else ("9.995", "99.95")
                digits = sum(abs(scaled) < Decimal(limit) for limit in limits)
                return self._money(scaled, digits, currency or self.currency, letter)
        return self._money(amount, 0, currency or self.currency)

    def _money(self, amount: Decimal, digits: int, currency: str, letter: str = "") -> str:
        before, after, group, decimal = _signs(self.locale, currency)
        rounded = Decimal(amount).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
        number = f"{abs(rounded):,f}"
        if (group, decimal) != (",", "."):
            number = number.translate({44: group, 46: decimal})
        return f"{'−' if rounded < 0 else ''}{before}{number}{letter}{after}"

    def number(self, value: Decimal | int | float | None, digits: int = 0) -> str:
        if value is None:
            return NONE
        _, _, group, decimal = _signs(self.locale, self.currency)
        rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
        return f"{rounded:z,f}".translate({44: group, 46: decimal, 45: "−"})

    def rate(self, rate: Decimal) -> str:
        """An exchange rate with four digits that count: 0.8734, 0.00006123."""
        return self.number(rate, max(2, 4 - (rate.adjusted() + 1)))

    @property
    def decimal_sign(self) -> str:
        return get_decimal_symbol(self.locale)

    def typed(self, value: Decimal | int) -> str:
        """As it stands in a field to be edited: 48,000 or 48,000.50, without currency."""
        return self.number(value, 2 if value % 1 else 0)

    def percent(self, share: Decimal | float | None, digits: int = 0) -> str:
        """A share (0.6315) as 63 % the way the locale writes it."""
        if share is None:
            return NONE
        space = "" if self.locale.language in ("en", "it", "pt", "nl", "pl") else "\u202f"
        return f"{self.number(Decimal(str(share)) * 100, digits)}{space}%"

    # -- days and times ----------------------------------------------------------------------------

    def day(self, day: date | None) -> str:
        """Wed 25 within a week, 18 Dec within the year, else 29 Jan 2027."""
        return NONE if day is None else _day(day, self.today, self.locale)

    def day_long(self, day: date | None) -> str:
        return NONE if day is None else _day_long(day, self.locale)

    @property
    def day_pattern(self) -> str:
        """How a day is typed: "dd/mm/yyyy"."""
        pattern = self.locale.date_formats["short"].pattern
        for letters, whole in (("y+", "yyyy"), ("[Md]+", lambda found: found[0][0].lower() * 2)):
            pattern = re.sub(letters, whole, pattern)
        return pattern

    def day_typed(self, day: date) -> str:
        """As it stands in a field to be edited: 20/11/2026; `read_day` reads it."""
        return (
            self.day_pattern.replace("yyyy", f"{day.year:04}")
            .replace("mm", f"{day.month:02}")
            .replace("dd", f"{day.day:02}")
        )

    def read_day(self, text: str) -> date:
        """The day that was typed, in the reader's own order or as 2026-11-20; two digits are a year of this century.
        Raises ValueError."""
        found = TYPED_DAY.fullmatch(text)
        if not found:
            raise ValueError(f"“{text.strip()[:40]}” is not a date")
        order = re.sub(r"(.)\1*\W*", r"\1", self.day_pattern)
        if len(found[1]) > 2:
            order = "ymd"
        elif len(found[3]) > 2 and order == "ymd":
            order = "dmy"
        parts = dict(zip(order, found.groups(), strict=True))
        year, month, day = (int(parts[letter]) for letter in "ymd")
        if len(parts["y"]) == 3:
            raise ValueError(f"“{text.strip()}” is not a date")
        return date(year + 2000 if len(parts["y"]) < 3 else year, month, day)

    def local_day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def clock(self, moment: datetime) -> str:
        local = moment.astimezone(self.zone)
        return _clock(time(local.hour, local.minute), self.locale)

    def clock_typed(self, clock: time) -> str:
        """As it stands in a field to be edited: 14:30 or 2:30 PM; `read_clock` reads it."""
        return format_time(clock, "short", locale=self.locale).replace("\u202f", " ").replace("\xa0", " ")

    def read_clock(self, text: str) -> time:
        """The time that was typed: 14:30, 1430, 2:30 pm, 2pm. Raises ValueError."""
        found = TYPED_CLOCK.fullmatch(text)
        if not found:
            raise ValueError(f"“{text.strip()[:40]}” is not a time")
        hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").lower()
        if half:
            if not 1 <= hour <= 12:
                raise ValueError(f"“{text.strip()}” is not a time")
            hour = hour % 12 + 12 * (half == "p")
        return time(hour, minute)

    def moment(self, moment: datetime | None) -> str:
        """4 min under an hour ago, then 14:06 today, else the day."""
        if moment is None:
            return NONE
        ago = datetime.now(UTC) - moment
        if timedelta(0) <= ago < timedelta(hours=1):
            minutes = int(ago.total_seconds() // 60)
            return f"{minutes} min" if minutes else "now"
        return self.clock(moment) if self.local_day(moment) == self.today else self.day(self.local_day(moment))

    def ago(self, moment: datetime | None) -> str:
        """`moment` within a sentence: "9 min ago", "at 14:06", "on 18 Dec"."""
        text = self.moment(moment)
        if moment is None or text == "now":
            return text
        if text.endswith(" min"):
            return f"{text} ago"
        return f"at {text}" if self.local_day(moment) == self.today else f"on {text}"

    def moment_full(self, moment: datetime | None) -> str:
        """With date, time and zone, for titles."""
        if moment is None:
            return NONE
        local = moment.astimezone(self.zone)
        return f"{_day_long(local.date(), self.locale)}, {self.clock(moment)} {local.tzname()}"
