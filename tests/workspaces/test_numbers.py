"""Amounts as people type them: every usual way is read, and nothing that says something else is taken for money."""

from __future__ import annotations

from datetime import UTC, date
from decimal import Decimal

import pytest
from django.forms import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from workspaces.fields import AmountField
from workspaces.formats import LOCALES, Formats, locale_of
from workspaces.forms import COMMON
from workspaces.numbers import decimal_sign, parse_amount

READ = {
    "48000": "48000",
    "48,000": "48000",
    "48.000": "48000",
    "48 000": "48000",
    "48\u202f000,50 €": "48000.50",
    "1.234,50": "1234.50",
    "1,234.50": "1234.50",
    "1'234.50": "1234.50",
    "1’234.50": "1234.50",
    "1.234.567,89": "1234567.89",
    "1,234,567": "1234567",
    "₹1,23,45,678.90": "12345678.90",
    "12,5": "12.5",
    "0,125": "0.125",
    ".5": "0.5",
    "5.": "5",
    "１２３": "123",
    # thousands, millions, billions
    "12k": "12000",
    "12 K": "12000",
    "1.5M": "1500000",
    "1,5 m": "1500000",
    "2 mn": "2000000",
    "3MM": "3000000",
    "1.5 Mio. €": "1500000",
    "2,5 Mrd": "2500000000",
    "3bn": "3000000000",
    "$1,117.10K": "1117100",
    "5MEUR": "5000000",
    "5 kkr": "5000",
    # currencies, whose first letter may be one of those
    "500 kr": "500",
    "500 kr.": "500",
    "kr 500": "500",
    "500 MXN": "500",
    "500 BRL": "500",
    "500 KRW": "500",
    "500 Kč": "500",
    "48 000,50 zł": "48000.50",
    "CHF 1'200": "1200",
    "Rs. 500": "500",
    "US$ 500": "500",
    "R$500": "500",
    "500 Euro": "500",
    # without cents
    "500.-": "500",
    "500,–": "500",
    "500/-": "500",
    "500.- CHF": "500",
    # below zero
    "-300": "-300",
    "−300 €": "-300",
    "(300)": "-300",
    "($300.50)": "-300.50",
    "300-": "-300",
    "$-300": "-300",
    "+300": "300",
}
JUNK = (
    "", " ", "abc", "€", "-", ".", "12..5", "1,2,3", "1.2,3.4", "12,34,5.6.7", "--5", "+-5", "-(5)", "(5", "5)", "1e5",
    "0x10", "NaN", "inf", "5 kg", "10 box", "12 min", "5 km", "50%", "~5", "<5", "ca 5", "5 6 apples", "1/2", "½",
    "2026-01-02", "12:30", "5k5", "5kk", "k5", "5 bananas", "500.-5", "1" * 61, "5" + "." * 100_000,
)  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), READ.items())
def test_reads(text, expected):
    assert parse_amount(text) == Decimal(expected)


@pytest.mark.parametrize("text", JUNK, ids=lambda text: text[:20])
def test_refuses_what_is_no_amount(text):
    with pytest.raises(ValueError, match="is not a number"):
        parse_amount(text)


@pytest.mark.parametrize(
    ("text", "sign", "expected"),
    [("1,117", ".", "1117"), ("1,117", ",", "1.117"), ("1.117", ",", "1117"), ("1.117", ".", "1.117")],
)
def test_the_sign_of_the_column_decides_where_the_text_does_not(text, sign, expected):
    assert parse_amount(text, sign) == Decimal(expected)


@pytest.mark.parametrize(("text", "sign"), [("1.234,50", "."), ("1,234.50", ","), ("1.5.5", "."), ("1.5.5", "")])
def test_a_text_of_the_other_sign_is_refused(text, sign):
    with pytest.raises(ValueError, match="is not a number"):
        parse_amount(text, sign)


@pytest.mark.parametrize(
    ("values", "sign"),
    [
        (["1.234,5"], ","),
        (["12,50"], ","),
        (["1,234.5"], "."),
        (["1,117", "12.5"], "."),
        (["1.234.567"], ","),
        (["1,117", "2,228"], ""),
        (["1.117"], ""),
        (["0.117"], "."),
        (["5", "abc"], ""),
        ([], ""),
    ],
)
def test_the_decimal_sign_of_a_column(values, sign):
    assert decimal_sign(values) == sign


@given(st.text(max_size=80))
def test_any_text_is_an_amount_or_refused_in_words(text):
    try:
        amount = parse_amount(text)
    except ValueError as error:
        assert "is not a number" in str(error)
    else:
        assert amount.is_finite() and any(sign.isdigit() for sign in text)


@given(
    amount=st.decimals(Decimal(-(10**12)), Decimal(10**12), places=2),
    code=st.sampled_from(sorted(LOCALES)),
    currency=st.sampled_from(COMMON),
)
def test_reads_back_what_the_page_shows(amount, code, currency):
    """Every locale, every usual currency: a copied amount can be pasted."""
    amount = amount if currency != "JPY" else amount.to_integral_value()
    shown = Formats(locale_of(code), UTC, currency, date(2026, 11, 20)).money_exact(amount)
    assert parse_amount(shown) == amount, shown


@given(
    whole=st.integers(0, 10**9),
    cents=st.integers(0, 99),
    group=st.sampled_from(["", ",", ".", " ", "'"]),
    decimal=st.sampled_from([",", "."]),
)
def test_reads_every_pair_of_separators(whole, cents, group, decimal):
    if group != decimal:
        text = f"{whole:,}".replace(",", group) + f"{decimal}{cents:02}"
        assert parse_amount(text) == Decimal(f"{whole}.{cents:02}"), text


# --- the form field ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("1.234,50", "1234.50"), ("12k", "12000"), ("2.345,678", "2345.68"), ("0.005", "0.01"), ("999999999999", "999999999999")],
)  # fmt: skip
def test_the_field_reads_to_the_cent(typed, expected):
    assert AmountField().clean(typed) == Decimal(expected)


@pytest.mark.parametrize("empty", ["", None])
def test_the_field_may_be_empty(empty):
    assert AmountField(required=False).clean(empty) is None
    with pytest.raises(ValidationError, match="required"):
        AmountField().clean(empty)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("twelve", "“twelve” is not a number. Write it like 48000 or 48,000.50."),
        ("-1", "Between 0 and 999,999,999,999."),
        ("1000000000000", "Between 0 and 999,999,999,999."),
        ("9" * 50, "Between 0 and 999,999,999,999."),
        ("999999 mrd", "Between 0 and 999,999,999,999."),
    ],
)
def test_the_field_says_what_it_refuses(typed, message):
    with pytest.raises(ValidationError) as refused:
        AmountField().clean(typed)
    assert refused.value.messages == [message]


def test_just_below_the_limit_is_not_rounded_over_it():
    with pytest.raises(ValidationError, match="Between"):
        AmountField().clean("999999999999.999")
