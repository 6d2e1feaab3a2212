"""Why deals are won or lost: the workspace's own words, at every door."""

from __future__ import annotations

import pytest
from django.test import Client

from deals.actions import move_to_stage
from deals.models import CloseReason, Deal
from deals.setup import add_reason, archive_reason, edit_reason, restore_reason
from deals.transitions import LOST_REASONS, WON_REASONS, Missing
from tests.conftest import Cast
from tests.factories import make_deal, url
from tests.pages import SCRIPT, read
from workspaces.action import NotAllowed, Refused, Stale


@pytest.fixture
def alice(acme, login) -> Client:
    return login(acme.alice)


def labels(kind: str = "lost") -> list[str]:
    return list(CloseReason.objects.filter(kind=kind).values_list("label", flat=True))


def test_a_workspace_begins_with_the_usual_ones(acme: Cast):
    assert (labels("lost"), labels("won")) == (list(LOST_REASONS), list(WON_REASONS))


def test_admins_add_rename_order_and_archive_them(acme: Cast, alice: Client):
    page = url(acme.workspace, "reason_list")
    assert alice.post(url(acme.workspace, "reason_new", "lost"), {"label": "Merger"}).headers["Location"] == page
    assert labels()[-1] == "Merger"
    again = alice.post(url(acme.workspace, "reason_new", "lost"), {"label": "Merger"})
    assert again.status_code == 422 and "such a reason already" in again.content.decode()
    price = CloseReason.objects.get(label="Price too high")
    path = url(acme.workspace, "reason_edit", price.pk)
    form = read(alice.get(path)).one("form", css="form-page").fields
    alice.post(path, form | {"label": "Too expensive"})
    stale = alice.post(path, form | {"label": "Too dear"})
    assert stale.status_code == 409 and "Alice changed this close reason" in stale.content.decode()
    row = read(alice.get(page)).one("li", data_id=str(price.pk))
    assert row.one("b").text == "Too expensive"
    order = row.all("form")[0]
    alice.post(order["action"], order.fields | {"down": str(price.pk)})
    assert labels()[:2] == ["Lost to competitor", "Too expensive"]
    shown = read(alice.post(url(acme.workspace, "reason_archive", price.pk), follow=True))
    assert "Too expensive" not in labels()
    assert alice.post(shown.one("form", data_undo=None)["action"], headers=SCRIPT).headers["HX-Redirect"]
    assert "Too expensive" in labels()


def test_rules_of_reasons(acme: Cast):
    merger = add_reason(acme.workspace, kind="lost", label="Merger", needs_note=True, by=acme.alice)
    with pytest.raises(NotAllowed):
        edit_reason(merger, label="X", by=acme.bob)
    with pytest.raises(Refused):
        edit_reason(merger, label=" ", by=acme.alice)
    edit_reason(merger, label="Mergers", version=1, by=acme.alice)
    with pytest.raises(Stale):
        edit_reason(merger, label="Other one", version=1, by=acme.alice)
    for reason in CloseReason.objects.filter(kind="lost").exclude(pk=merger.pk):
        archive_reason(reason, by=acme.alice)
    with pytest.raises(Refused, match="the last one stays"):
        archive_reason(merger, by=acme.alice)
    gone = CloseReason.all_objects.get(kind="lost", label="No budget")
    add_reason(acme.workspace, kind="lost", label="No budget", by=acme.alice)
    with pytest.raises(Refused, match="such a reason already"):
        restore_reason(gone, by=acme.alice)
    deal = make_deal(acme.bob, acme.stages["Qualified"])
    with pytest.raises(Missing, match="Say in a few words"):
        move_to_stage(deal, acme.stages["Lost"], reason="Mergers", by=acme.bob)
    assert move_to_stage(deal, acme.stages["Lost"], reason="Mergers", note="Bought", by=acme.bob)[0].status == "lost"


def test_the_lost_dialog_offers_them_and_takes_no_others(acme: Cast, login):
    bob = login(acme.bob)
    archive_reason(CloseReason.objects.get(label="No budget"), by=acme.alice)
    deal = make_deal(acme.bob, acme.stages["Qualified"])
    path, data = url(acme.workspace, "deal_move", deal.pk), {"stage": acme.stages["Lost"].pk, "version": 1}
    asked = read(bob.post(path, data, headers=SCRIPT))
    assert [radio["value"] for radio in asked.all("input", type="radio")] == labels()
    refused = bob.post(path, data | {"reason": "No budget", "asked": "1"}, headers=SCRIPT)
    assert refused.status_code == 422 and "Choose one of these." in refused.content.decode()
    assert bob.post(path, data | {"reason": "Bad timing", "asked": "1"}, headers=SCRIPT).status_code == 200
    # What it has stays among the choices when it is archived.
    archive_reason(CloseReason.objects.get(label="Bad timing"), by=acme.alice)
    form = read(bob.get(url(acme.workspace, "deal_edit", deal.pk, "lost_reason"), headers=SCRIPT)).one("form")
    assert form.fields["value"] == "Bad timing" and form.all("option")[0]["value"] == "Bad timing"


def test_after_winning_the_toast_offers_to_say_why(acme: Cast, login):
    bob = login(acme.bob)
    deal = make_deal(acme.bob, acme.stages["Qualified"])
    data = {"stage": acme.stages["Won"].pk, "version": 1}
    toast = read(bob.post(url(acme.workspace, "deal_move", deal.pk), data, headers=SCRIPT)).one(css="toast")
    link = next(link for link in toast.all("a") if link.text == "Say why")
    form = read(bob.get(link["href"], headers=SCRIPT)).one("form").fields
    assert bob.post(link["href"], form | {"value": "Price"}, headers=SCRIPT).status_code == 200
    assert Deal.objects.get().won_reason == "Price" and toast.one("form", data_undo=None)
