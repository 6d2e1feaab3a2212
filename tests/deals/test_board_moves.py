"""What is done on the board, as our JavaScript asks for it and as a plain form does: moves, closing, undo, new deals, the bin."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import resolve

from deals.actions import move_to_stage, undo_stage_change, update_deal
from deals.models import Deal, StageEvent
from deals.setup import add_pipeline
from leads.actions import create_company
from leads.models import Company
from tests.deals.boards import board_page, cards, heads
from tests.factories import make_deal, url
from tests.pages import SCRIPT, Element, read
from workspaces.models import Workspace


@pytest.fixture
def bob(acme, login) -> Client:
    """A plain browser; SCRIPT makes it one with our JavaScript."""
    return login(acme.bob)


@pytest.fixture
def deal(acme) -> Deal:
    return make_deal(acme.bob, acme.stages["Contacted"], amount=1000)


def post(client: Client, acme, route: str, /, *args: object, script: bool = True, **data: object):
    return client.post(url(acme.workspace, route, *args), data, headers=SCRIPT if script else {})


def move(client: Client, acme, deal: Deal, to: str, /, script: bool = True, **data: object):
    data = {"stage": acme.stages[to].pk, "version": deal.version} | data
    return post(client, acme, "deal_move", deal.pk, script=script, **data)


def state(deal: Deal) -> tuple:
    return Deal.all_objects.values_list("stage__name", "version", "rank", "deleted_at").get(pk=deal.pk)


def toast(page: Element) -> str:
    return page.one("div", "toast").text


# --- moves --------------------------------------------------------------------------------------------


def test_the_answer_is_the_card_two_heads_the_sum_and_undo(acme, bob, deal):
    above = make_deal(acme.bob, acme.stages["Proposal"], "Above", 500)
    response = move(bob, acme, deal, "Proposal", after=above.pk)
    assert response.status_code == 200
    page = read(response)
    placed = page.one("ol")
    assert (placed["data-stage"], placed["data-above"]) == (str(acme.stages["Proposal"].pk), str(above.pk))
    assert placed.one("li", "deal")["data-version"] == "2" and cards(page) == [deal.pk]
    assert heads(page) == {acme.stages["Contacted"].pk: (0, 0, 0), acme.stages["Proposal"].pk: (2, 1500, 1200)}
    assert page.one(id="board-sum").text.startswith("2 deals")
    assert "Moved to Proposal" in toast(page)
    event = StageEvent.objects.order_by("pk").last()
    assert page.one("form", data_undo=None)["action"] == url(acme.workspace, "deal_undo", event.pk)


def test_a_place_in_the_same_column_is_one_head_and_no_undo(acme, bob, deal):
    top = make_deal(acme.bob, acme.stages["Contacted"], "Top")
    page = read(move(bob, acme, deal, "Contacted", before=top.pk))
    assert page.one("ol")["data-above"] == "" and heads(page).keys() == {deal.stage_id}
    assert not page.all("form", data_undo=None) and state(deal)[1] == 2


def test_a_card_that_leaves_the_filter_is_not_answered_but_its_heads_are(acme, bob, deal):
    path = url(acme.workspace, "deal_move", deal.pk) + "?q=nothing+of+this"
    response = bob.post(path, {"stage": acme.stages["New"].pk, "version": 1}, headers=SCRIPT)
    page = read(response)
    assert response.status_code == 200 and not cards(page) and state(deal)[0] == "New"
    assert heads(page) == {acme.stages["Contacted"].pk: (0, 0, 0), acme.stages["New"].pk: (0, 0, 0)}


def test_a_stale_move_answers_with_the_true_card_and_who_was_faster(acme, bob, deal):
    move_to_stage(deal, acme.stages["Qualified"], by=acme.alice)
    response = move(bob, acme, deal, "Proposal")
    page = read(response)
    assert response.status_code == 409 and "Alice moved this deal to Qualified" in toast(page)
    assert page.one("ol")["data-stage"] == str(acme.stages["Qualified"].pk) and cards(page) == [deal.pk]
    assert page.one("li", "deal")["data-version"] == "2" and len(heads(page)) == 7
    assert state(deal)[:2] == ("Qualified", 2)


def test_a_refused_move_says_why_and_brings_the_card_back(acme, bob):
    fresh = make_deal(acme.bob, acme.stages["New"])
    response = move(bob, acme, fresh, "Won")
    page = read(response)
    assert response.status_code == 422 and "cannot be won from New" in toast(page)
    assert page.one("ol")["data-stage"] == str(acme.stages["New"].pk) and state(fresh)[:2] == ("New", 1)


@pytest.mark.parametrize(
    "data",
    [{"version": ""}, {"version": "x"}, {"stage": ""}, {"stage": "x"}, {"stage": 10**12}, {"stage": "rival"}, {"after": "x"}, {"reason": "x" * 81}],
)  # fmt: skip
def test_what_is_no_move_is_refused(acme, bob, deal, data):
    if data.get("stage") == "rival":
        data = {"stage": acme.rival_stages["New"].pk}
    before = state(deal)
    response = move(bob, acme, deal, "Proposal", **data)
    assert response.status_code == 422 and "Not saved" in toast(read(response)) and state(deal) == before


def test_who_may_not_move(acme, login, deal):
    """403 for what one may see, 404 for what one may not; nothing changes."""
    before = state(deal)
    viewer = move(login(acme.vera), acme, deal, "Proposal")
    assert viewer.status_code == 403 and "Viewers can look at everything here, but not change it" in read(viewer).text
    hers = make_deal(acme.alice, acme.stages["New"])
    Workspace.objects.filter(pk=acme.workspace.pk).update(visibility="own")
    assert move(login(acme.bob), acme, hers, "Contacted").status_code == 404
    assert move(login(acme.charlie), acme, deal, "Proposal").status_code == 404
    assert Client().post(url(acme.workspace, "deal_move", deal.pk)).status_code == 302
    assert state(deal) == before and state(hers)[1] == 1


def test_a_deal_in_the_bin_is_not_found(acme, bob, deal):
    post(bob, acme, "deal_delete", deal.pk, version=1)
    assert move(bob, acme, deal, "Proposal").status_code == 404


# --- closing ------------------------------------------------------------------------------------------


def test_losing_asks_why_in_the_drop_and_keeps_what_was_sent(acme, bob, deal):
    other = make_deal(acme.bob, acme.stages["New"])
    asked = move(bob, acme, deal, "Lost", after=other.pk)
    form = read(asked).one("form", data_move=None)
    assert asked.status_code == 422 and state(deal)[:2] == ("Contacted", 1)
    # At its first showing nothing was typed yet, so nothing is wrong yet.
    assert not form.all("p", "err") and form.fields["after"] == str(other.pk)
    empty = bob.post(form["action"], form.fields | {"competitor": "Them"}, headers=SCRIPT)
    form = read(empty).one("form", data_move=None)
    assert empty.status_code == 422 and form.one("p", "err").text == "Choose a reason."
    assert form.fields["competitor"] == "Them"
    noted = bob.post(form["action"], form.fields | {"reason": "Other", "note": " "}, headers=SCRIPT)
    form = read(noted).one("form", data_move=None)
    assert "a note is needed" in form.one("p", "err").text and form.fields["reason"] == "Other"
    answer = bob.post(form["action"], form.fields | {"note": "Moved to Mars"}, headers=SCRIPT)
    assert answer.status_code == 200 and "Moved to Lost" in toast(read(answer))
    deal.refresh_from_db()
    assert (deal.lost_reason, deal.close_note, deal.competitor) == ("Other", "Moved to Mars", "Them")


def test_closing_without_javascript(acme, bob, deal):
    page = move(bob, acme, deal, "Lost", script=False)
    form = read(page).one("form", data_move=str(deal.pk))
    assert page.status_code == 422 and len(form.all("input", type="radio")) == 12
    response = bob.post(form["action"], form.fields | {"reason": "No budget"})
    assert response.status_code == 302 and state(deal)[0] == "Lost"


# --- without JavaScript -------------------------------------------------------------------------------


def test_a_plain_move_leads_back_to_the_board_with_an_undo(acme, bob, deal):
    menu = read(bob.get(url(acme.workspace, "deal_move", deal.pk)))
    form = menu.one("form", data_move=str(deal.pk))
    button = next(button for button in form.all("button", name="stage") if button.text.startswith("Proposal"))
    response = bob.post(form["action"], form.fields | {"stage": button["value"]})
    assert response.status_code == 302 and state(deal)[0] == "Proposal"
    board = read(bob.get(response["Location"]))
    assert board.one(id="board")["data-pipeline-id"] == str(deal.pipeline_id)
    undo = board.all("form", data_undo=None)[0]  # one for scripts, one for browsers without
    back = bob.post(undo["action"], undo.fields)
    assert back.status_code == 302 and state(deal)[0] == "Contacted"
    assert "Cold-chain monitoring is back in Contacted." in read(bob.get(back["Location"])).text


def test_an_undo_that_is_too_late_is_not_offered(acme, bob, deal):
    response = move(bob, acme, deal, "Proposal", script=False)
    update_deal(deal, by=acme.alice, version=2, next_step="Call")
    assert not read(bob.get(response["Location"])).all("form", data_undo=None)


@pytest.mark.parametrize(
    ("data", "status", "text"), [({"version": 9}, 409, "It was not changed"), ({"stage": 0}, 422, "This stage is gone")]
)
def test_a_refused_plain_move_is_a_page_that_says_why(acme, bob, deal, data, status, text):
    response = move(bob, acme, deal, "Proposal", script=False, **data)
    page = read(response)
    assert response.status_code == status and "Nothing was changed" in page.text and text in page.text
    assert page.all("html") and state(deal)[1] == 1


def test_the_menu_names_every_stage_and_the_open_ones_of_other_pipelines(acme, bob, deal):
    other = add_pipeline(acme.workspace, name="Renewals", by=acme.alice)
    page = read(bob.get(url(acme.workspace, "deal_move", deal.pk), headers=SCRIPT))
    buttons = page.one("form", data_move=str(deal.pk)).all("button", name="stage")
    assert [int(button["value"]) for button in buttons] == [
        *(stage.pk for stage in acme.stages.values()),
        *other.stages.filter(kind="open").order_by("position").values_list("pk", flat=True),
    ]
    assert [int(button["value"]) for button in buttons if "disabled" in button.attributes] == [deal.stage_id]
    won, _ = move_to_stage(deal, acme.stages["Won"], by=acme.bob)
    page = read(bob.get(url(acme.workspace, "deal_move", won.pk), headers=SCRIPT))
    assert len(page.one("form", data_move=str(deal.pk)).all("button", name="stage")) == 7


# --- undo ---------------------------------------------------------------------------------------------


def test_undo_answers_with_the_card_where_it_was(acme, bob, deal):
    page = read(move(bob, acme, deal, "Proposal"))
    form = page.one("form", data_undo=None)
    answer = bob.post(form["action"], headers=SCRIPT)
    page = read(answer)
    assert answer.status_code == 200 and page.one("ol")["data-stage"] == str(acme.stages["Contacted"].pk)
    assert "Undone" in toast(page) and len(heads(page)) == 7 and state(deal)[:2] == ("Contacted", 3)
    again = bob.post(form["action"], headers=SCRIPT)
    assert again.status_code == 409 and "cannot be undone any more" in toast(read(again))
    plain = bob.post(form["action"])
    assert plain.status_code == 409 and "Nothing was changed" in read(plain).text


def test_undo_of_what_another_did(acme, bob, deal):
    _, event = move_to_stage(deal, acme.stages["Proposal"], by=acme.alice)
    answer = post(bob, acme, "deal_undo", event.pk)
    assert answer.status_code == 403 and "Only a manager may undo" in toast(read(answer)) and state(deal)[1] == 2
    undo_stage_change(event, by=acme.alice)


# --- new deals ----------------------------------------------------------------------------------------


def new(acme, **data: object) -> dict[str, object]:
    return {"name": "Harbour", "stage": acme.stages["Qualified"].pk} | data


def test_a_column_offers_a_new_deal_in_its_stage(acme, bob):
    page = board_page(bob, acme)
    link = page.one("section", data_stage_name="Qualified").one("header").one("a")
    form = read(bob.get(link["href"], headers=SCRIPT)).one("form", data_dialog_form=None)
    assert form.fields["stage"] == str(acme.stages["Qualified"].pk)
    assert form.fields["owner"] == str(acme.bob.user_id)
    options = [option["value"] for option in form.one("select", name="stage").all("option")]
    assert options == [str(stage.pk) for stage in acme.stages.values() if stage.is_open]


def test_quick_create_answers_with_the_card_on_top(acme, bob):
    make_deal(acme.bob, acme.stages["Qualified"], "Old", 100)
    answer = post(bob, acme, "deal_new", **new(acme, amount="2.5k", company_name="Blue Fish", board=1))
    page = read(answer)
    made = Deal.objects.get(name="Harbour")
    assert (made.amount, made.company.name, made.owner_id, made.stage.name) == (2500, "Blue Fish", acme.bob.user_id, "Qualified")  # fmt: skip
    assert answer.status_code == 200 and cards(page) == [made.pk] and page.one("ol")["data-above"] == ""
    assert heads(page)[made.stage_id] == (2, 2600, 1040) and "Created" in toast(page)


def test_a_plain_new_deal_leads_to_its_page(acme, bob):
    response = post(bob, acme, "deal_new", script=False, **new(acme, owner=acme.alice.user_id, expected_close_date="2027-01-02", source="event"))  # fmt: skip
    made = Deal.objects.get()
    assert response.status_code == 302 and response["Location"] == url(acme.workspace, "deal_detail", made.pk)
    assert (made.owner_id, str(made.expected_close_date), made.source, made.amount) == (acme.alice.user_id, "2027-01-02", "event", None)  # fmt: skip


def test_a_company_that_is_there_is_not_made_again(acme, bob):
    company = create_company(acme.workspace, name="Blue Fish GmbH", by=acme.alice)
    post(bob, acme, "deal_new", **new(acme, company_name="BLUE FISH"))
    assert Deal.objects.get().company_id == company.pk and Company.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"amount": "lots"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"stage": "Won"}, "stage"),
        ({"stage": "rival"}, "stage"),
        ({"owner": "charlie"}, "owner"),
        ({"expected_close_date": "soon"}, "expected_close_date"),
    ],
)
@pytest.mark.parametrize("script", [True, False])
def test_a_new_deal_that_cannot_be_keeps_what_was_typed(acme, bob, data, field, script):
    places = {"Won": acme.stages["Won"].pk, "rival": acme.rival_stages["New"].pk, "charlie": acme.charlie.user_id}
    sent = new(acme, amount="77", company_name="Fresh AG") | {
        key: places.get(value, value) for key, value in data.items()
    }
    response = post(bob, acme, "deal_new", script=script, **sent)
    page = read(response)
    form = next(form for form in page.all("form") if form.get("action", "").endswith("/deals/new/"))
    assert response.status_code == 422 and bool(page.all("html")) is not script
    assert [err["id"] for err in form.all("p", "err")] == [f"id_{field}_error"]
    kept = {key: str(value) for key, value in sent.items() if key not in ("stage", "owner")}
    assert {key: form.fields[key] for key in kept} == kept
    # Not even its company is made.
    assert not Deal.objects.exists() and not Company.objects.exists()


# --- bin ----------------------------------------------------------------------------------------------


def test_thrown_away_on_the_board_and_taken_back(acme, bob, deal):
    make_deal(acme.bob, acme.stages["Contacted"], "Other", 10)
    answer = post(bob, acme, "deal_delete", deal.pk, version=1, board=1)
    page = read(answer)
    assert answer.status_code == 200 and not cards(page) and heads(page)[deal.stage_id][:2] == (1, Decimal(10))
    assert "Deleted" in toast(page) and state(deal)[3] is not None
    restore = page.one("form", data_undo=None)
    assert resolve(restore["action"].partition("/w/acme")[2], "crm_project.workspace_urls").url_name == "deal_restore"
    back = read(bob.post(restore["action"], {"board": 1}, headers=SCRIPT))
    assert cards(back) == [deal.pk] and state(deal)[3] is None


def test_thrown_away_by_a_plain_form(acme, bob, deal):
    response = post(bob, acme, "deal_delete", deal.pk, script=False, version=1)
    assert response.status_code == 302
    page = read(bob.get(response["Location"]))
    assert "is in the bin" in page.text and not cards(page)
    assert bob.get(url(acme.workspace, "deal_detail", deal.pk)).status_code == 404
    back = post(bob, acme, "deal_restore", deal.pk, script=False)
    assert back.status_code == 302 and bob.get(back["Location"]).status_code == 200


@pytest.mark.parametrize(("version", "status"), [(7, 409), ("", 422), ("x", 422)])
def test_a_stale_page_throws_nothing_away(acme, bob, deal, version, status):
    response = post(bob, acme, "deal_delete", deal.pk, version=version, board=1)
    assert response.status_code == status and "Not saved" in toast(read(response)) and state(deal)[3] is None
