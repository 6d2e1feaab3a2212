"""Pipelines and stages: what admins may do with them, at the action and in the admin."""

from __future__ import annotations

import pytest
from django.test import Client

from deals.actions import delete_deal, move_to_stage
from deals.models import Deal, Pipeline, Stage
from deals.stages import add_pipeline, add_stage, delete_pipeline, delete_stage, edit_pipeline, edit_stage
from tests.factories import make_deal
from tests.workspaces.adminpages import errors, form_of, path
from workspaces.action import NotAllowed, Refused


@pytest.fixture
def alice(acme, login) -> Client:
    return login(acme.alice)


def test_only_admins_change_them(acme):
    pipeline = acme.stages["New"].pipeline
    for attempt in (
        lambda: add_pipeline(acme.workspace, name="Other", by=acme.bob),
        lambda: edit_pipeline(pipeline, name="Other", by=acme.bob),
        lambda: delete_pipeline(pipeline, by=acme.bob),
        lambda: add_stage(pipeline, name="Other", by=acme.bob),
        lambda: edit_stage(acme.stages["New"], name="Other", by=acme.bob),
        lambda: delete_stage(acme.stages["New"], by=acme.bob),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    assert Pipeline.objects.count() == 1 and Stage.objects.count() == 7


def test_a_stages_new_probability_is_that_of_its_open_deals(acme):
    follows, set_by_hand = (
        make_deal(acme.bob, acme.stages["New"]),
        make_deal(acme.bob, acme.stages["New"], probability=77),
    )
    elsewhere = make_deal(acme.bob, acme.stages["Contacted"])
    edit_stage(acme.stages["New"], by=acme.alice, probability=15, name="Fresh", color="#123456")
    found = {deal.pk: (deal.probability, deal.version) for deal in Deal.objects.all()}
    assert found == {follows.pk: (15, 2), set_by_hand.pk: (77, 1), elsewhere.pk: (20, 1)}
    assert acme.stages["New"].totals.get(owner=acme.bob.user_id).weighted == 150 + 770


def test_the_kind_changes_only_while_the_stage_is_empty(acme):
    deal = make_deal(acme.bob, acme.stages["Proposal"])
    with pytest.raises(Refused, match="1 deal .* stands in Proposal"):
        edit_stage(acme.stages["Proposal"], by=acme.alice, kind="won")
    delete_deal(deal, by=acme.bob)
    with pytest.raises(Refused, match="the bin counts"):
        edit_stage(acme.stages["Proposal"], by=acme.alice, kind="won")
    changed = edit_stage(acme.stages["Meeting scheduled"], by=acme.alice, kind="won")
    assert (changed.kind, changed.probability) == ("won", 100)


def test_a_pipeline_keeps_an_open_a_won_and_a_lost_stage(acme):
    for kind in ("Won", "Lost"):
        with pytest.raises(Refused, match=f"last {kind.lower()} one"):
            edit_stage(acme.stages[kind], by=acme.alice, kind="open")
        with pytest.raises(Refused, match=f"last {kind.lower()} one"):
            delete_stage(acme.stages[kind], by=acme.alice)
    for name in ("New", "Contacted", "Qualified", "Meeting scheduled"):
        delete_stage(acme.stages[name], by=acme.alice)
    with pytest.raises(Refused, match="last open one"):
        delete_stage(acme.stages["Proposal"], by=acme.alice)
    assert Stage.objects.count() == 3


def test_a_stage_with_deals_or_with_a_past_stays(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    with pytest.raises(Refused, match="Move them first"):
        delete_stage(acme.stages["New"], by=acme.alice)
    move_to_stage(deal, acme.stages["Contacted"], by=acme.bob)
    with pytest.raises(Refused, match="their history names it"):
        delete_stage(acme.stages["New"], by=acme.alice)
    assert Stage.objects.count() == 7


def test_a_new_stage_comes_last(acme):
    stage = add_stage(acme.stages["New"].pipeline, by=acme.alice, name="Procurement", probability=90)
    assert (stage.position, stage.kind, stage.probability) == (7, "open", 90)
    assert add_stage(acme.stages["New"].pipeline, by=acme.alice, name="Gone", kind="lost").probability == 0


def test_one_pipeline_is_the_default(acme):
    sales = acme.stages["New"].pipeline
    other = add_pipeline(acme.workspace, name="Renewals", by=acme.alice, is_default=True)
    assert other.stages.count() == 7
    sales.refresh_from_db()
    assert not sales.is_default
    with pytest.raises(Refused, match="Make another"):
        edit_pipeline(other, by=acme.alice, is_default=False)
    edit_pipeline(sales, by=acme.alice, is_default=True, max_skip=1)
    assert Pipeline.objects.get(is_default=True) == sales
    delete_pipeline(other, by=acme.alice)
    with pytest.raises(Refused, match="default pipeline stays"):
        delete_pipeline(sales, by=acme.alice)
    assert Pipeline.objects.get().stages.count() == 7


def test_a_pipeline_with_deals_stays(acme):
    other = add_pipeline(acme.workspace, name="Renewals", by=acme.alice)
    make_deal(acme.bob, other.stages.get(name="New"))
    with pytest.raises(Refused, match="stands in New"):
        delete_pipeline(other, by=acme.alice)
    assert other.stages.count() == 7


# --- in the admin ---------------------------------------------------------------------------------------


def test_a_stage_is_edited_in_the_admin(acme, alice):
    url = path(acme.workspace, "deals_stage_change", acme.stages["New"].pk)
    page = alice.get(url).content.decode()
    assert 'type="color"' in page
    data = form_of(alice, url, Stage)
    assert alice.post(url, data | {"name": "Fresh", "rotting_days": "3", "color": "#00ff00"}).status_code == 302
    stage = Stage.objects.get(pk=acme.stages["New"].pk)
    assert (stage.name, stage.rotting_days, stage.color) == ("Fresh", 3, "#00ff00")
    for fields, where in (
        ({"name": "Won"}, "__all__"),
        ({"position": "4"}, "__all__"),
        ({"probability": "101"}, "probability"),
        ({"color": "red"}, "color"),
    ):
        response = alice.post(url, data | fields)
        assert response.status_code == 200 and where in errors(response), fields


def test_a_refused_change_of_kind_is_an_error_of_the_form(acme, alice):
    make_deal(acme.bob, acme.stages["New"])
    for name, message in (("New", "1 deal (the bin counts) stands in New"), ("Won", "last won stage")):
        url = path(acme.workspace, "deals_stage_change", acme.stages[name].pk)
        response = alice.post(url, form_of(alice, url, Stage) | {"kind": "lost", "probability": "50"})
        assert response.status_code == 200 and message in str(errors(response)["kind"])
    url = path(acme.workspace, "deals_stage_change", acme.stages["Contacted"].pk)
    assert alice.post(url, form_of(alice, url, Stage) | {"kind": "lost", "probability": "50"}).status_code == 302
    assert Stage.objects.get(pk=acme.stages["Contacted"].pk).probability == 0


def test_stages_and_pipelines_are_deleted_by_their_actions(acme, alice):
    make_deal(acme.bob, acme.stages["New"])
    url = path(acme.workspace, "deals_stage_delete", acme.stages["New"].pk)
    page = alice.get(url).content.decode()
    assert "1 deals" in page and "Yes, I" not in page
    assert alice.post(url, {"post": "yes"}).status_code == 200
    last = alice.post(path(acme.workspace, "deals_stage_delete", acme.stages["Lost"].pk), {"post": "yes"}, follow=True)
    assert "this is the last lost one" in last.content.decode()
    empty = alice.post(path(acme.workspace, "deals_stage_delete", acme.stages["Qualified"].pk), {"post": "yes"})
    assert empty.status_code == 302
    default = alice.post(path(acme.workspace, "deals_pipeline_delete", acme.stages["New"].pipeline_id), {"post": "yes"})
    assert Pipeline.objects.count() == 1 and default.status_code in (200, 302)
    assert Stage.objects.count() == 6


def test_a_pipeline_is_added_with_stages_in_the_admin(acme, alice):
    url = path(acme.workspace, "deals_pipeline_add")
    response = alice.post(url, {"name": "Renewals", "position": "1", "is_default": "on"})
    assert response.status_code == 302
    assert Pipeline.objects.get(is_default=True).name == "Renewals" and Stage.objects.count() == 14
    url = path(acme.workspace, "deals_stage_add")
    pipeline = Pipeline.objects.get(name="Renewals").pk
    new = {
        "pipeline": pipeline,
        "name": "Legal",
        "position": "9",
        "kind": "open",
        "probability": "85",
        "color": "#123123",
    }
    assert alice.post(url, new).status_code == 302
    taken = alice.post(url, new | {"name": "Other"})
    assert taken.status_code == 200 and "Position already exists" in str(errors(taken))
    foreign = alice.post(url, new | {"pipeline": acme.rival_stages["New"].pipeline_id, "position": "10"})
    assert "pipeline" in errors(foreign)
