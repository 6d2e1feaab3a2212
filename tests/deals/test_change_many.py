"""One thing done to many deals: each by the rules of one, refusals told, the others done, and one undo for all."""

from __future__ import annotations

from datetime import UTC, date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities.actions import plan_task
from activities.inbox import in_words
from activities.models import Activity, Notification, Task
from deals.actions import (
    assign_deal,
    change_many,
    find_or_create_tags,
    move_to_stage,
    tag_deal,
    undo_change,
    undo_many,
    undo_stage_change,
    update_deal,
)
from deals.actions.many import STEP
from deals.bulk import NewDeal, create_deals
from deals.models import BulkChange, Deal, DealChange, StageEvent, StageTotal, Tag
from deals.setup import delete_stage
from deals.tasks import run_bulk
from deals.telling import tell
from tests.factories import make_deal, url
from tests.pages import SCRIPT
from workspaces.action import NotAllowed, Refused, Stale
from workspaces.formats import Formats, locale_of
from workspaces.models import Membership, User, Workspace


@pytest.fixture
def deals(acme) -> list[Deal]:
    return [make_deal(acme.bob, acme.stages[stage], f"Deal {n}", 100 * n) for n, stage in enumerate(("New", "New", "Contacted", "Qualified"), 1)]  # fmt: skip


def change(acme, verb: str, chosen: list[Deal], facts: dict, by: Membership | None = None, **more) -> BulkChange:
    found = Deal.objects.filter(pk__in=[deal.pk for deal in chosen])
    return change_many(acme.workspace, verb, found, facts, by=by or acme.bob, summary="Changed", **more)


def states(bulk: BulkChange) -> dict[str, str]:
    return dict(bulk.items.order_by("deal__name").values_list("deal__name", "state"))


def facts_of(deals: list[Deal]) -> list[tuple]:
    """All that an undo must bring back."""
    names = (
        "stage_id", "status", "rank", "probability", "probability_source", "amount", "owner_id", "expected_close_date", "closed_at", "lost_reason",
        "stage_entered_at", "deleted_at", "last_activity_at",
    )  # fmt: skip
    return list(Deal.all_objects.filter(pk__in=[deal.pk for deal in deals]).order_by("pk").values_list(*names))


def test_facts_of_many_and_back(acme, deals):
    before = facts_of(deals)
    bulk = change(acme, "edit", deals, {"set": {"expected_close_date": "2027-03-31", "probability": 35}})
    assert bulk.state == "done" and set(states(bulk).values()) == {"done"}
    for deal in Deal.objects.all():
        assert (deal.expected_close_date, deal.probability, deal.probability_source, deal.version) == (date(2027, 3, 31), 35, "manual", 2)  # fmt: skip
        line = Activity.objects.get(deal=deal, kind="field_change")
        assert line.data["changes"]["expected_close_date"] == [None, "2027-03-31"] and line.actor_id == acme.bob.user_id
    bulk = undo_many(bulk, by=acme.bob)
    assert bulk.state == "undone" and set(states(bulk).values()) == {"undone"}
    assert facts_of(deals) == before
    assert {deal.version for deal in Deal.objects.all()} == {3}
    struck = Activity.objects.filter(kind="field_change").order_by("pk").values_list("undone_at", flat=True)
    assert [at is not None for at in struck] == [True] * 4 + [False] * 4


def test_what_is_so_already_gets_no_version_and_no_line(acme, deals):
    bulk = change(acme, "edit", deals, {"set": {"amount": "100"}})
    assert states(bulk) == {"Deal 1": "same", "Deal 2": "done", "Deal 3": "done", "Deal 4": "done"}
    assert Activity.objects.filter(kind="field_change").count() == 3
    assert Deal.objects.get(pk=deals[0].pk).version == 1


def test_moves_keep_the_rules_and_say_who_was_refused(acme, deals):
    before = facts_of(deals)
    bulk = change(acme, "move", deals, {"stage": acme.stages["Won"].pk, "reason": "Price"})
    assert states(bulk) == {"Deal 1": "refused", "Deal 2": "refused", "Deal 3": "done", "Deal 4": "done"}
    assert "cannot be won from New" in bulk.items.filter(state="refused").first().reason
    assert Deal.objects.filter(status="won", won_reason="Price").count() == 2
    assert StageEvent.objects.filter(to_stage=acme.stages["Won"]).count() == 2
    assert Activity.objects.filter(kind="stage_change", data__to="Won", data__reason="Price").count() == 2
    undo_many(bulk, by=acme.bob)
    assert facts_of(deals) == before
    assert StageEvent.objects.filter(undoes__isnull=False).count() == 2


def test_moved_cards_come_on_top_in_the_order_they_had(acme, deals):
    there = make_deal(acme.bob, acme.stages["Proposal"], "There")
    by_rank = list(Deal.objects.filter(stage=acme.stages["New"]).order_by("rank").values_list("pk", flat=True))
    change(acme, "move", deals[:3], {"stage": acme.stages["Proposal"].pk})
    column = list(Deal.objects.filter(stage=acme.stages["Proposal"]).order_by("rank").values_list("pk", flat=True))
    assert column == [*by_rank, deals[2].pk, there.pk]
    total = StageTotal.objects.get(stage=acme.stages["Proposal"])
    assert (total.deals, total.amount) == (4, Decimal(1000 + 100 + 200 + 300))


def test_who_came_from_a_stage_that_is_gone_stays_and_the_rest_goes_back(acme, deals):
    bulk = change(acme, "move", deals[1:3], {"stage": acme.stages["Proposal"].pk})
    delete_stage(acme.stages["Contacted"], by=acme.alice)
    bulk = undo_many(bulk, by=acme.bob)
    assert bulk.state == "undone" and states(bulk) == {"Deal 2": "undone", "Deal 3": "kept"}
    assert "gone" in bulk.items.get(state="kept").reason
    assert [Deal.objects.get(pk=deal.pk).stage.name for deal in deals[1:3]] == ["New", "Proposal"]


def test_a_place_taken_meanwhile_is_given_back_on_top(acme, deals):
    bulk = change(acme, "move", deals[:2], {"stage": acme.stages["Proposal"].pk})
    late = make_deal(acme.bob, acme.stages["New"], "Late")
    rank = StageEvent.objects.filter(deal=deals[0], from_stage__isnull=False).get().before["rank"]
    Deal.objects.filter(pk=late.pk).update(rank=rank)
    bulk = undo_many(bulk, by=acme.bob)
    assert set(states(bulk).values()) == {"undone"}
    ranks = list(Deal.objects.filter(stage=acme.stages["New"]).values_list("rank", flat=True))
    assert len(ranks) == len(set(ranks)) == 3


def test_lost_needs_its_reason_here_too(acme, deals):
    bulk = change(acme, "move", deals, {"stage": acme.stages["Lost"].pk})
    assert set(states(bulk).values()) == {"refused"} and not Deal.objects.exclude(status="open").exists()


def test_owner_with_open_tasks_and_back(acme, deals):
    tasks = [plan_task(deal, "Call", by=acme.bob) for deal in deals]
    kept = plan_task(deals[0], "Hers already", by=acme.alice)
    bulk = change(acme, "edit", deals, {"set": {"owner_id": acme.alice.user_id}, "hand_over": True})
    assert set(Deal.objects.values_list("owner_id", flat=True)) == {acme.alice.user_id}
    assert set(Task.objects.values_list("assignee_id", flat=True)) == {acme.alice.user_id}
    undo_many(bulk, by=acme.bob)
    assert set(Deal.objects.values_list("owner_id", flat=True)) == {acme.bob.user_id}
    mine = Task.objects.filter(pk__in=[task.pk for task in tasks]).values_list("assignee_id", flat=True)
    assert set(mine) == {acme.bob.user_id} and Task.objects.get(pk=kept.pk).assignee_id == acme.alice.user_id


def test_only_an_active_member_becomes_owner(acme, deals):
    bulk = change(acme, "edit", deals[:1], {"set": {"owner_id": acme.charlie.user_id}})
    assert states(bulk) == {"Deal 1": "refused"}
    assert Deal.objects.get(pk=deals[0].pk).owner_id == acme.bob.user_id


def test_deleted_and_back(acme, deals):
    before = facts_of(deals)
    bulk = change(acme, "delete", deals, {})
    assert not Deal.objects.exists()
    assert set(Deal.all_objects.values_list("deleted_by_id", flat=True)) == {acme.bob.user_id}
    undo_many(bulk, by=acme.bob)
    assert facts_of(deals) == before
    assert set(Deal.objects.values_list("deleted_by_id", flat=True)) == {None}


def test_all_deals_of_a_transaction_are_locked_before_any_stage(acme, deals):
    """A move of one has its deal and waits for the stage: who has the stage must not wait for that deal any more."""
    stage = acme.stages["New"]
    new = [NewDeal(f"Deal {n}", stage, acme.bob.user_id, timezone.now()) for n in range(150)]
    create_deals(acme.workspace, new, by=acme.bob)
    with CaptureQueriesContext(connection) as captured:
        change(acme, "move", list(Deal.objects.all()), {"stage": acme.stages["Contacted"].pk})
    locks = [
        query["sql"].partition("FROM ")[2].split()[0].strip('"') for query in captured if "FOR NO KEY" in query["sql"]
    ]
    assert locks == ["deals_deal", "deals_stage"]


def test_a_next_step_for_each_and_back(acme, deals):
    move_to_stage(deals[3], acme.stages["Won"], by=acme.bob)
    bulk = change(
        acme, "task", deals, {"title": "Send the offer", "type": "email", "due_at": "2027-01-01T10:00:00+00:00"}
    )
    assert states(bulk)["Deal 4"] == "refused"
    assert Task.objects.filter(title="Send the offer", assignee_id=acme.bob.user_id, status="open").count() == 3
    undo_many(bulk, by=acme.bob)
    assert not Task.objects.filter(status="open").exists()


def test_tags_of_many_and_back(acme, deals):
    red, blue = find_or_create_tags(acme.workspace, ["Red", "blue", "RED"], by=acme.bob)
    assert find_or_create_tags(acme.workspace, ["red"], by=acme.bob) == [red]
    change(acme, "tag", deals[:2], {"add": [red.pk], "remove": []})
    bulk = change(acme, "tag", deals, {"add": [blue.pk], "remove": [red.pk]})

    def tags() -> list[list[str]]:
        return [[link.tag.name for link in deal.tag_links.all()] for deal in Deal.objects.order_by("pk")]

    assert tags() == [["blue"]] * 4
    line = Activity.objects.filter(deal=deals[0], kind="field_change").order_by("-pk").first()
    assert line.data["changes"] == {"tags": ["Red", "blue"]}
    undo_many(bulk, by=acme.bob)
    assert tags() == [["Red"], ["Red"], [], []]
    Tag.objects.all().delete()
    assert tags() == [[], [], [], []]


def test_no_deal_gets_more_tags_with_others_than_alone(acme, deals):
    full = find_or_create_tags(acme.workspace, [f"Tag {n}" for n in range(20)], by=acme.bob)
    tag_deal(deals[0], full, by=acme.bob)
    one_more = find_or_create_tags(acme.workspace, ["One more"], by=acme.bob)
    bulk = change(acme, "tag", deals[:2], {"add": [one_more[0].pk], "remove": []})
    assert states(bulk) == {"Deal 1": "refused", "Deal 2": "done"}
    assert bulk.items.get(state="refused").reason == "A deal has at most 20 tags."


def test_whoever_was_changed_since_stays_and_the_rest_goes_back(acme, deals):
    bulk = change(acme, "edit", deals, {"set": {"amount": "5"}})
    update_deal(deals[1], by=acme.alice, version=2, amount=Decimal(9))
    bulk = undo_many(bulk, by=acme.bob)
    assert states(bulk) == {"Deal 1": "undone", "Deal 2": "kept", "Deal 3": "undone", "Deal 4": "undone"}
    kept = bulk.items.get(state="kept")
    assert "Alice changed this deal" in kept.reason
    assert list(Deal.objects.order_by("pk").values_list("amount", flat=True)) == [100, 9, 300, 400]
    with pytest.raises(Refused, match="been undone"):
        undo_many(bulk, by=acme.bob)


def test_others_undo_only_as_managers_and_viewers_do_nothing(acme, deals):
    bulk = change(acme, "edit", deals, {"set": {"amount": "5"}}, by=acme.alice)
    with pytest.raises(NotAllowed):
        undo_many(bulk, by=acme.bob)
    with pytest.raises(NotAllowed):
        change(acme, "delete", deals, {}, by=acme.vera)
    assert Deal.objects.count() == 4


def test_what_one_may_not_see_is_neither_chosen_nor_changed(acme, deals):
    hidden = make_deal(acme.alice, acme.stages["New"], "Hidden")
    Workspace.objects.filter(pk=acme.workspace.pk).update(visibility="own")
    acme.bob.refresh_from_db()
    bulk = change(
        acme, "delete", [*deals, hidden], {}, by=Membership.objects.select_related("workspace").get(pk=acme.bob.pk)
    )
    assert states(bulk)["Hidden"] == "refused" and Deal.objects.get().pk == hidden.pk


def test_another_number_than_was_told_is_refused_and_leaves_nothing(acme, deals):
    with pytest.raises(Refused, match="were 5"):
        change(acme, "delete", deals, {}, expected=5)
    assert not BulkChange.objects.exists() and Deal.objects.count() == 4


# --- one deal ---------------------------------------------------------------------------------------


def test_one_edit_is_taken_back_by_the_same_way(acme, deals):
    before = facts_of(deals)
    update_deal(deals[0], by=acme.bob, version=1, amount=Decimal(7), probability=55)
    noted = DealChange.objects.get(deal=deals[0], version=2)
    assert noted.before == {"amount": "100.00", "probability": 10, "probability_source": "stage"}
    deal = undo_change(noted, by=acme.bob)
    assert facts_of(deals) == before and deal.version == 3
    with pytest.raises(Refused, match="nothing to undo"):
        undo_change(noted, by=acme.bob)


def test_one_edit_stays_when_somebody_changed_the_deal_since(acme, deals):
    update_deal(deals[0], by=acme.bob, version=1, amount=Decimal(7))
    update_deal(deals[0], by=acme.alice, version=2, next_step="Call")
    with pytest.raises(Stale, match="Alice changed this deal"):
        undo_change(DealChange.objects.get(deal=deals[0], version=2), by=acme.bob)
    assert Deal.objects.get(pk=deals[0].pk).amount == 7


def test_an_owner_who_left_does_not_come_back_by_undo(acme, deals):
    update_deal(deals[0], by=acme.alice, version=1, owner_id=acme.alice.user_id)
    Membership.objects.filter(pk=acme.bob.pk).update(status="left")
    with pytest.raises(Refused, match="member"):
        undo_change(DealChange.objects.get(deal=deals[0], version=2), by=acme.alice)


# --- who is told ------------------------------------------------------------------------------------


def told(member: Membership, kind: str) -> list[str]:
    rows = Notification.objects.filter(recipient=member.user, kind=kind).select_related("actor", "deal", "task")
    formats = Formats(locale_of("en"), UTC, "EUR", date(2026, 1, 1))
    return [str(in_words(row, formats)) for row in rows.order_by("pk")]


def hand_on(bulk: BulkChange) -> None:
    for activity in Activity.objects.filter(data__bulk=bulk.pk).order_by("pk"):
        tell(activity)


def test_the_new_owner_hears_of_many_deals_once(acme, deals):
    task = plan_task(deals[0], "Call", by=acme.bob)
    plan_task(deals[1], "Call", by=acme.bob)
    bulk = change(acme, "edit", deals, {"set": {"owner_id": acme.alice.user_id}, "hand_over": True})
    hand_on(bulk)
    assert told(acme.alice, "deal_assigned") == ["Bob assigned Deal 1 to you · one of 4 deals changed at once"]
    assert told(acme.alice, "task_assigned") == ["Bob gave you a task on Deal 1 · one of 4 deals changed at once"]
    assert Notification.objects.get(kind="task_assigned").task == task


def test_owners_hear_once_of_a_next_step_and_of_a_move_of_many(acme, deals):
    change(acme, "task", deals, {"title": "Call", "type": "call"}, by=acme.alice)
    bulk = change(acme, "move", deals[:2], {"stage": acme.stages["Qualified"].pk}, by=acme.alice)
    hand_on(bulk)
    assert [line.partition(" · ")[2] for line in told(acme.bob, "task_assigned")] == ["one of 4 deals changed at once"]
    assert [line.partition(" · ")[2] for line in told(acme.bob, "stage_changed")] == ["one of 2 deals changed at once"]


def test_of_one_deal_alone_nothing_is_said_of_many(acme, deals):
    bulk = change(acme, "edit", deals[:1], {"set": {"owner_id": acme.alice.user_id}})
    hand_on(bulk)
    assert told(acme.alice, "deal_assigned") == ["Bob assigned Deal 1 to you"]


def test_who_did_not_wait_is_told_of_the_end_and_of_the_undo(acme):
    many = [make_deal(acme.bob, acme.stages["New"], f"Deal {n}") for n in range(STEP + 1)]
    bulk = change(acme, "edit", many, {"set": {"amount": "5"}})
    run_bulk(acme.workspace.pk, bulk.pk)
    bulk.refresh_from_db()
    assert bulk.state == BulkChange.State.DONE
    undo_many(bulk, by=acme.bob)
    run_bulk(acme.workspace.pk, bulk.pk)
    assert told(acme.bob, "job_finished") == [
        "Changed: done for 201 of 201 deals",
        "Changed: undone for 201 of 201 deals",
    ]


def test_tags_that_differ_in_case_alone_are_one_as_the_database_says(acme, deals):
    tags = find_or_create_tags(acme.workspace, ["İ", "i̇", "I", "ı", "i"], by=acme.bob)
    assert len(tags) == Tag.objects.count()
    assert {tag.pk for tag in find_or_create_tags(acme.workspace, ["I", "İ"], by=acme.bob)} <= {tag.pk for tag in tags}


def unread(member: Membership) -> list[tuple[str, str | None, int | None]]:
    rows = Notification.objects.shown_to(member, None).unread().select_related("deal").order_by("pk")
    return [(row.kind, row.deal and row.deal.name, row.data.get("many")) for row in rows]


@pytest.mark.parametrize("kept", [(2,), (1, 3), ()])
def test_of_a_change_undone_in_part_those_hear_whom_the_rest_concerns(acme, deals, kept):
    for deal in deals:
        plan_task(deal, "Call", by=acme.bob)
    bulk = change(acme, "edit", deals, {"set": {"owner_id": acme.vera.user_id}, "hand_over": True}, by=acme.alice)
    hand_on(bulk)
    assert unread(acme.vera) == [("task_assigned", "Deal 1", 4), ("deal_assigned", "Deal 1", 4)]
    for number in kept:
        update_deal(deals[number], by=acme.bob, version=2, amount=7)
    undo_many(bulk, by=acme.alice)
    hand_on(bulk)
    first, many = (deals[kept[0]].name, len(kept) if len(kept) > 1 else None) if kept else ("", None)
    assert unread(acme.vera) == ([("task_assigned", first, many), ("deal_assigned", first, many)] if kept else [])
    assert unread(acme.bob) == []  # who ends where they began


def test_of_moves_undone_in_part_the_owner_hears_of_the_rest(acme, deals):
    bulk = change(acme, "move", deals[:3], {"stage": acme.stages["Proposal"].pk}, by=acme.alice)
    hand_on(bulk)
    assert unread(acme.bob) == [("stage_changed", "Deal 2", 3)]  # the topmost card
    update_deal(deals[2], by=acme.alice, version=2, amount=7)
    undo_many(bulk, by=acme.alice)
    assert unread(acme.bob) == [("stage_changed", "Deal 3", None)]
    assert told(acme.bob, "stage_changed") == ["Alice moved Deal 3 from Contacted to Proposal"]


@pytest.mark.parametrize("door", ["single", "many"])
def test_who_gave_a_deal_away_takes_it_back_though_it_is_hidden_now(acme, login, door):
    Workspace.objects.filter(pk=acme.workspace.pk).update(visibility="own")
    bob, deal = login(acme.bob), make_deal(acme.bob, acme.stages["New"])
    page = url(acme.workspace, "deal_detail", deal.pk)
    if door == "single":
        assign_deal(deal, acme.alice.user_id, by=acme.bob, version=1)
        undo = url(acme.workspace, "deal_change_undo", deal.pk, 2)
        assert login(acme.vera).post(undo).status_code in (403, 404)
    else:
        bulk = change(acme, "edit", [deal], {"set": {"owner_id": acme.alice.user_id}}, by=acme.bob)
        undo = url(acme.workspace, "bulk_undo", bulk.pk)
    assert bob.get(page).status_code == 404
    assert bob.post(undo, headers=SCRIPT).status_code == 200
    deal.refresh_from_db()
    assert deal.owner_id == acme.bob.user_id and bob.get(page).status_code == 200


def test_nobody_else_takes_back_what_they_may_not_see(acme, login):
    rita = User.objects.create_user("rita@acme.example", name="Rita")
    member = Membership.objects.create(workspace=acme.workspace, user=rita, role="rep")
    Workspace.objects.filter(pk=acme.workspace.pk).update(visibility="own")
    deal = make_deal(acme.bob, acme.stages["New"])
    assign_deal(deal, acme.alice.user_id, by=acme.bob, version=1)
    undo = url(acme.workspace, "deal_change_undo", deal.pk, 2)
    assert login(member).post(undo, headers=SCRIPT).status_code == 404
    assert Deal.objects.get().owner_id == acme.alice.user_id


def test_a_move_that_was_taken_back_alone_is_not_taken_back_again_with_the_others(acme, deals):
    bulk = change(acme, "move", deals[:2], {"stage": acme.stages["Qualified"].pk})
    undo_stage_change(StageEvent.objects.get(deal=deals[0], to_stage=acme.stages["Qualified"]), by=acme.bob)
    assert states(undo_many(bulk, by=acme.bob)) == {"Deal 1": "kept", "Deal 2": "undone"}
    assert set(Deal.objects.filter(pk__in=[deal.pk for deal in deals[:2]]).values_list("stage__name", flat=True)) == {
        "New"
    }
