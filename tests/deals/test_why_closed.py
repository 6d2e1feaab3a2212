"""Why a deal was closed: the same is asked by every door, and afterwards too."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from deals.actions import change_many, move_to_stage, update_deal
from deals.bulk import NewDeal, create_deals, update_deals
from deals.models import CloseReason, Deal
from deals.setup import add_reason, archive_reason
from deals.transitions import Missing
from tests.conftest import Cast
from tests.factories import make_deal, url
from tests.pages import SCRIPT, read
from tests.workspaces.adminpages import bulk
from workspaces.action import Refused


@pytest.fixture
def lost(acme) -> Deal:
    deal = make_deal(acme.bob, acme.stages["Qualified"])
    return move_to_stage(deal, acme.stages["Lost"], by=acme.bob, reason="No budget")[0]


def of_many(acme: Cast, verb: str, facts: dict) -> str:
    """What became of the only deal, or why nothing."""
    item = change_many(acme.workspace, verb, Deal.objects.all(), facts, by=acme.alice, summary="x").items.get()
    return item.reason or item.state


# --- afterwards ---------------------------------------------------------------------------------------


def test_another_reason_afterwards_asks_for_its_note(acme, lost, login):
    add_reason(acme.workspace, kind="lost", label="Merger", needs_note=True, by=acme.alice)
    for reason in ("Other", "Merger"):
        with pytest.raises(Missing) as asked:
            update_deal(lost, by=acme.bob, version=2, lost_reason=reason)
        assert list(asked.value.fields) == ["note"]
        assert "Say in a few words" in of_many(acme, "edit", {"set": {"lost_reason": reason}})
        result = update_deals(acme.workspace, {lost.pk: {"lost_reason": reason}}, by=acme.alice)[lost.pk]
        assert isinstance(result, Missing)
    deal = update_deal(lost, by=acme.bob, version=2, lost_reason="Other", close_note="Moved to Mars")
    with pytest.raises(Missing):
        update_deal(deal, by=acme.bob, version=3, close_note=" ")
    assert Deal.objects.get().close_note == "Moved to Mars"


def test_the_note_is_edited_beside_the_reason(acme, lost, login):
    bob = login(acme.bob)
    path = url(acme.workspace, "deal_edit", lost.pk, "lost_reason")
    form = read(bob.get(path, headers=SCRIPT)).one("form").fields
    again = bob.post(path, form | {"value": "Other"}, headers=SCRIPT)
    assert again.status_code == 422 and "a note is needed" in again.content.decode()
    assert bob.post(path, form | {"value": "Other", "note": "Moved"}, headers=SCRIPT).status_code == 200
    lost.refresh_from_db()
    assert (lost.lost_reason, lost.close_note) == ("Other", "Moved")
    form = read(bob.get(path, headers=SCRIPT)).one("form").fields
    assert form["note"] == "Moved"


# --- only what is offered -----------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["I made this up", "Product fit", "Unresponsive"])
def test_a_reason_is_one_of_its_kind_that_is_offered(acme, reason):
    archive_reason(CloseReason.objects.get(label="Unresponsive"), by=acme.alice)
    deal = make_deal(acme.bob, acme.stages["Qualified"])
    with pytest.raises(Missing) as asked:
        move_to_stage(deal, acme.stages["Lost"], by=acme.bob, reason=reason)
    assert list(asked.value.fields) == ["reason"]
    assert "Choose a reason" in of_many(acme, "move", {"stage": acme.stages["Lost"].pk, "reason": reason})
    # A file has its own words.
    assert move_to_stage(deal, acme.stages["Lost"], by=acme.bob, reason=reason, door="import")[0].lost_reason == reason
    # What a deal has it keeps, and no other one takes it.
    kept = update_deal(Deal.objects.get(), by=acme.bob, version=2, close_note="As it was")
    assert kept.lost_reason == reason
    kept = update_deal(kept, by=acme.bob, version=3, lost_reason="No budget")
    with pytest.raises(Missing):
        update_deal(kept, by=acme.bob, version=4, lost_reason=reason)


def test_a_reason_to_win_may_need_a_note_too(acme, login):
    add_reason(acme.workspace, kind="won", label="A favour", needs_note=True, by=acme.alice)
    deal = make_deal(acme.bob, acme.stages["Qualified"])
    bob, data = login(acme.bob), {"stage": acme.stages["Won"].pk, "version": 1, "reason": "A favour", "asked": "1"}
    asked = bob.post(url(acme.workspace, "deal_move", deal.pk), data, headers=SCRIPT)
    page = read(asked)
    assert asked.status_code == 422 and page.one("button", type="submit").text.startswith("Mark as won")
    assert "Product fit" in [radio["value"] for radio in page.all("input", type="radio")]
    won = bob.post(url(acme.workspace, "deal_move", deal.pk), data | {"note": "Of a friend"}, headers=SCRIPT)
    deal.refresh_from_db()
    assert won.status_code == 200 and (deal.won_reason, deal.close_note) == ("A favour", "Of a friend")


def test_many_are_asked_by_the_same_rule(acme, login):
    add_reason(acme.workspace, kind="lost", label="Merger", needs_note=True, by=acme.alice)
    deal = make_deal(acme.bob, acme.stages["Qualified"])
    bob, path = login(acme.bob), url(acme.workspace, "deal_bulk", "move")
    data = {"ids": deal.pk, "stage": acme.stages["Lost"].pk}
    assert "Choose a reason" not in bob.post(path, data, headers=SCRIPT).content.decode()
    for more, problem in (
        ({"reason": ""}, "Choose a reason."),
        ({"reason": "I made this up"}, "Choose one of these."),
        ({"reason": "Merger"}, "a note is needed"),
        ({"reason": "x" * 300}, "at most 80"),
        ({"reason": "No budget", "competitor": "x" * 500}, "at most 120"),
    ):
        answer = bob.post(path, data | more, headers=SCRIPT)
        assert answer.status_code == 422 and problem in answer.content.decode()
    deal.refresh_from_db()
    assert deal.version == 1
    bob.post(path, data | {"reason": "Merger", "note": "Bought", "competitor": "Them"}, headers=SCRIPT)
    deal.refresh_from_db()
    assert (deal.lost_reason, deal.close_note, deal.competitor) == ("Merger", "Bought", "Them")


def test_the_admin_offers_reasons_and_asks_for_the_competitor(acme, login):
    alice, deal = login(acme.alice), make_deal(acme.bob, acme.stages["Qualified"])
    for reason in ("I made this up", "Product fit"):
        bulk(alice, acme.workspace, Deal, "move", [deal], stage=acme.stages["Lost"].pk, reason=reason)
        deal.refresh_from_db()
        assert deal.status == "open"
    data = {"stage": acme.stages["Lost"].pk, "reason": "Lost to competitor", "competitor": "Them"}
    bulk(alice, acme.workspace, Deal, "move", [deal], **data)
    deal.refresh_from_db()
    assert (deal.lost_reason, deal.competitor) == ("Lost to competitor", "Them")


# --- many rows ----------------------------------------------------------------------------------------


def test_what_a_thousand_rows_fulfil_is_what_one_does(acme, lost):
    add_reason(acme.workspace, kind="lost", label="Merger", needs_note=True, by=acme.alice)
    result = update_deals(acme.workspace, {lost.pk: {"probability": 55}}, by=acme.alice)[lost.pk]
    assert isinstance(result, Refused) and "no probability of its own" in result.message
    then = timezone.now() - timedelta(days=9)
    bad = [
        {"reason": "Merger"},
        {"reason": "x" * 81},
        {"reason": "No budget", "closed_at": timezone.now() + timedelta(days=400)},
        {"reason": "No budget", "competitor": "x" * 121},
    ]
    rows = [
        NewDeal("A", acme.stages["Lost"], acme.bob.user_id, then, **{"closed_at": then} | fields)
        for fields in [*bad, {"reason": "Their own words"}]
    ]
    results = create_deals(acme.workspace, rows, by=acme.alice)
    assert [isinstance(each, Refused) for each in results] == [True, True, True, True, False]
    with pytest.raises(Refused, match="days to come"):
        move_to_stage(
            make_deal(acme.bob, acme.stages["Qualified"]), acme.stages["Lost"], by=acme.alice, reason="No budget",
            door="import", at=timezone.now() + timedelta(days=400),
        )  # fmt: skip


def test_no_words_are_cut(acme):
    deal = make_deal(acme.bob, acme.stages["Qualified"])
    facts = {"stage": acme.stages["Lost"].pk, "reason": "No budget", "competitor": "x" * 500}
    assert "at most 120" in of_many(acme, "move", facts)
    assert "at most 200" in of_many(acme, "edit", {"set": {"next_step": "x" * 201}})
    with pytest.raises(Refused, match="at most 120"):
        update_deal(deal, by=acme.bob, version=1, product="x" * 121)
