"""The settings pages of pipelines and stages."""

from __future__ import annotations

import pytest
from django.test import Client

from deals.actions import move_to_stage
from deals.models import Deal, Pipeline, Stage
from deals.setup import add_pipeline, edit_pipeline
from tests.conftest import Cast
from tests.factories import make_deal, url
from tests.pages import SCRIPT, read


@pytest.fixture
def alice(acme, login) -> Client:
    return login(acme.alice)


def names() -> list[str]:
    return list(Stage.objects.filter(pipeline__is_default=True).values_list("name", flat=True))


def test_pipelines_are_added_from_a_template_renamed_and_made_the_default(acme: Cast, alice: Client):
    page = read(alice.get(url(acme.workspace, "pipeline_list")))
    assert [row.one("b").text for row in page.one("form", data_sort=None).all("li")] == ["Sales"]
    made = alice.post(url(acme.workspace, "pipeline_new"), {"name": "Renewals", "template": "opportunity"})
    renewals = Pipeline.objects.get(name="Renewals")
    assert made.headers["Location"] == url(acme.workspace, "pipeline_edit", renewals.pk)
    assert "with 6 stages" in read(alice.get(made.headers["Location"])).one(id="toasts").text
    taken = alice.post(url(acme.workspace, "pipeline_new"), {"name": "Renewals", "template": "classic"})
    assert taken.status_code == 422 and "of this name already" in read(taken).one("form", css="form-page").text
    path = url(acme.workspace, "pipeline_rename", renewals.pk)
    form = read(alice.get(path)).one("form", css="form-page").fields
    assert alice.post(path, form | {"name": "Upsell"}).status_code == 302
    stale = alice.post(path, form | {"name": "Other"})
    assert stale.status_code == 409 and "Alice changed this pipeline meanwhile" in stale.content.decode()
    alice.post(url(acme.workspace, "pipeline_default", renewals.pk))
    assert Pipeline.objects.get(is_default=True).name == "Upsell"
    # Undo makes the other one the default again.
    page = read(alice.get(url(acme.workspace, "pipeline_list")))
    undo = page.one("form", data_undo=None)["action"]
    assert alice.post(undo, headers=SCRIPT).headers["HX-Redirect"]
    assert Pipeline.objects.get(is_default=True).name == "Sales"


def test_rows_are_put_in_order_by_buttons_without_javascript(acme: Cast, alice: Client):
    page = read(alice.get(url(acme.workspace, "pipeline_edit", acme.stages["New"].pipeline_id)))
    form = page.one("form", data_sort=None)
    up = form.one("button", aria_label="Qualified up")
    assert alice.post(form["action"], form.fields | {"up": up["value"]}).status_code == 302
    assert names()[:3] == ["New", "Qualified", "Contacted"]
    late = alice.post(form["action"], form.fields | {"down": up["value"]})
    assert late.status_code == 409 and "order was changed meanwhile" in late.content.decode()
    fresh = read(alice.get(url(acme.workspace, "pipeline_edit", acme.stages["New"].pipeline_id)))
    first = {"up": str(acme.stages["New"].pk)}
    alice.post(form["action"], fresh.one("form", data_sort=None).fields | first)
    assert names()[:3] == ["New", "Qualified", "Contacted"]  # the first one stays
    again = read(alice.get(url(acme.workspace, "pipeline_edit", acme.stages["New"].pipeline_id)))
    seen = again.one("form", data_sort=None).fields["seen"]
    assert [int(pk) for pk in seen.split(",")] == [stage.pk for stage in acme.stages["New"].pipeline.stages.all()]


def test_a_drag_is_saved_and_undone(acme: Cast, alice: Client):
    path = url(acme.workspace, "stage_order", acme.stages["New"].pipeline_id)
    seen = list(Stage.objects.values_list("pk", flat=True))
    order = [seen[1], seen[0], *seen[2:]]
    sent = {"seen": ",".join(map(str, seen)), "order": ",".join(map(str, order))}
    answer = alice.post(path, sent, headers=SCRIPT)
    undo = read(answer).one("form", data_undo=None)
    assert names()[:2] == ["Contacted", "New"] and "Order saved" in read(answer).text
    stale = alice.post(path, sent, headers=SCRIPT)
    assert stale.status_code == 409 and "changed meanwhile" in read(stale).text
    assert alice.post(undo["action"], undo.fields, headers=SCRIPT).headers["HX-Redirect"]
    assert names()[:2] == ["New", "Contacted"]


def test_the_rules_are_said_in_words_and_hold(acme: Cast, alice: Client):
    pipeline = acme.stages["New"].pipeline
    page = url(acme.workspace, "pipeline_edit", pipeline.pk)
    form = read(alice.get(page)).one("form", css="form-page")
    assert "any stage but the first: from Contacted" in form.text
    offered = {option.text: option["value"] for option in form.all("option")}
    sent = form.fields | {"win_from": offered["Proposal on"], "max_skip": offered["at most 1 stage"]}
    assert alice.post(form["action"], sent).status_code == 302
    shown = read(alice.get(page)).one("form", css="form-page").fields
    assert (shown["win_from"], shown["max_skip"]) == ("4", "1")
    deal = make_deal(acme.bob, acme.stages["New"])
    data = {"stage": acme.stages["Meeting scheduled"].pk, "version": 1}
    refused = alice.post(url(acme.workspace, "deal_move", deal.pk), data, headers=SCRIPT)
    assert refused.status_code == 422 and "skips 2" in refused.content.decode()
    move_to_stage(deal, acme.stages["Qualified"], by=acme.bob)
    data = {"stage": acme.stages["Won"].pk, "version": 2}
    refused = alice.post(url(acme.workspace, "deal_move", deal.pk), data, headers=SCRIPT)
    assert "Move it to Proposal or beyond first" in refused.content.decode()
    stale = alice.post(form["action"], sent | {"max_skip": "any"})
    assert stale.status_code == 422 and "Alice changed this pipeline" in stale.content.decode()
    assert Pipeline.objects.get().max_skip == 1


def test_a_stage_is_added_and_changed(acme: Cast, alice: Client):
    new = {"name": "Legal", "kind": "open", "color": "#123456", "probability": "70"}
    assert alice.post(url(acme.workspace, "stage_new", acme.stages["New"].pipeline_id), new).status_code == 302
    assert names()[5] == "Legal"
    path = url(acme.workspace, "stage_edit", acme.stages["Proposal"].pk)
    page = read(alice.get(path))
    form = page.one("form", css="form-page")
    assert page.one("input", type="color")["value"] == "#F59E0B" and len(page.one("datalist").all("option")) == 11
    sent = form.fields | {"name": "Offer", "probability": "85", "rotting_days": "", "forecast_category": "commit"}
    assert alice.post(path, sent).status_code == 302
    stage = Stage.objects.get(pk=acme.stages["Proposal"].pk)
    assert (stage.name, stage.probability, stage.rotting_days, stage.forecast_category) == ("Offer", 85, None, "commit")
    make_deal(acme.bob, stage)
    for wrong, said in (
        ({"version": "1"}, "Alice changed this stage meanwhile"),
        ({"version": "2", "name": "Won"}, "of this name already"),
        ({"version": "2", "kind": "lost"}, "1 deal (the bin counts) stands in Offer"),
        ({"version": "2", "color": "red"}, "Enter a valid value"),
    ):
        refused = alice.post(path, sent | wrong)
        assert refused.status_code == 422 and said in refused.content.decode(), wrong


def test_deleting_a_stage_asks_where_its_deals_go(acme: Cast, alice: Client):
    deal = make_deal(acme.bob, acme.stages["Qualified"])
    path = url(acme.workspace, "stage_delete", acme.stages["Qualified"].pk)
    form = read(alice.get(path)).one("form", css="form-page")
    assert "1 deal stands in it." in form.text
    assert [option.text for option in form.all("option")] == ["New", "Contacted", "Meeting scheduled", "Proposal"]
    assert form.fields["into"] == str(acme.stages["Contacted"].pk)
    answer = alice.post(path, form.fields, follow=True)
    assert "Qualified is gone. 1 deal went to Contacted." in read(answer).one(id="toasts").text
    assert Deal.objects.get(pk=deal.pk).stage == acme.stages["Contacted"]
    assert "Qualified" not in names() and not read(answer).all("form", data_undo=None)


def test_an_empty_stage_that_history_names_comes_back_by_undo(acme: Cast, alice: Client):
    move_to_stage(make_deal(acme.bob, acme.stages["Qualified"]), acme.stages["Proposal"], by=acme.bob)
    path = url(acme.workspace, "stage_delete", acme.stages["Qualified"].pk)
    page = read(alice.post(path, read(alice.get(path)).one("form", css="form-page").fields, follow=True))
    assert alice.post(page.one("form", data_undo=None)["action"], headers=SCRIPT).headers["HX-Redirect"]
    assert "Qualified" in names()
    last = url(acme.workspace, "stage_delete", acme.stages["Won"].pk)
    refused = alice.post(last, read(alice.get(last)).one("form", css="form-page").fields)
    assert refused.status_code == 422 and "last won stage" in refused.content.decode()


def test_deleting_a_pipeline_asks_where_its_deals_go(acme: Cast, alice: Client):
    other = add_pipeline(acme.workspace, name="Renewals", by=acme.alice)
    deal = make_deal(acme.bob, other.stages.get(name="Proposal"))
    path = url(acme.workspace, "pipeline_delete", other.pk)
    form = read(alice.get(path)).one("form", css="form-page")
    answer = alice.post(path, form.fields, follow=True)
    assert "Renewals is gone. 1 deal went to Sales." in read(answer).one(id="toasts").text
    assert Deal.objects.get(pk=deal.pk).stage == acme.stages["Proposal"]
    assert alice.get(url(acme.workspace, "pipeline_edit", other.pk)).status_code == 404
    sales = url(acme.workspace, "pipeline_delete", acme.stages["New"].pipeline_id)
    refused = alice.post(sales, read(alice.get(sales)).one("form", css="form-page").fields)
    assert refused.status_code == 422 and "default pipeline stays" in refused.content.decode()


@pytest.mark.parametrize("route", ["pipeline_list", "pipeline_edit", "stage_edit"])
def test_they_are_for_admins(acme: Cast, login, route):
    pk = {"pipeline_edit": acme.stages["New"].pipeline_id, "stage_edit": acme.stages["New"].pk}.get(route)
    path = url(acme.workspace, route, *([pk] if pk else []))
    assert [login(member).get(path).status_code for member in (acme.alice, acme.bob, acme.charlie)] == [200, 403, 404]


@pytest.mark.parametrize("pipelines", [1, 6])
def test_queries_do_not_grow_with_what_is_there(acme: Cast, alice: Client, django_assert_max_num_queries, pipelines):
    for number in range(pipelines):
        edit_pipeline(add_pipeline(acme.workspace, name=f"P{number}", by=acme.alice), by=acme.alice, max_skip=2)
    for path in (
        url(acme.workspace, "pipeline_list"),
        url(acme.workspace, "pipeline_edit", acme.stages["New"].pipeline_id),
        url(acme.workspace, "stage_edit", acme.stages["New"].pk),
    ):
        alice.get(path)
        with django_assert_max_num_queries(12):
            alice.get(path)
