"""What follows from a line of the timeline comes after commit, and at least once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from celery import current_app
from celery.contrib.testing.worker import start_worker
from django.db import connection, transaction

from activities import outbox
from activities.actions import add_note, record
from activities.models import Activity, Door, Note
from activities.tasks import dispatch, dispatch_missed
from tests.factories import make_cast, make_deal
from tests.waiting import wait_until
from workspaces.background import after_commit
from workspaces.tenancy import tenant

WRITE = "tests.activities.handlers.write"
FAIL = "tests.activities.handlers.write_and_fail"


@pytest.fixture
def world(transactional_db):
    return make_cast()


def create(world, handlers: dict, settings) -> Activity:
    """A deal made while `handlers` wait for such news."""
    settings.ACTIVITY_HANDLERS = handlers
    with tenant(world.workspace, world.alice.user):
        deal = make_deal(world.alice, world.stages["New"])
        return Activity.objects.get(deal=deal, kind="deal_created")


def written(world) -> list[str]:
    with tenant(world.workspace):
        return list(Note.objects.values_list("body", flat=True))


def left(world) -> int:
    with tenant(world.workspace):
        return Activity.objects.get(kind="deal_created").tries_left


def test_a_line_that_nobody_wants_does_not_wait(world, settings):
    create(world, {WRITE: ("stage_change",)}, settings)
    assert outbox.pending(world.workspace.pk) == []


def test_a_line_is_handed_on_once(world, settings):
    create(world, {WRITE: ("deal_created",)}, settings)
    for _ in range(3):
        dispatch(world.workspace.pk)
    assert written(world) == ["after deal_created"] and left(world) == 0


def test_many_workers_at_once_hand_it_on_once(world, settings):
    create(world, {WRITE: ("deal_created",)}, settings)

    def work(_: int) -> None:
        try:
            dispatch(world.workspace.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(16)))
    assert written(world) == ["after deal_created"]


def test_a_failure_leaves_nothing_of_its_own_spoils_no_other_and_is_tried_again(world, settings):
    create(world, {FAIL: ("deal_created",), WRITE: ("deal_created",)}, settings)
    dispatch(world.workspace.pk)
    assert written(world) == ["after deal_created"] and left(world) == outbox.TRIES - 1
    settings.ACTIVITY_HANDLERS = {WRITE: ("deal_created",)}
    dispatch_missed()
    assert written(world) == ["after deal_created"] * 2 and left(world) == 0


def test_tries_end(world, settings):
    create(world, {FAIL: ("deal_created",)}, settings)
    for _ in range(outbox.TRIES + 5):
        dispatch_missed()
    assert written(world) == [] and left(world) == 0


def test_a_handler_sees_its_own_workspace_alone(world, settings):
    create(world, {WRITE: ("deal_created",)}, settings)
    dispatch(world.rival.pk)
    assert written(world) == []


def test_the_worker_is_rung_for_after_commit(world, settings):
    settings.ACTIVITY_HANDLERS = {WRITE: ("deal_created", "note")}
    current_app.control.purge()
    with start_worker(current_app, pool="solo", perform_ping_check=False, loglevel="WARNING"):
        with tenant(world.workspace, world.alice.user):
            deal = make_deal(world.alice, world.stages["New"])
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                add_note(deal, "never", by=world.alice)
                1 / 0  # noqa: B018
        assert wait_until(lambda: written(world)) == ["after deal_created"]


def test_a_transaction_rings_once(world, settings):
    settings.ACTIVITY_HANDLERS = {WRITE: ("system",)}
    with tenant(world.workspace, world.alice.user):
        deal = make_deal(world.alice, world.stages["New"])
        for _ in range(5):
            record(deal, Activity.Kind.SYSTEM, by=None, door=Door.SYSTEM, body="Tick")
        rings = [ring for _, ring, _ in connection.run_on_commit]
        after_commit("activities.tasks.dispatch", world.rival.pk)
        assert len(rings) == 1 and len(connection.run_on_commit) == 2
    dispatch(world.workspace.pk)
    assert len(written(world)) == 5
