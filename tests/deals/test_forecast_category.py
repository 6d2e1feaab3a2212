"""How sure a deal is, how often its date was put off, and both taken back."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.models import Activity
from deals.actions import change_many, move_to_stage, undo_change, undo_many, undo_stage_change, update_deal
from deals.bulk import update_deals
from deals.forecast import Slip, moved_to
from deals.models import Deal, DealChange
from tests.factories import make_deal
from workspaces.action import Refused

DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@given(st.lists(st.one_of(st.none(), DAYS)))
def test_a_slip_counts_what_was_put_off(dates):
    slip, last = Slip(), None
    for day in dates:
        slip, last = slip.after(last, day), day or last
    set_to = [day for day in dates if day]
    later = [(new - old).days for old, new in zip(set_to, set_to[1:], strict=False) if new > old]
    assert (slip.times, slip.days) == (len(later), sum(later))


@given(DAYS, st.one_of(st.none(), DAYS))
def test_a_day_moved_to_a_month_is_in_that_month(month, day):
    moved = moved_to(month.replace(day=1), day)
    assert (moved.year, moved.month) == (month.year, month.month) and (day is None or moved.day <= day.day)


def test_putting_the_date_off_is_counted_through_every_door(acme):
    deal = make_deal(acme.bob, acme.stages["New"], expected_close_date=date(2026, 11, 10))
    deal = update_deal(deal, by=acme.bob, version=1, expected_close_date=date(2026, 11, 20))
    update_deals(acme.workspace, {deal.pk: {"expected_close_date": date(2026, 12, 14)}}, by=acme.bob)
    deal.refresh_from_db()
    assert (deal.slips, deal.slipped_days) == (2, 34)
    deal = update_deal(deal, by=acme.bob, version=deal.version, expected_close_date=date(2026, 11, 1))
    assert (deal.slips, deal.slipped_days) == (2, 34)


@pytest.mark.parametrize("door", ["single", "many", "import"])
def test_a_date_taken_away_and_set_again_later_was_put_off_too(acme, door):
    def expect(day: date | None) -> None:
        deal = Deal.objects.get()
        if door == "single":
            update_deal(deal, by=acme.bob, version=deal.version, expected_close_date=day)
        elif door == "many":
            facts = {"set": {"expected_close_date": day and day.isoformat()}}
            change_many(acme.workspace, "edit", Deal.objects.all(), facts, by=acme.bob, summary="Day")
        else:
            update_deals(acme.workspace, {deal.pk: {"expected_close_date": day}}, by=acme.bob)

    make_deal(acme.bob, acme.stages["New"])
    for day, slips, days in (
        (date(2027, 1, 1), 0, 0),
        (None, 0, 0),
        (date(2026, 12, 1), 0, 0),
        (None, 0, 0),
        (date(2027, 1, 1), 1, 31),
    ):
        expect(day)
        deal = Deal.objects.get()
        assert (deal.expected_close_date, deal.slips, deal.slipped_days) == (day, slips, days)


def test_the_date_of_a_closed_deal_slips_no_more(acme):
    deal = make_deal(acme.bob, acme.stages["Proposal"], expected_close_date=date(2026, 11, 10))
    deal, _ = move_to_stage(deal, acme.stages["Won"], by=acme.bob)
    deal = update_deal(deal, by=acme.bob, version=deal.version, expected_close_date=date(2026, 12, 1))
    assert deal.slips == 0


@pytest.mark.parametrize("door", ["single", "many"])
def test_a_change_of_the_date_is_taken_back_with_its_slip(acme, door):
    deal = make_deal(acme.bob, acme.stages["New"], expected_close_date=date(2026, 11, 10))
    if door == "single":
        update_deal(deal, by=acme.bob, version=1, expected_close_date=date(2026, 12, 10))
        assert Deal.objects.get().slips == 1
        undo_change(DealChange.objects.get(), by=acme.bob)
    else:
        facts = {"set": {"expected_close_date": "2026-12-10"}}
        bulk = change_many(acme.workspace, "edit", Deal.objects.all(), facts, by=acme.bob, summary="Put off")
        assert Deal.objects.get().slipped_days == 30
        undo_many(bulk, by=acme.bob)
    deal.refresh_from_db()
    assert (deal.expected_close_date, deal.slips, deal.slipped_days, deal.version) == (date(2026, 11, 10), 0, 0, 3)
    undoing = Activity.objects.filter(kind="field_change").latest("pk")
    assert undoing.data["changes"] == {"expected_close_date": ["2026-12-10", "2026-11-10"]}


def test_the_category_said_by_hand_is_a_fact_of_an_open_deal(acme):
    deal = make_deal(acme.bob, acme.stages["Proposal"])
    deal = update_deal(deal, by=acme.bob, version=1, forecast_category="omitted")
    assert deal.forecast_category == "omitted"
    with pytest.raises(Refused, match="no such category"):
        update_deal(deal, by=acme.bob, version=2, forecast_category="closed")
    deal, _ = move_to_stage(deal, acme.stages["Won"], by=acme.bob)
    with pytest.raises(Refused, match="closed in the forecast"):
        update_deal(deal, by=acme.bob, version=deal.version, forecast_category="commit")


def test_the_furthest_stage_is_kept_and_forgotten_by_an_undo(acme):
    def furthest() -> str:
        return str(Deal.objects.get().furthest)

    deal = make_deal(acme.bob, acme.stages["New"])
    deal, event = move_to_stage(deal, acme.stages["Proposal"], by=acme.alice)
    assert furthest() == "Proposal"
    undo_stage_change(event, by=acme.alice)
    assert furthest() == "New"
    way = (("Qualified", "Qualified"), ("Contacted", "Qualified"), ("Meeting scheduled", "Meeting scheduled"), ("Lost", "Meeting scheduled"), ("New", "Meeting scheduled"), ("Proposal", "Proposal"))  # fmt: skip
    for stage, expected in way:
        move_to_stage(deal, acme.stages[stage], by=acme.alice, reason="Other", note="So")
        assert furthest() == expected
