"""Other currencies: what a deal is worth, which rate it follows, and who keeps rates."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from activities.models import Activity
from deals.actions import (
    change_currency,
    delete_deal,
    delete_rate,
    move_to_stage,
    set_rate,
    undo_stage_change,
    update_deal,
)
from deals.models import CurrencyRate, Deal, StageTotal
from tests.factories import make_deal, url
from workspaces.action import NotAllowed, Refused

MAY, JUNE = date(2026, 5, 1), date(2026, 6, 1)


@pytest.fixture
def dollars(acme):
    """From May on a dollar is worth 90 cents, from June on 80."""
    for day, rate in ((MAY, "0.9"), (JUNE, "0.8")):
        set_rate(acme.workspace, currency="usd", rate=Decimal(rate), day=day, by=acme.alice)


def base(deal: Deal) -> Decimal | None:
    return Deal.all_objects.get(pk=deal.pk).base_amount


def test_an_open_deal_follows_the_newest_rate(acme, dollars):
    deal = make_deal(acme.bob, acme.stages["New"], currency="USD")
    other = make_deal(acme.bob, acme.stages["New"])
    assert (base(deal), base(other)) == (800, 1000)
    set_rate(acme.workspace, currency="USD", rate=Decimal("0.5"), by=acme.alice)
    assert (base(deal), base(other), StageTotal.objects.get().amount) == (500, 1000, 1500)
    deal.refresh_from_db()
    assert (deal.amount, deal.currency, deal.version) == (1000, "USD", 1)


def test_a_closed_deal_keeps_the_rate_of_the_day_it_was_closed(acme, dollars):
    deal = make_deal(acme.bob, acme.stages["Proposal"], currency="USD", at=datetime(2026, 5, 2, tzinfo=UTC))
    move_to_stage(deal, acme.stages["Won"], by=acme.bob, at=datetime(2026, 5, 31, 23, tzinfo=UTC))
    assert base(deal) == 900
    set_rate(acme.workspace, currency="USD", rate=Decimal("0.5"), by=acme.alice)
    assert base(deal) == 900
    set_rate(acme.workspace, currency="USD", rate=Decimal("0.95"), day=MAY, by=acme.alice)
    assert base(deal) == 950  # that day's rate was put right
    move_to_stage(deal, acme.stages["Proposal"], by=acme.alice)
    assert base(deal) == 500


def test_undoing_a_close_gives_the_newest_rate_back(acme, dollars):
    deal = make_deal(acme.bob, acme.stages["Proposal"], currency="USD", at=datetime(2026, 5, 2, tzinfo=UTC))
    _, event = move_to_stage(deal, acme.stages["Won"], by=acme.alice, at=datetime(2026, 5, 3, tzinfo=UTC))
    assert base(deal) == 900
    undo_stage_change(event, by=acme.alice)
    assert base(deal) == 800


def test_a_currency_without_a_rate_is_refused_when_it_is_set(acme, dollars):
    deal = make_deal(acme.bob, acme.stages["New"])
    for currency, words in (("CHF", "What is CHF worth"), ("XQZ", "There is no currency")):
        with pytest.raises(Refused, match=words) as refusal:
            update_deal(deal, by=acme.bob, version=1, currency=currency)
        assert "currency" in refusal.value.fields
        with pytest.raises(Refused, match=words):
            make_deal(acme.bob, acme.stages["New"], currency=currency)
    assert Deal.objects.get().currency == "EUR"
    deal = update_deal(deal, by=acme.bob, version=1, currency="USD")
    assert (base(deal), deal.version) == (800, 2)
    assert Activity.objects.get(kind="field_change").data["changes"] == {"currency": ["EUR", "USD"]}


def test_what_a_rate_may_be(acme):
    tomorrow = timezone.now().date() + timedelta(days=1)
    for bad in (
        {"rate": Decimal(0)},
        {"rate": Decimal(10**6)},
        {"day": tomorrow},
        {"currency": "EUR"},
        {"currency": "Bit"},
    ):
        with pytest.raises(Refused):
            set_rate(acme.workspace, by=acme.alice, **{"currency": "USD", "rate": Decimal(1)} | bad)
    with pytest.raises(NotAllowed):
        set_rate(acme.workspace, currency="USD", rate=Decimal(1), by=acme.bob)
    assert not CurrencyRate.objects.exists()


def test_the_last_rate_stays_while_a_deal_needs_it(acme, dollars):
    deal = make_deal(acme.bob, acme.stages["New"], currency="USD")
    newest, oldest = CurrencyRate.objects.all()
    delete_rate(newest, by=acme.alice)
    assert base(deal) == 900
    delete_deal(deal, by=acme.alice)
    with pytest.raises(Refused, match="last rate stays"):
        delete_rate(oldest, by=acme.alice)
    with pytest.raises(NotAllowed):
        delete_rate(oldest, by=acme.bob)
    Deal.all_objects.all().delete()
    delete_rate(oldest, by=acme.alice)
    assert not CurrencyRate.objects.exists()


def test_the_currency_of_a_workspace_changes_while_nothing_is_in_it(acme, dollars):
    deal = make_deal(acme.bob, acme.stages["New"])
    with pytest.raises(Refused, match="There are deals with amounts in EUR"):
        change_currency(acme.workspace, currency="USD", by=acme.alice)
    with pytest.raises(NotAllowed):
        change_currency(acme.workspace, currency="USD", by=acme.bob)
    deal.delete()
    assert change_currency(acme.workspace, currency="USD", by=acme.alice).currency == "USD"
    assert not CurrencyRate.objects.exists()


def test_the_list_sorts_and_filters_by_what_deals_are_worth(acme, dollars, login):
    make_deal(acme.bob, acme.stages["New"], "Dollars", 1000, currency="USD")
    make_deal(acme.bob, acme.stages["New"], "Euros", 900)
    page = login(acme.bob).get(url(acme.workspace, "deal_list") + "?sort=-amount").content.decode()
    assert page.index("Euros") < page.index("Dollars") and "$1,000" in page
    page = login(acme.bob).get(url(acme.workspace, "deal_list") + "?amount_min=850").content.decode()
    assert "Euros" in page and "Dollars" not in page
