"""The pipeline as it stood on an earlier day: stage, amount, probability, bin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from deals.actions import create_deal, delete_deal, move_to_stage, update_deal
from deals.models import Deal
from insights.metrics import summary, summary_as_of
from tests.factories import make_deal

NOW = datetime.now(UTC)


def made(acme, days_ago: int, stage: str, amount: int) -> Deal:
    at = NOW - timedelta(days=days_ago)
    return create_deal(
        acme.workspace, name="Deal", stage=acme.stages[stage], amount=Decimal(amount), by=acme.alice, at=at
    )


def as_it_was(acme, days_ago: int):
    return summary_as_of(acme.workspace, (NOW - timedelta(days=days_ago)).date())


def test_an_amount_changed_since_counts_as_it_was(acme):
    deal = made(acme, 10, "New", 1000)
    update_deal(deal, by=acme.alice, version=1, amount=Decimal(500_000))
    assert summary(acme.workspace).in_progress.amount == 500_000
    assert as_it_was(acme, 5).in_progress.amount == 1000
    assert as_it_was(acme, 0).in_progress.amount == 500_000


def test_a_deal_deleted_since_is_there_then(acme):
    deal = made(acme, 12, "Qualified", 700)
    deal, _ = move_to_stage(deal, acme.stages["Won"], by=acme.alice, at=NOW - timedelta(days=10))
    assert as_it_was(acme, 11).in_progress.amount == 700
    delete_deal(deal, by=acme.alice)
    then = as_it_was(acme, 5)
    assert (then.won.deals, then.won.amount, then.days_to_close_mean) == (1, 700, 2)
    assert as_it_was(acme, 0).won.deals == 0


def test_before_it_was_created_there_is_nothing(acme):
    made(acme, 3, "New", 10)
    assert as_it_was(acme, 2).in_progress.deals == 1
    assert as_it_was(acme, 4).in_progress.deals == 0


def test_today_it_says_what_the_kept_totals_say(acme):
    first = make_deal(acme.alice, acme.stages["New"], amount=Decimal(300))
    second = make_deal(acme.bob, acme.stages["Qualified"], amount=Decimal(900))
    update_deal(first, by=acme.alice, version=1, probability=33)
    move_to_stage(second, acme.stages["Lost"], by=acme.bob, reason="No budget")
    assert as_it_was(acme, 0).as_json() == summary(acme.workspace).as_json()
