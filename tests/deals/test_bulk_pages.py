"""The bar under the list, saved views, columns, cells: by page, with and without our JavaScript."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import urlencode

import pytest
from django.test import Client

from activities.actions import plan_task
from deals.actions import delete_view, find_or_create_tags, save_view, tag_deal, update_deal
from deals.models import BulkChange, Deal, SavedView
from tests.deals.boards import fill
from tests.factories import make_deal, url
from tests.pages import SCRIPT, read
from workspaces.models import Membership, Role


@pytest.fixture
def bob(acme, login) -> Client:
    return login(acme.bob)


@pytest.fixture
def deals(acme) -> list[Deal]:
    return [make_deal(acme.bob, acme.stages["New"], f"Deal {n}", 100 * n) for n in (1, 2, 3)]


def send(client: Client, acme, verb: str, headers: dict | None = SCRIPT, query: str = "", **data: object):
    return client.post(url(acme.workspace, "deal_bulk", verb) + query, data, headers=headers or {})


FORMS = {"move": "stage", "edit": "field", "task": "title", "tag": "new"}


@pytest.mark.parametrize("verb", FORMS)
@pytest.mark.parametrize("headers", [SCRIPT, {}], ids=["script", "plain"])
def test_a_verb_asks_for_what_it_needs_and_keeps_the_choice(acme, bob, deals, verb, headers):
    page = read(send(bob, acme, verb, headers, ids=[deals[0].pk, deals[1].pk]))
    form = next(form for form in page.all("form", method="post") if form.all(name=FORMS[verb]))
    assert [field["value"] for field in form.all("input", name="ids")] == [str(deals[0].pk), str(deals[1].pk)]
    assert not BulkChange.objects.exists()


def test_a_close_date_for_many_is_told_in_a_toast_with_its_undo(acme, bob, deals):
    ids = [deal.pk for deal in deals[:2]]
    response = send(bob, acme, "edit", ids=ids, field="expected_close_date", value="2031-02-03", go="1")
    toast = read(response).one("div", "toast")
    assert "Expected close" in toast.text and "2 done" in toast.text
    assert {found["data-about"] for found in read(response).all("i", data_about=None)} == set(map(str, ids))
    bob.post(toast.one("form")["action"], headers=SCRIPT)
    assert not Deal.objects.filter(expected_close_date__isnull=False).exists()


def test_without_script_one_lands_on_the_page_of_the_change(acme, bob, deals):
    won = send(bob, acme, "move", {}, ids=[deal.pk for deal in deals], stage=acme.stages["Won"].pk)
    page = read(bob.get(won["Location"]))
    assert "cannot be won from New" in page.one("tbody").text and "Refused 3" in page.text
    assert bob.get(url(acme.workspace, "bulk_list")).status_code == 200
    deleted = send(bob, acme, "delete", {}, ids=[deals[0].pk])
    page = read(bob.get(deleted["Location"]))
    bob.post(page.one("form", action=url(acme.workspace, "bulk_undo", BulkChange.objects.latest("pk").pk))["action"])
    assert Deal.objects.count() == 3


def test_all_that_match_is_by_the_filter_and_above_fifty_one_is_asked(acme, bob, deals):
    fill(acme, "Contacted", 60)
    query = f"?stage={acme.stages['Contacted'].pk}"
    asked = send(bob, acme, "edit", query=query, all="1", field="amount", value="7", go="1")
    form = read(asked).one("form", data_dialog_form=None)
    assert asked.status_code == 422 and form.fields["sure"] == "60" and not BulkChange.objects.exists()
    done = bob.post(form["action"], form.fields, headers=SCRIPT)
    assert done.status_code == 200 and "60 done" in read(done).one("div", "toast").text
    assert Deal.objects.filter(amount=7).count() == 60
    assert sorted(Deal.objects.exclude(amount=7).values_list("amount", flat=True)) == [100, 200, 300]


def test_lost_asks_why_and_then_loses_all(acme, bob, deals):
    ids = [deal.pk for deal in deals]
    asked = send(bob, acme, "move", ids=ids, stage=acme.stages["Lost"].pk)
    assert asked.status_code == 422 and read(asked).all("input", name="reason")
    send(bob, acme, "move", ids=ids, stage=acme.stages["Lost"].pk, reason="No budget")
    assert Deal.objects.filter(status="lost", lost_reason="No budget").count() == 3


def test_tags_are_made_filtered_by_and_shown(acme, bob, deals):
    send(bob, acme, "tag", ids=[deals[0].pk], new="Pilot, Cold chain", go="1")
    [pilot] = find_or_create_tags(acme.workspace, ["pilot"], by=acme.bob)
    page = read(bob.get(url(acme.workspace, "deal_list"), {"tag": pilot.pk, "columns": "name,tags"}))
    [row] = page.all("tr", data_id=None)
    assert [pill.text for pill in row.all("span", "pill")] == ["Cold chain", "Pilot"]
    tag_deal(deals[0], [], by=acme.bob)
    assert not read(bob.get(url(acme.workspace, "deal_list"), {"tag": pilot.pk})).all("tr", data_id=None)


def test_a_file_of_those_that_are_ticked_or_of_all_that_match(acme, bob, deals):
    path, list_of = url(acme.workspace, "deal_bulk_export"), {"tab": "all", "stage": acme.stages["New"].pk}
    ticked = bob.post(f"{path}?{urlencode(list_of)}", {"ids": [deals[0].pk, deals[1].pk]}, follow=True)
    assert "2 rows" in read(ticked).one("form", "form-page").text
    found = Deal.objects.filter(stage=acme.stages["New"]).count()
    everything = bob.post(f"{path}?{urlencode(list_of)}", {"all": "1"}, follow=True)
    assert f"{found} row" in read(everything).one("form", "form-page").text


def test_viewers_see_no_boxes_and_change_nothing(acme, login, deals):
    vera = login(acme.vera)
    page = read(vera.get(url(acme.workspace, "deal_list"), {"tab": "open"}))
    assert not page.all("input", name="ids") and not page.all("td", data_edit=None)
    assert send(vera, acme, "delete", ids=[deals[0].pk]).status_code == 403


# --- one fact ---------------------------------------------------------------------------------------


def test_one_fact_is_saved_with_an_undo_that_is_refused_when_somebody_was_faster(acme, bob, login, deals):
    path = url(acme.workspace, "deal_edit", deals[0].pk, "amount")
    toast = read(bob.post(path, {"value": "5", "version": 1}, headers=SCRIPT)).one("div", "toast")
    undo = toast.one("form")["action"]
    assert bob.post(undo, headers=SCRIPT).status_code == 200 and Deal.objects.get(pk=deals[0].pk).amount == 100
    toast = read(bob.post(path, {"value": "6", "version": 3}, headers=SCRIPT)).one("div", "toast")
    login(acme.alice).post(path, {"value": "8", "version": 4}, headers=SCRIPT)
    late = bob.post(toast.one("form")["action"], headers=SCRIPT)
    assert late.status_code == 409 and "Alice changed this deal" in read(late).text
    assert Deal.objects.get(pk=deals[0].pk).amount == Decimal(8)


def test_the_row_is_drawn_again_with_the_sums_and_is_gone_when_it_leaves_the_filter(acme, bob, deals):
    path = url(acme.workspace, "deal_rows")
    answer = read(bob.get(path, {"ids": f"{deals[0].pk},{deals[1].pk}", "amount_min": "150"}, headers=SCRIPT))
    assert [row["id"] for row in answer.all("tr", data_id=None)] == [f"row-{deals[1].pk}"]
    assert "2 deals match" in answer.one("tfoot").text


def test_quick_days_stand_beside_a_close_date(acme, bob, deals):
    form = read(bob.get(url(acme.workspace, "deal_edit", deals[0].pk, "expected_close_date"), headers=SCRIPT))
    days = {button.text: button["value"] for button in form.all("button", name="value")}
    assert list(days) == ["+1 week", "Month end", "Quarter end"]
    data = form.one("form").fields | {"value": days["Month end"]}
    bob.post(form.one("form")["action"], data, headers=SCRIPT)
    assert str(Deal.objects.get(pk=deals[0].pk).expected_close_date) == days["Month end"]


# --- views and columns --------------------------------------------------------------------------------


def test_starter_views_find_what_they_say(acme, bob, deals):
    plan_task(deals[0], "Call", by=acme.bob)
    make_deal(acme.alice, acme.stages["New"], "Hers")
    shown = {}
    for key in ("open", "mine", "nostep", "rotting", "won"):
        response = bob.get(url(acme.workspace, "deal_list"), {"view": key}, follow=True)
        page = read(response)
        assert page.one("nav", "tabs").one("a", aria_current="page")
        shown[key] = {row.one("a", "med").text for row in page.all("tr", data_id=None)}
    assert shown["mine"] == {"Deal 1", "Deal 2", "Deal 3"} and shown["open"] == shown["mine"] | {"Hers"}
    assert shown["nostep"] == {"Deal 2", "Deal 3", "Hers"} and shown["rotting"] == shown["won"] == set()


def test_a_view_is_kept_shared_pinned_and_opened_first(acme, bob, login, deals):
    alice = login(acme.alice)
    path = url(acme.workspace, "view_new") + "?amount_min=150&sort=-amount&columns=name,amount"
    alice.post(path, {"name": "Big ones", "shared": "on"}, headers=SCRIPT)
    view = SavedView.objects.get()
    assert view.shared and "amount_min=150" in view.query
    for what in ("pinned", "default"):
        bob.post(url(acme.workspace, "view_like", view.pk, what), headers=SCRIPT)
    response = bob.get(url(acme.workspace, "deal_list"), follow=True)
    page = read(response)
    assert [row.one("a", "med").text for row in page.all("tr", data_id=None)] == ["Deal 3", "Deal 2"]
    assert [head.text for head in page.all("th", scope="col") if head.text] == ["Deal", "Value"]
    assert page.one("nav", "side").all("a", title="Big ones")
    assert bob.post(url(acme.workspace, "view_delete", view.pk), headers=SCRIPT).status_code == 403
    delete_view(view, by=acme.alice)
    gone = read(bob.get(url(acme.workspace, "deal_list"), {"view": view.pk}))
    assert "This view is gone" in gone.text


def test_a_rep_shares_no_view_and_nobody_else_sees_a_private_one(acme, bob, login, deals):
    refused = bob.post(url(acme.workspace, "view_new"), {"name": "All mine", "shared": "on"}, headers=SCRIPT)
    assert refused.status_code == 403 and not SavedView.objects.exists()
    view = save_view(acme.workspace, by=acme.bob, name="Mine", query="owner=me")
    assert login(acme.alice).get(url(acme.workspace, "view_menu", view.pk)).status_code == 404


def test_columns_are_chosen_once_and_kept(acme, bob, deals):
    bob.post(url(acme.workspace, "deal_columns"), {"columns": ["amount", "name", "probability"]}, headers=SCRIPT)
    assert Membership.objects.get(pk=acme.bob.pk).lists["columns"] == ["amount", "name", "probability"]
    page = read(bob.get(url(acme.workspace, "deal_list"), {"tab": "open"}))
    assert [head.text for head in page.all("th", scope="col") if head.text] == ["Value", "Deal", "Probability"]
    assert [cell.text for cell in page.all("tr", data_id=None)[0].all("td")][1:] == ["€300", "Deal 3", "10%"]


def test_a_manager_takes_back_that_they_deleted_a_shared_view(acme, login):
    acme.bob.role = Role.MANAGER
    acme.bob.save()
    view = save_view(acme.workspace, by=acme.bob, name="Big ones", query="tab=open", shared=True)
    alice = login(acme.alice)
    assert alice.post(url(acme.workspace, "view_delete", view.pk)).status_code == 302
    assert alice.post(url(acme.workspace, "view_restore", view.pk)).status_code == 302
    assert SavedView.objects.get().deleted_at is None


def test_what_was_refused_or_not_undone_says_why_and_wears_no_check_sign(acme, bob, deals):
    ids = [deal.pk for deal in deals]
    done = read(send(bob, acme, "move", ids=ids, stage=acme.stages["Contacted"].pk)).one("div", "toast")
    assert "err" not in done["class"].split()
    update_deal(deals[0], by=acme.alice, version=2, amount=7)
    toast = read(bob.post(done.one("form")["action"], headers=SCRIPT)).one("div", "toast")
    assert (
        "err" in toast["class"].split()
        and "2 undone, 1 not undone. It cannot be undone any more: Alice changed" in toast.text
    )
    assert not toast.all("form")
    won = read(send(bob, acme, "move", ids=ids, stage=acme.stages["Won"].pk)).one("div", "toast")
    assert "err" in won["class"].split() and "1 done, 2 refused. A deal cannot be won from New" in won.text
