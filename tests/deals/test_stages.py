"""Pipelines and stages: what admins may do with them, at the action and in the admin."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from activities.models import Activity
from deals.actions import TEMPLATES, delete_deal, move_to_stage, undo_stage_change
from deals.models import Deal, Pipeline, Stage, StageEvent
from deals.setup import (
    add_pipeline,
    add_stage,
    delete_pipeline,
    delete_stage,
    edit_pipeline,
    edit_stage,
    reorder_pipelines,
    reorder_stages,
    restore_stage,
)
from tests.factories import make_deal
from tests.workspaces.adminpages import errors, form_of, path
from workspaces.action import NotAllowed, Refused, Stale

LONG_AGO = datetime(2026, 1, 5, 10, tzinfo=UTC)


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


def test_the_deals_of_a_deleted_stage_go_where_it_is_said(acme):
    new, contacted = acme.stages["New"], acme.stages["Contacted"]
    low, top = make_deal(acme.bob, new, "Low", at=LONG_AGO), make_deal(acme.bob, new, "Top", probability=33)
    binned = delete_deal(make_deal(acme.alice, new, "Binned"), by=acme.alice)
    there = make_deal(acme.bob, contacted, "There")
    with pytest.raises(Refused, match=r"3 deals \(the bin counts\) stand in New. Where shall they go"):
        delete_stage(new, by=acme.alice)
    with pytest.raises(Refused, match="go to another open stage"):
        delete_stage(new, by=acme.alice, into=acme.stages["Lost"])
    assert delete_stage(new, by=acme.alice, into=contacted) == 3
    column = Deal.all_objects.filter(stage=contacted).order_by("rank").values_list("name", flat=True)
    assert list(column) == ["There", "Binned", "Top", "Low"] and there.version == 1
    found = {deal.name: (deal.probability, deal.version) for deal in Deal.all_objects.all()}
    assert found == {"There": (20, 1), "Low": (20, 2), "Top": (33, 2), "Binned": (20, 3)}
    event = StageEvent.objects.get(deal=low, from_stage=new)
    assert (event.to_stage, event.version, event.before["probability"]) == (contacted, 2, 10)
    assert event.entered_at == LONG_AGO and Deal.objects.get(pk=low.pk).stage_entered_at == event.left_at
    # No work on the deal: it goes on rotting.
    assert Deal.objects.get(pk=low.pk).last_activity_at == LONG_AGO
    assert Activity.objects.get(deal=top, kind="system").body == "The stage New was deleted: moved to Contacted"
    assert contacted.totals.get(owner=acme.bob.user_id).deals == 3
    assert Deal.all_objects.get(pk=binned.pk).deleted_at


def test_a_stage_with_a_past_is_archived_so_that_history_can_be_read(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    deal, event = move_to_stage(deal, acme.stages["Contacted"], by=acme.bob)
    delete_stage(acme.stages["New"], by=acme.alice)
    assert Stage.objects.count() == 6 and Stage.all_objects.count() == 7
    assert not acme.workspace.pipelines.get().stages.filter(name="New").exists()
    assert StageEvent.objects.get(pk=event.pk).from_stage.name == "New"
    # Nothing goes there any more, by whatever door.
    for attempt in (
        lambda: undo_stage_change(event, by=acme.bob),
        lambda: move_to_stage(deal, acme.stages["New"], by=acme.bob),
        lambda: make_deal(acme.bob, acme.stages["New"]),
    ):
        with pytest.raises(Refused, match="This stage is gone"):
            attempt()
    # Its name is free again; then it cannot come back under it.
    again = add_stage(acme.stages["Won"].pipeline, name="New", by=acme.alice)
    with pytest.raises(Refused, match="of this name already"):
        restore_stage(acme.stages["New"], by=acme.alice)
    delete_stage(again, by=acme.alice)
    assert not Stage.all_objects.filter(pk=again.pk).exists()
    assert restore_stage(acme.stages["New"], by=acme.alice).position == 5
    assert [stage.name for stage in Stage.objects.all()][4:] == ["New", "Won", "Lost"]


def test_a_deleted_won_stage_leaves_its_deals_won(acme):
    second = add_stage(acme.stages["Won"].pipeline, name="Won again", kind="won", by=acme.alice)
    deal = make_deal(acme.bob, acme.stages["Qualified"])
    deal, _ = move_to_stage(deal, acme.stages["Won"], by=acme.bob, reason="Price", note="Signed")
    delete_stage(acme.stages["Won"], by=acme.alice, into=second)
    kept = Deal.objects.get()
    assert (kept.stage, kept.status, kept.closed_at, kept.won_reason, kept.rank) == (second, "won", deal.closed_at, "Price", None)  # fmt: skip


def test_a_new_open_stage_comes_after_the_open_ones(acme):
    stage = add_stage(acme.stages["New"].pipeline, by=acme.alice, name="Procurement", probability=90)
    assert (stage.position, stage.kind, stage.probability) == (5, "open", 90)
    gone = add_stage(acme.stages["New"].pipeline, by=acme.alice, name="Gone", kind="lost")
    assert (gone.position, gone.probability) == (8, 0)
    assert [stage.name for stage in Stage.objects.all()][4:] == ["Proposal", "Procurement", "Won", "Lost", "Gone"]


def test_stages_are_put_in_order_and_the_earliest_to_win_from_stays_the_one_it_was(acme):
    pipeline = edit_pipeline(acme.stages["New"].pipeline, by=acme.alice, win_from=2)
    seen = list(Stage.objects.values_list("pk", flat=True))
    order = [seen[2], seen[0], seen[1], *seen[3:]]
    reorder_stages(pipeline, order, seen=seen, by=acme.alice)
    assert list(Stage.objects.values_list("pk", flat=True)) == order
    assert Pipeline.objects.get().win_from == 0  # Qualified, as before
    with pytest.raises(Stale, match="order was changed meanwhile"):
        reorder_stages(pipeline, seen, seen=seen, by=acme.alice)
    with pytest.raises(Refused, match="names each of them once"):
        reorder_stages(pipeline, [*order[:6], order[0]], seen=order, by=acme.alice)
    with pytest.raises(Refused, match="behind the open ones"):
        reorder_stages(pipeline, [*order[:4], order[5], order[4], order[6]], seen=order, by=acme.alice)
    delete_stage(acme.stages["Qualified"], by=acme.alice)
    deal = make_deal(acme.bob, acme.stages["New"])
    assert Pipeline.objects.get().win_from == 1  # the next one
    assert move_to_stage(deal, acme.stages["Won"], by=acme.bob)[0].status == "won"


def test_of_two_admins_the_second_is_told_of_the_first(acme):
    pipeline, stage = acme.stages["New"].pipeline, acme.stages["New"]
    assert edit_pipeline(pipeline, by=acme.alice, version=1, name="Selling").version == 2
    assert edit_stage(stage, by=acme.alice, version=1, rotting_days=3).version == 2
    for attempt in (
        lambda: edit_pipeline(pipeline, by=acme.alice, version=1, max_skip=3),
        lambda: edit_stage(stage, by=acme.alice, version=1, name="Fresh"),
        lambda: delete_stage(stage, by=acme.alice, version=1),
    ):
        with pytest.raises(Stale, match="Alice changed this"):
            attempt()
    assert edit_stage(stage, by=acme.alice, version=2, rotting_days=3).version == 2  # nothing changed


def test_what_no_page_could_work_with_is_refused(acme):
    for wrong in ({"name": " "}, {"name": "Won"}, {"color": "red"}, {"probability": 101}, {"rotting_days": -1}):
        with pytest.raises(Refused) as refusal:
            edit_stage(acme.stages["New"], by=acme.alice, **wrong)
        assert refusal.value.fields.keys() == wrong.keys()
    with pytest.raises(Refused, match="pipeline of this name already"):
        add_pipeline(acme.workspace, name="Sales", by=acme.alice)
    with pytest.raises(Refused, match="no such template"):
        add_pipeline(acme.workspace, name="Other", template="mine", by=acme.alice)


def test_pipelines_are_made_from_templates_and_put_in_order(acme):
    made = {name: add_pipeline(acme.workspace, name=name, template=name, by=acme.alice) for name in TEMPLATES}
    names = {name: [stage.name for stage in pipeline.stages.all()] for name, pipeline in made.items()}
    assert names["opportunity"] == ["Qualification", "Discovery", "Proposal", "Negotiation", "Closed won", "Closed lost"]  # fmt: skip
    assert names["classic"][:2] == ["Lead", "Qualified"] and names["default"] == list(acme.stages)
    seen = list(Pipeline.objects.values_list("pk", flat=True))
    assert seen[1:] == [pipeline.pk for pipeline in made.values()]
    reorder_pipelines(acme.workspace, seen[::-1], seen=seen, by=acme.alice)
    assert list(Pipeline.objects.values_list("pk", flat=True)) == seen[::-1]


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


def test_the_deals_of_a_deleted_pipeline_go_to_stages_of_the_same_name_or_kind(acme):
    classic = add_pipeline(acme.workspace, name="Classic", template="classic", by=acme.alice)
    there = {stage.name: stage for stage in classic.stages.all()}
    deals = {name: make_deal(acme.bob, there[name], name) for name in ("Lead", "Qualified")}
    move_to_stage(make_deal(acme.bob, there["Proposal"], "Lost"), there["Closed lost"], by=acme.bob, reason="No budget")
    with pytest.raises(Refused, match="3 deals .* stand in Classic. Where shall they go"):
        delete_pipeline(classic, by=acme.alice)
    assert delete_pipeline(classic, by=acme.alice, into=acme.stages["New"].pipeline) == 3
    found = {deal.name: deal.stage.name for deal in Deal.objects.select_related("stage")}
    assert found == {"Lead": "New", "Qualified": "Qualified", "Lost": "Lost"}
    assert {deal.pipeline_id for deal in Deal.objects.all()} == {acme.stages["New"].pipeline_id}
    assert not Pipeline.objects.filter(pk=classic.pk).exists() and Stage.objects.count() == 7
    names = StageEvent.objects.filter(deal=deals["Lead"]).values_list("to_stage__name", flat=True)
    assert set(names) == {"Lead", "New"}
    # What it was called may be called so again.
    assert add_pipeline(acme.workspace, name="Classic", by=acme.alice).pk


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


def test_the_deals_of_an_open_stage_are_in_a_sum_of_the_forecast(acme):
    for closed in (
        lambda: add_stage(acme.stages["New"].pipeline, by=acme.alice, name="Odd", forecast_category="closed"),
        lambda: edit_stage(acme.stages["New"], by=acme.alice, forecast_category="closed"),
    ):
        with pytest.raises(Refused, match="not closed") as refusal:
            closed()
        assert list(refusal.value.fields) == ["forecast_category"]
    assert edit_stage(acme.stages["Won"], by=acme.alice, forecast_category="closed").forecast_category == "closed"
