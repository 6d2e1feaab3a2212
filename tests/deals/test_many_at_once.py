"""Changes of many deals, and their undo, while others change single ones of the same: a small storm of `./run bench`, on a
real server, with everything it proves."""

from __future__ import annotations

import threading
from datetime import date
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client

from activities.actions import plan_task, update_task
from activities.models import Task
from deals.actions import change_many, lock_deal, move_to_stage, undo_change, undo_many
from deals.models import Deal
from tests.bench import many
from tests.bench.fill import Filled
from tests.bench.proof import deadlocks
from tests.factories import make_cast, make_deal
from tests.waiting import wait_until
from tests.webserver import running
from tests.workspaces.adminpages import bulk
from workspaces.tenancy import tenant

PROVEN = (
    "lost", "not_last", "not_in_history", "not_restored", "unaccounted", "duplicate_ranks", "totals_wrong", "deadlocks", "errors",
)  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_many_against_single_ones():
    cast = make_cast()
    with tenant(cast.workspace, cast.alice.user):
        for number in range(60):
            stage = cast.stages[("New", "Contacted", "Proposal")[number % 3]]
            deal = make_deal((cast.alice, cast.bob)[number % 2], stage, f"Deal {number}")
            plan_task(deal, "Call", by=cast.alice, assignee_id=deal.owner_id)
    with running() as server:
        port = urlsplit(server.base).port or 0
        found = many.measure(
            Filled(cast.workspace, cast.alice), port, people=4, seconds=12, most=25, deals=60, many=(10, 45)
        )
    assert {name: found[name] for name in PROVEN} == dict.fromkeys(PROVEN, 0), found
    assert found["bulks"] >= 3 and found["one done"] >= 10, found


@pytest.fixture
def cast(transactional_db):
    """Committed, with two deals of alice's that have a task each."""
    cast = make_cast()
    with tenant(cast.workspace, cast.alice.user):
        for name in ("First", "Second"):
            plan_task(make_deal(cast.alice, cast.stages["New"], name), "Call", by=cast.alice)
    return cast


def while_held(cast, hold, then) -> None:
    """`hold(meet)` in a transaction; at `meet()` somebody else begins `then()`, and comes to where they wait."""
    failed: list[Exception] = []

    def other() -> None:
        try:
            then()
        except Exception as error:  # noqa: BLE001 - told by the test's own thread
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=other)
    with tenant(cast.workspace, cast.alice.user):
        hold(lambda: (thread.start(), wait_until(somebody_waits, "the other to wait")))
    thread.join(20)
    assert not failed and not thread.is_alive(), failed


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


def test_one_that_is_taken_back_alone_while_all_are_is_no_refusal(cast):
    with tenant(cast.workspace, cast.alice.user):
        done = change_many(
            cast.workspace, "edit", Deal.objects.all(), {"set": {"product": "X"}}, by=cast.alice, summary="Edited"
        )

    def hold(meet) -> None:
        undo_change(done.items.order_by("deal_id").first(), by=cast.alice)
        meet()

    def then() -> None:
        with tenant(cast.workspace, cast.alice.user):
            undo_many(done, by=cast.alice)

    while_held(cast, hold, then)
    with tenant(cast.workspace, cast.alice.user):
        assert set(done.items.values_list("state", flat=True)) == {"undone"}
        assert set(Deal.objects.values_list("product", "version")) == {("", 3)}


def test_a_new_owner_takes_tasks_over_while_one_of_them_is_changed(cast):
    """Whoever changes the task has its deal before it has the task: no deadlock, which would be seen as half a second."""
    before = deadlocks()

    def hold(meet) -> None:
        deal = Deal.objects.order_by("pk").first()
        task = Task.objects.get(deal=deal)
        update_task(task, by=cast.alice, title="Call twice")
        meet()
        update_task(task, by=cast.alice, due_on=date(2027, 1, 4))

    def then() -> None:
        facts = {"set": {"owner_id": cast.bob.user_id}, "hand_over": True}
        with tenant(cast.workspace, cast.alice.user):
            change_many(cast.workspace, "edit", Deal.objects.all(), facts, by=cast.alice, summary="Given")

    while_held(cast, hold, then)
    with tenant(cast.workspace, cast.alice.user):
        assert set(Task.objects.values_list("assignee_id", flat=True)) == {cast.bob.user_id}
    assert deadlocks() == before


def test_the_admin_holds_all_deals_before_it_moves_the_first(cast):
    """There each deal is moved by itself: who has the second and waits for a stage must find that free."""
    before = deadlocks()
    with tenant(cast.workspace, cast.alice.user):
        both = list(Deal.objects.order_by("pk"))

    def hold(meet) -> None:
        second = lock_deal(both[1].pk)
        meet()
        move_to_stage(second, cast.stages["Contacted"], by=cast.alice)

    def then() -> None:
        client = Client()
        client.force_login(cast.alice.user)
        bulk(client, cast.workspace, Deal, "move", both, stage=cast.stages["Proposal"].pk)

    while_held(cast, hold, then)
    with tenant(cast.workspace, cast.alice.user):
        assert set(Deal.objects.values_list("stage__name", flat=True)) == {"Proposal"}
    assert deadlocks() == before
