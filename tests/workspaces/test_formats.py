"""How numbers, money, days and times are written for readers of different places."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspaces.formats import LOCALES, Formats, locale_of

TODAY = date(2026, 11, 20)  # a Friday
SPACE, THIN = "\xa0", "\u202f"


def formats(code: str = "en", currency: str = "EUR") -> Formats:
    return Formats(locale_of(code), UTC, currency, TODAY)


# --- money --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "currency", "whole", "exact"),
    [
        ("en", "EUR", "€48,001", "€48,000.50"),
        ("en", "USD", "$48,001", "$48,000.50"),
        ("en", "JPY", "¥48,001", "¥48,001"),
        ("en", "PLN", f"PLN{SPACE}48,001", f"PLN{SPACE}48,000.50"),
        ("en_US", "EUR", "€48,001", "€48,000.50"),
        ("de", "EUR", f"48.001{SPACE}€", f"48.000,50{SPACE}€"),
        ("de", "USD", f"48.001{SPACE}$", f"48.000,50{SPACE}$"),
        ("de_CH", "CHF", f"CHF{SPACE}48’001", f"CHF{SPACE}48’000.50"),
        ("fr", "EUR", f"48{THIN}001{SPACE}€", f"48{THIN}000,50{SPACE}€"),
        ("nl", "EUR", f"€{SPACE}48.001", f"€{SPACE}48.000,50"),
        ("pl", "PLN", f"48{SPACE}001{SPACE}zł", f"48{SPACE}000,50{SPACE}zł"),
        ("pt", "EUR", f"48{SPACE}001{SPACE}€", f"48{SPACE}000,50{SPACE}€"),
        ("pt_BR", "BRL", f"R${SPACE}48.001", f"R${SPACE}48.000,50"),
    ],
)
def test_money_is_written_as_its_reader_writes_it(code, currency, whole, exact):
    here, amount = formats(code, currency), Decimal("48000.50")
    assert (here.money(amount), here.money_exact(amount)) == (whole, exact)


def test_cents_are_there_only_where_there_are_any():
    assert formats().money_exact(Decimal("48000.00")) == "€48,000"
    assert formats().money_exact(Decimal("0.05")) == "€0.05"


def test_an_amount_may_have_a_currency_of_its_own():
    assert formats().money(Decimal(5), "USD") == "$5"


def test_below_zero_has_a_real_minus_before_everything():
    amount = Decimal("-1234.50")
    assert formats().money_exact(amount) == "−€1,234.50"
    assert formats("de").money_exact(amount) == f"−1.234,50{SPACE}€"
    assert formats().money(Decimal("-0.4")) == "€0"


def test_unknown_is_a_dash_and_zero_is_not():
    here = formats()
    assert {here.money(None), here.money_exact(None), here.money_short(None), here.number(None)} == {"—"}
    assert {here.percent(None), here.day(None), here.day_long(None), here.moment(None), here.moment_full(None)} == {"—"}
    assert (here.money(Decimal(0)), here.money_short(Decimal(0)), here.number(0)) == ("€0", "€0", "0")


@pytest.mark.parametrize(
    ("amount", "short"),
    [
        ("999", "€999"),
        ("999.49", "€999"),
        ("999.50", "€1.0k"),
        ("9499", "€9.5k"),
        ("9949", "€9.9k"),
        ("9950", "€10k"),
        ("99499", "€99k"),
        ("484000", "€484k"),
        ("999499", "€999k"),
        ("999500", "€1.00M"),
        ("2214000", "€2.21M"),
        ("9994999", "€9.99M"),
        ("9995000", "€10.0M"),
        ("99949999", "€99.9M"),
        ("99950000", "€100M"),
        ("999500000", "€1.00B"),
        ("1000000000000000000", "€1,000,000,000B"),
        ("-2214000", "−€2.21M"),
        ("-999500", "−€1.00M"),
    ],
)
def test_sums_are_short(amount, short):
    assert formats().money_short(Decimal(amount)) == short


def test_short_sums_keep_the_readers_signs():
    assert formats("de").money_short(Decimal(2214000)) == f"2,21M{SPACE}€"
    assert formats("de_CH", "CHF").money_short(Decimal(2214000)) == f"CHF{SPACE}2.21M"


@given(amount=st.decimals(1, Decimal(10**15), places=2))
def test_a_short_sum_is_right_to_three_digits_or_one_thousand(amount):
    shown = formats().money_short(amount).removeprefix("€").replace(",", "")
    factor = {"k": 10**3, "M": 10**6, "B": 10**9}.get(shown[-1], 1)
    said = Decimal(shown.rstrip("kMB")) * factor
    assert abs(said - amount) <= max(amount / 19, Decimal("0.5"))
    assert len(shown) <= 5 or amount >= 10**12


def test_short_sums_never_fall_as_amounts_rise():
    amounts = [Decimal(digits).scaleb(zeros) for zeros in range(8) for digits in range(1000, 10000, 7)]
    shown = [formats().money_short(amount).removeprefix("€") for amount in sorted(amounts)]
    factors = {"k": 10**3, "M": 10**6, "B": 10**9}
    said = [Decimal(text.rstrip("kMB").replace(",", "")) * factors.get(text[-1], 1) for text in shown]
    assert all(one <= two for one, two in pairwise(said))


@pytest.mark.parametrize("code", LOCALES)
def test_every_locale_writes_money_and_days(code):
    here = formats(code)
    assert here.locale.language == code[:2]
    assert here.money(Decimal(1)).replace("EUR", "€").replace(SPACE, "") in ("€1", "1€")
    assert "2027" in here.day(date(2027, 1, 29)) and "2026" in here.day_long(TODAY)


@pytest.mark.parametrize("code", ["", "xx", "klingon", "en_XX", "de-DE", "../etc"])
def test_an_unknown_locale_is_english(code):
    assert str(locale_of(code)) == "en_GB"


# --- numbers ------------------------------------------------------------------------------------------


def test_numbers_and_shares():
    en, de, fr = formats(), formats("de"), formats("fr")
    assert (en.number(1234567), de.number(1234567), fr.number(1234567)) == (
        "1,234,567",
        "1.234.567",
        f"1{THIN}234{THIN}567",
    )
    assert (en.number(1234.567, 2), de.number(Decimal("1234.567"), 2)) == ("1,234.57", "1.234,57")
    assert (en.percent(0.6315), en.percent(0.6315, 1), de.percent(0.6315, 1)) == ("63%", "63.2%", f"63,2{THIN}%")
    assert (en.number(-3), en.number(-0.4), en.percent(-0.001)) == ("−3", "0", "0%")


def test_halves_are_rounded_up_as_money_is():
    assert [formats().number(Decimal(value)) for value in ("0.5", "1.5", "2.5", "-2.5")] == ["1", "2", "3", "−3"]
    assert formats().money(Decimal("2.5")) == "€3"


# --- days and times -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "en", "us", "de"),
    [
        ("2026-11-20", "Fri 20", "20 Fri", "Fr., 20."),
        ("2026-11-27", "Fri 27", "27 Fri", "Fr., 27."),
        ("2026-11-14", "Sat 14", "14 Sat", "Sa., 14."),
        ("2026-11-28", "28 Nov", "Nov 28", "28. Nov."),
        ("2026-11-13", "13 Nov", "Nov 13", "13. Nov."),
        ("2027-01-29", "29 Jan 2027", "Jan 29, 2027", "29. Jan. 2027"),
        ("2025-11-20", "20 Nov 2025", "Nov 20, 2025", "20. Nov. 2025"),
    ],
)
def test_days_near_have_their_weekday_and_days_far_their_year(day, en, us, de):
    day = date.fromisoformat(day)
    assert (formats().day(day), formats("en_US").day(day), formats("de").day(day)) == (en, us, de)


def test_a_week_across_new_year_needs_no_year():
    here = replace(formats(), today=date(2026, 12, 30))
    assert (here.day(date(2027, 1, 2)), here.day(date(2027, 2, 2))) == ("Sat 2", "2 Feb 2027")


def test_times_are_the_readers():
    moment = datetime(2026, 11, 19, 23, 30, tzinfo=UTC)
    berlin = replace(formats("de"), zone=ZoneInfo("Europe/Berlin"))
    new_york = replace(formats("en_US"), zone=ZoneInfo("America/New_York"))
    assert (formats().clock(moment), berlin.clock(moment)) == ("23:30", "00:30")
    assert new_york.clock(moment).replace(THIN, " ") == "6:30 PM"
    assert (formats().local_day(moment), berlin.local_day(moment)) == (date(2026, 11, 19), date(2026, 11, 20))
    assert berlin.moment_full(moment) == "Freitag, 20. November 2026, 00:30 CET"


def test_moments_are_minutes_then_a_time_then_a_day():
    now = datetime.now(UTC)
    here = replace(formats(), today=now.date())
    assert (here.moment(now), here.ago(now)) == ("now", "now")
    some = now - timedelta(minutes=4, seconds=5)
    assert (here.moment(some), here.ago(some)) == ("4 min", "4 min ago")
    midday = datetime(now.year, now.month, now.day, 12, tzinfo=UTC)
    long_ago = midday - timedelta(days=400)
    assert here.ago(long_ago) == f"on {here.day(long_ago.date())}"
    assert here.moment(midday + timedelta(days=1)) == here.day((midday + timedelta(days=1)).date())


def test_an_hour_ago_is_a_time_of_day():
    past = datetime.now(UTC) - timedelta(minutes=61)
    here = replace(formats(), today=past.date())
    assert (here.moment(past), here.ago(past)) == (f"{past:%H:%M}", f"at {past:%H:%M}")


def test_soon_is_no_time_ago():
    soon = datetime.now(UTC) + timedelta(minutes=5)
    assert replace(formats(), today=soon.date()).moment(soon) == f"{soon:%H:%M}"
