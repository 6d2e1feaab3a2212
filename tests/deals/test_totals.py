"""The totals that triggers keep are those of a recount, whatever was done to deals and through whatever door."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deals.actions import (
    change_many,
    create_deal,
    delete_deal,
    delete_rate,
    move_to_stage,
    restore_deal,
    set_rate,
    undo_change,
    undo_many,
    undo_stage_change,
    update_deal,
)
from deals.actions.rates import follow_rates
from deals.bulk import NewDeal, create_deals, update_deals
from deals.forecast import SAID
from deals.models import BulkChange, CurrencyRate, Deal, DealChange, StageEvent
from deals.setup import edit_stage
from deals.tasks import empty_bin
from tests.factories import make_deal
from tests.recount import kept, recount
from tests.tenancy.walk import rolled_back
from workspaces.action import Refused

STAGES = ("New", "Contacted", "Proposal", "Won", "Lost")
THEN = datetime(2026, 3, 1, 22, tzinfo=UTC)
AMOUNTS = st.sampled_from([None, Decimal(0), Decimal("0.01"), Decimal("1234.56"), Decimal(10**9)])
NUMBER = st.integers(0, 10**6)


# --- anything that can happen ---------------------------------------------------------------------------


class Office:
    """Does things to deals. Each takes numbers from which it picks the deals it is about."""

    def __init__(self, acme):
        self.acme = acme
        self.owners = [acme.bob.user_id, acme.alice.user_id]

    def deal(self, number: int) -> Deal:
        deals = list(Deal.all_objects.order_by("pk"))
        return deals[number % len(deals)] if deals else make_deal(self.acme.bob, self.acme.stages["New"])

    def create(self, number, stage, amount):
        probability = None if number % 2 else number % 101
        owner = self.owners[number % 2]
        create_deal(
            self.acme.workspace, name="A", stage=self.acme.stages[stage], by=self.acme.alice, owner_id=owner, amount=amount, probability=probability
        )  # fmt: skip

    def update(self, number, stage, amount):
        deal = self.deal(number)
        changes = [
            {"amount": amount}, {"owner_id": self.owners[number % 2]}, {"probability": number % 101}, {"probability": None},
            {"currency": ("EUR", "USD", "JPY")[number % 3]}, {"forecast_category": (*SAID, "")[number % 5]},
            {"expected_close_date": number % 5 and date(2026, 1, 1) + timedelta(days=number % 400) or None},
        ]  # fmt: skip
        update_deal(deal, by=self.acme.bob, version=deal.version, **changes[number % 7])

    def rate(self, number, stage, amount):
        """A new rate, or an old one put right; days before and after those on which deals were closed."""
        day = THEN.date() + timedelta(days=number % 40 - 20)
        rate = Decimal(number % 977 + 1) / 100
        set_rate(self.acme.workspace, currency=("USD", "JPY")[number % 2], rate=rate, day=day, by=self.acme.alice)

    def forget_rate(self, number, stage, amount):
        if rates := list(CurrencyRate.objects.all()):
            delete_rate(rates[number % len(rates)], by=self.acme.alice)

    def undo_change(self, number, stage, amount):
        if change := DealChange.objects.filter(verb="edit", state="done").order_by("-pk").first():
            undo_change(change, by=self.acme.alice)

    def move_many(self, number, stage, amount):
        facts = {"stage": self.acme.stages[stage].pk, "reason": "Other", "note": "So"}
        change_many(self.acme.workspace, "move", Deal.objects.all(), facts, by=self.acme.alice, summary="Moved")

    def edit_many(self, number, stage, amount):
        facts = {"set": {"currency": ("EUR", "USD")[number % 2], "expected_close_date": f"2026-0{number % 9 + 1}-03"}}
        change_many(self.acme.workspace, "edit", Deal.objects.all(), facts, by=self.acme.alice, summary="Edited")

    def undo_many(self, number, stage, amount):
        if bulk := BulkChange.objects.order_by("-pk").first():
            undo_many(bulk, by=self.acme.alice)

    def move(self, number, stage, amount):
        at = THEN + timedelta(hours=number % 500) if number % 3 else None
        move_to_stage(self.deal(number), self.acme.stages[stage], by=self.acme.alice, reason="Other", note="So", at=at)

    def undo(self, number, stage, amount):
        event = StageEvent.objects.filter(from_stage__isnull=False, undoes=None).order_by("-pk").first()
        if event:
            undo_stage_change(event, by=self.acme.alice)

    def delete(self, number, stage, amount):
        delete_deal(self.deal(number), by=self.acme.bob)

    def restore(self, number, stage, amount):
        restore_deal(self.deal(number), by=self.acme.bob)

    def bring_in(self, number, stage, amount):
        new = [
            NewDeal(
                "A", self.acme.stages[name], self.owners[number % 2], THEN - timedelta(hours=number % 90), closed_at=THEN, amount=amount, reason="Price",
                currency=("", "USD")[number % 2],
            )
            for name in (stage, "Won", "New")
        ]  # fmt: skip
        create_deals(self.acme.workspace, new, by=self.acme.alice)

    def change_many(self, number, stage, amount):
        changes = {"amount": amount, "owner_id": self.owners[number % 2]}
        update_deals(self.acme.workspace, dict.fromkeys(Deal.objects.values_list("pk", flat=True), changes), by=None)

    def reweigh(self, number, stage, amount):
        edit_stage(self.acme.stages[stage], by=self.acme.alice, probability=number % 101)

    def write_sql(self, number, stage, amount):
        """Past every action, several rows a statement."""
        statement, values = [
            ("UPDATE deals_deal SET amount = coalesce(amount, 0) + 1.11 WHERE id %% 2 = %s", [number % 2]),
            ("UPDATE deals_deal SET owner_id = %s", [self.owners[number % 2]]),
            ("UPDATE deals_deal SET created_at = created_at - interval '26 hours', closed_at = closed_at + interval '3 hours'", None),
            ("UPDATE deals_deal SET deleted_at = CASE WHEN deleted_at IS NULL THEN now() END WHERE id %% 2 = %s", [number % 2]),
            ("DELETE FROM deals_deal WHERE id %% 3 = %s", [number % 3]),
            ("UPDATE deals_deal SET stage_id = %s, status = 'won', closed_at = %s, rank = NULL WHERE status = 'open' AND id %% 2 = 0", [self.acme.stages["Won"].pk, THEN]),
        ][number % 6]  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
        for currency in ("USD", "JPY"):  # past every action a rate is followed by nobody
            follow_rates(self.acme.workspace, currency)


DEEDS = [name for name in vars(Office) if not name.startswith("_") and name != "deal"]
STEPS = st.lists(st.tuples(st.sampled_from(DEEDS), NUMBER, st.sampled_from(STAGES), AMOUNTS), min_size=1, max_size=12)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_totals_are_those_of_a_recount(acme, steps):
    with rolled_back():
        office = Office(acme)
        for currency in ("USD", "JPY"):
            set_rate(acme.workspace, currency=currency, rate=Decimal("0.87"), day=THEN.date(), by=acme.alice)
        office.bring_in(1, "Proposal", Decimal(7))
        for deed, number, stage, amount in steps:
            try:
                getattr(office, deed)(number, stage, amount)
            except Refused:
                continue  # what is refused must count as little as what is done must count
        assert kept() == recount()


# --- by hand --------------------------------------------------------------------------------------------


def test_an_open_deal_counts_for_its_stage_and_owner(acme):
    make_deal(acme.bob, acme.stages["New"], amount=1000)
    make_deal(acme.bob, acme.stages["New"], amount=None, probability=50)
    make_deal(acme.alice, acme.stages["New"], amount=10, probability=33)
    new = acme.stages["New"].pk
    assert kept()["open"] == {
        (new, acme.bob.user_id): [2, 0, Decimal(1000), Decimal(100)],
        (new, acme.alice.user_id): [1, 0, Decimal(10), Decimal("3.3")],
    }


def test_a_closed_deal_counts_by_the_time_it_took_and_by_day_in_utc(acme):
    """Created an hour before midnight and closed an hour after it: two hours, on the second."""
    deal = make_deal(acme.bob, acme.stages["Contacted"], at=datetime(2026, 3, 1, 23, tzinfo=UTC))
    move_to_stage(deal, acme.stages["Won"], by=acme.bob, at=datetime(2026, 3, 2, 1, tzinfo=UTC))
    won, bob = acme.stages["Won"].pk, acme.bob.user_id
    first, contacted = date(2026, 3, 1), acme.stages["Contacted"]
    assert kept() == {
        "open": {},
        "days to close": {(won, bob, 0): [1, 0, 7200, Decimal(1000)]},
        "day of closing": {(won, bob, date(2026, 3, 2)): [1, 0, 7200, Decimal(1000)]},
        "forecast": {},
        "created": {(contacted.pipeline_id, first, bob): [1, Decimal(1000)]},
        "reached": {(contacted.pk, first, bob, "won"): [1, Decimal(1000)]},
    }


def test_the_bin_counts_for_nothing_and_neither_does_what_leaves_it_for_good(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    delete_deal(deal, by=acme.bob)
    assert not any(kept().values())
    Deal.all_objects.update(deleted_at=THEN)
    empty_bin()
    assert not Deal.all_objects.exists() and kept() == recount()


def test_only_deals_thirty_days_in_the_bin_go_for_good(acme):
    old, young = make_deal(acme.bob, acme.stages["New"], "Old"), make_deal(acme.bob, acme.stages["New"], "Young")
    now = datetime.now(UTC)
    Deal.all_objects.filter(pk=old.pk).update(deleted_at=now - timedelta(days=30, minutes=1))
    Deal.all_objects.filter(pk=young.pk).update(deleted_at=now - timedelta(days=29, hours=23))
    make_deal(acme.bob, acme.stages["New"], "Live")
    empty_bin()
    assert set(Deal.all_objects.values_list("name", flat=True)) == {"Young", "Live"}
