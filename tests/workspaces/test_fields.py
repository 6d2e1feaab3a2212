"""Forms show numbers and days as their reader writes them, and read back what they show."""

from __future__ import annotations

from datetime import UTC, date
from decimal import Decimal

import pytest
from django import forms
from hypothesis import given
from hypothesis import strategies as st

from deals.models import Deal
from leads.actions import create_company
from leads.models import Company
from tests.factories import make_deal, url
from tests.pages import SCRIPT, read
from workspaces.fields import AmountField, CountField, DayField, speak
from workspaces.formats import LOCALES, Formats, locale_of
from workspaces.models import User

TODAY = date(2026, 11, 20)


def formats(code: str) -> Formats:
    return Formats(locale_of(code), UTC, "EUR", TODAY)


class Form(forms.Form):
    amount = AmountField(required=False)
    count = CountField(required=False)
    day = DayField(required=False)


def form(code: str, data: dict | None = None, **initial: object) -> Form:
    made = Form(data, initial=initial)
    speak(made, formats(code))
    return made


@given(
    code=st.sampled_from(list(LOCALES)),
    amount=st.decimals(0, 10**11, places=2),
    count=st.integers(0, 2**31 - 1),
    day=st.dates(date(1900, 1, 1), date(2199, 12, 31)),
)
def test_every_locale_reads_back_what_it_shows(code, amount, count, day):
    shown = {field.name: field.value() for field in form(code, amount=amount, count=count, day=day)}
    again = form(code, shown)
    assert again.is_valid(), again.errors
    assert again.cleaned_data == {"amount": amount, "count": count, "day": day}


@pytest.mark.parametrize(
    ("code", "amount", "day"),
    [
        ("en", "48,000.50", "03/02/2027"),
        ("en_US", "48,000.50", "02/03/2027"),
        ("de", "48.000,50", "03.02.2027"),
        ("de_CH", "48’000.50", "03.02.2027"),
        ("fr", "48\u202f000,50", "03/02/2027"),
        ("nl", "48.000,50", "03-02-2027"),
        ("pl", "48\xa0000,50", "03.02.2027"),
        ("sv", "48\xa0000,50", "2027-02-03"),
    ],
)
def test_fields_show_what_their_reader_writes(code, amount, day):
    shown = form(code, amount=Decimal("48000.50"), day=date(2027, 2, 3))
    assert (shown["amount"].value(), shown["day"].value()) == (amount, day)


@pytest.mark.parametrize(
    ("code", "typed", "read"),
    [
        ("de", "1.234", "1234"),
        ("en", "1.234", "1.23"),
        ("en", "1,234", "1234"),
        ("de", "1,234", "1.23"),
        ("de", "12.50", "12.50"),
        ("en", "12,50", "12.50"),
        ("de", "48k", "48000"),
        ("fr", "1 234,5", "1234.5"),
    ],
)
def test_a_lone_sign_means_what_it_means_to_the_reader(code, typed, read):
    found = form(code, {"amount": typed})
    assert found.is_valid() and found.cleaned_data["amount"] == Decimal(read)


@pytest.mark.parametrize(
    ("code", "typed", "read"),
    [
        ("en", "3/2/2027", date(2027, 2, 3)),
        ("en_US", "3/2/2027", date(2027, 3, 2)),
        ("en", "3.2.27", date(2027, 2, 3)),
        ("de", " 3. 2. 2027 ", date(2027, 2, 3)),
        ("sv", "27-02-03", date(2027, 2, 3)),
        ("sv", "3.2.2027", date(2027, 2, 3)),
        *((code, "2027-02-03", date(2027, 2, 3)) for code in LOCALES),
    ],
)
def test_days_are_read_in_the_readers_order_and_iso_by_all(code, typed, read):
    assert formats(code).read_day(typed) == read


@pytest.mark.parametrize("typed", ["31/02/2027", "tomorrow", "3/2", "1/2/3/4", "13/13/2027", "1/1/202", "٣/٢/٢٠٢٧x"])
def test_what_is_no_day_is_said_with_an_example(typed):
    assert form("en", {"day": typed}).errors["day"] == ["This is not a date. Write it like 20/11/2026."]


def test_what_is_no_amount_is_said_with_an_example():
    assert "Write it like 48.000,50." in form("de", {"amount": "lots"}).errors["amount"][0]
    assert "Write it like 1.200." in form("de", {"count": "many"}).errors["count"][0]
    assert form("de", {"count": str(2**31)}).errors and form("de", {"count": "-1"}).errors


@pytest.mark.parametrize("code", LOCALES)
def test_a_page_saved_as_it_is_changes_nothing(acme, login, code):
    """In every locale: the forms of a deal's facts and of a company."""
    User.objects.filter(pk=acme.bob.user_id).update(locale=code)
    bob, here = login(acme.bob), formats(code)
    deal = make_deal(acme.bob, acme.stages["New"], amount=Decimal("1234567.89"), expected_close_date=date(2027, 2, 3))
    for field, shown in (
        ("amount", here.typed(deal.amount)),
        ("expected_close_date", here.day_typed(date(2027, 2, 3))),
    ):
        path = url(acme.workspace, "deal_edit", deal.pk, field)
        fields = read(bob.get(path, headers=SCRIPT)).one("form").fields
        assert fields["value"] == shown
        assert bob.post(path, fields, headers=SCRIPT).status_code == 200
    same = Deal.objects.get(pk=deal.pk)
    assert (same.amount, same.expected_close_date, same.version) == (
        deal.amount,
        deal.expected_close_date,
        deal.version,
    )
    company = create_company(acme.workspace, name="Blue", size=12345, annual_revenue=Decimal("2500000.5"), by=acme.bob)
    path = url(acme.workspace, "company_edit", company.pk)
    fields = next(form for form in read(bob.get(path, headers=SCRIPT)).all("form")).fields
    assert (fields["size"], fields["annual_revenue"]) == (here.typed(12345), here.typed(Decimal("2500000.50")))
    assert bob.post(path, fields).status_code == 302
    again = Company.objects.get(pk=company.pk)
    assert (again.size, again.annual_revenue, again.version) == (12345, Decimal("2500000.50"), company.version)
