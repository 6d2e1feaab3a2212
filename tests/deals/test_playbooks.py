"""Playbooks: the tasks of a stage come once for each entry, whatever is retried, and go when they are pointless."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from celery import current_app
from celery.contrib.testing.worker import start_worker
from django.db import connection
from django.utils import timezone

from activities import outbox
from activities.actions import complete_task, invite_people, plan_task, update_task
from activities.models import Activity, Door, Task
from activities.tasks import dispatch
from deals.actions import create_deal, delete_deal, move_to_stage, undo_stage_change
from deals.bulk import NewDeal, create_deals
from deals.models import Deal, PlaybookRun, PlaybookTask
from deals.playbooks import follow
from deals.setup import add_playbook_task, delete_playbook_task, delete_stage, edit_playbook_task
from tests.factories import make_cast, make_deal
from tests.waiting import wait_until
from workspaces.models import Membership
from workspaces.tenancy import tenant


def hand_on(acme) -> None:
    """As the worker does, in this transaction."""
    for pk in outbox.pending(acme.workspace.pk):
        outbox.hand_on(acme.workspace.pk, pk)


def tasks(status: str = "open") -> list[str]:
    return list(Task.objects.filter(status=status).order_by("pk").values_list("title", flat=True))


def skipped() -> dict[str, str]:
    found = PlaybookRun.objects.filter(outcome="skipped").select_related("playbook_task")
    return {run.playbook_task.title: run.why for run in found}


@pytest.fixture
def deal(acme) -> Deal:
    return make_deal(acme.bob, acme.stages["New"])


def move(acme, deal, name: str, by=None, **closing):
    deal.refresh_from_db()
    return move_to_stage(deal, acme.stages[name], by=by or acme.bob, **closing)


def test_a_new_workspace_has_the_usual_playbook(acme):
    found = PlaybookTask.objects.order_by("stage__position", "position").select_related("stage")
    assert [(task.stage.name, task.title, task.due) for task in found] == [
        ("Contacted", "Follow up", "after 3 working days"),
        ("Qualified", "Schedule discovery call", "after 4 working hours"),
        ("Meeting scheduled", "Prepare meeting", "after 1 working day"),
        ("Meeting scheduled", "Send agenda", "after 1 working day"),
        ("Proposal", "Send proposal", "after 1 working day"),
        ("Proposal", "Follow up on proposal", "after 3 working days"),
        ("Won", "Hand over to customer success", "after 1 working day"),
        ("Won", "Ask for referral", "after 30 days"),
        ("Lost", "Ask for feedback", "after 2 working days"),
    ]


def test_entering_a_stage_plans_its_tasks_once_and_says_so(acme, deal):
    _, event = move(acme, deal, "Qualified", by=acme.alice)
    for _ in range(3):
        hand_on(acme)
        follow(event)
    task = Task.objects.get()
    assert (task.title, task.type, task.assignee_id, task.created_by_id) == (
        "Schedule discovery call", "call", acme.bob.user_id, None,
    )  # fmt: skip
    assert task.why == "by the playbook of Qualified" and not task.due_on and task.due_at > event.left_at
    line = Activity.objects.get(deal=deal, kind="system")
    assert line.body == "Playbook of Qualified: planned “Schedule discovery call”" and line.door == "automation"
    run = PlaybookRun.objects.get()
    assert (run.outcome, run.stage_event, run.task, run.why) == ("created", event, task, "")


def test_a_new_deal_gets_those_of_its_first_stage(acme):
    add_playbook_task(acme.stages["New"], title="Look at it", by=acme.alice, due_amount=0, due_unit="days")
    make_deal(acme.bob, acme.stages["New"])
    hand_on(acme)
    assert tasks() == ["Look at it"]


def test_leaving_cancels_what_nobody_touched(acme, deal):
    move(acme, deal, "Meeting scheduled")
    hand_on(acme)
    mine = plan_task(deal, "My own", by=acme.bob)
    update_task(Task.objects.get(title="Send agenda"), by=acme.bob, title="Send agenda and map")
    move(acme, deal, "Proposal")
    hand_on(acme)
    assert tasks() == ["Send agenda and map", mine.title, "Send proposal", "Follow up on proposal"]
    assert tasks("cancelled") == ["Prepare meeting"]
    line = Activity.objects.get(kind="task_cancelled")
    assert (line.body, line.data, line.actor, line.door) == (
        "Prepare meeting", {"why": "the deal left Meeting scheduled"}, None, "automation",
    )  # fmt: skip
    complete_task(Task.objects.get(title="Send proposal"), by=acme.bob)
    move(acme, deal, "Lost", reason="No budget")
    hand_on(acme)
    assert tasks() == ["Send agenda and map", "My own", "Ask for feedback"] and tasks("done") == ["Send proposal"]


def test_leaving_cancels_what_was_only_handed_over(acme, deal):
    """Who takes over a deal with its tasks has not touched them; who invited people to a meeting has."""
    PlaybookTask.objects.filter(title="Prepare meeting").update(type="meeting")
    move(acme, deal, "Meeting scheduled")
    hand_on(acme)
    for task in Task.objects.open():
        update_task(task, by=acme.bob, assignee_id=acme.alice.user_id)
    meeting = Task.objects.get(title="Prepare meeting")
    invite_people(meeting, [("ida@brightwater.test", "Ida", None)], by=acme.alice)
    move(acme, deal, "Proposal")
    hand_on(acme)
    assert "Prepare meeting" in tasks() and tasks("cancelled") == ["Send agenda"]


def test_an_undone_move_takes_its_tasks_back_and_an_undone_undo_brings_them_again(acme, deal):
    move(acme, deal, "Contacted")
    hand_on(acme)
    _, event = move(acme, deal, "Qualified")
    hand_on(acme)
    assert (tasks(), tasks("cancelled")) == (["Schedule discovery call"], ["Follow up"])
    undo_stage_change(event, by=acme.bob)
    for _ in range(2):
        hand_on(acme)
    assert (tasks(), tasks("cancelled")) == (["Follow up"], ["Schedule discovery call"])
    undone = deal.stage_events.order_by("-pk").first()
    undo_stage_change(undone, by=acme.bob)
    hand_on(acme)
    assert (tasks(), tasks("cancelled")) == (["Schedule discovery call"], ["Follow up"])
    assert Task.objects.count() == 2 and PlaybookRun.objects.count() == 2


def test_an_undo_leaves_alone_what_somebody_edited_meanwhile(acme, deal):
    _, event = move(acme, deal, "Qualified")
    hand_on(acme)
    update_task(Task.objects.get(), by=acme.bob, priority=2)
    undo_stage_change(event, by=acme.bob)
    hand_on(acme)
    assert tasks() == ["Schedule discovery call"]


@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [
        (lambda acme, deal, event: move(acme, deal, "New"), "the deal had moved on to New meanwhile"),
        (lambda acme, deal, event: move(acme, deal, "Won"), "the deal was won meanwhile"),
        (lambda acme, deal, event: undo_stage_change(event, by=acme.bob), "the move was undone meanwhile"),
        (lambda acme, deal, event: delete_deal(Deal.objects.get(), by=acme.bob), "the deal was deleted meanwhile"),
        (lambda acme, deal, event: plan_task(deal, "schedule Discovery call", by=acme.bob), "a task of this name is open already"),
    ],
)  # fmt: skip
def test_a_task_left_out_is_explained(acme, deal, meanwhile, why):
    _, event = move(acme, deal, "Qualified")
    meanwhile(acme, deal, event)
    follow(event)
    assert skipped() == {"Schedule discovery call": why}
    assert f"left out “Schedule discovery call” ({why})" in Activity.objects.get(data__playbook=event.pk).body
    assert "Schedule discovery call" not in tasks()


def test_news_in_the_wrong_order_come_to_the_same(acme, deal):
    events = [move(acme, deal, name)[1] for name in ("Contacted", "Qualified", "Meeting scheduled")]
    for event in reversed(events):
        follow(event)
    assert tasks() == ["Prepare meeting", "Send agenda"] and len(skipped()) == 2


def test_who_it_is_for(acme, deal):
    stage = acme.stages["Contacted"]
    delete_playbook_task(PlaybookTask.objects.get(stage=stage), by=acme.alice)
    for title, rule, member in (("Owner", "owner", None), ("Mover", "mover", None), ("Vera", "member", acme.vera)):
        assignee = {"assignee_id": member.user_id} if member else {}
        add_playbook_task(stage, title=title, by=acme.alice, assignee_rule=rule, **assignee)
    move(acme, deal, "Contacted", by=acme.alice)
    Membership.objects.filter(pk=acme.vera.pk).update(status="suspended")
    hand_on(acme)
    found = dict(Task.objects.values_list("title", "assignee__name"))
    assert found == {"Owner": "Bob", "Mover": "Alice", "Vera": "Bob"}
    assert (
        PlaybookRun.objects.get(playbook_task__title="Vera").why == "Vera is not active any more: it fell to the owner"
    )
    Membership.objects.filter(pk=acme.bob.pk).update(status="left")
    other = make_deal(acme.alice, acme.stages["New"], "Other")
    Deal.objects.filter(pk=other.pk).update(owner=acme.bob.user_id)
    move(acme, other, "Contacted", by=acme.alice)
    hand_on(acme)
    assert Task.objects.get(deal=other, title="Owner").assignee is None


def test_it_is_due_in_the_working_time_of_the_workspace(acme, deal, settings):
    acme.workspace.time_zone = "Europe/Berlin"
    acme.workspace.save()
    now = timezone.now()
    friday = now - timedelta(days=1)
    from deals.playbooks import due  # noqa: PLC0415

    task = PlaybookTask(due_amount=4, due_unit="working_hours", workspace=acme.workspace)
    at = datetime(2026, 11, 20, 16, tzinfo=UTC)  # 17:00 of a Friday in Berlin
    assert due(task, at, acme.workspace) == {"due_at": datetime(2026, 11, 23, 11, tzinfo=UTC)}
    task.due_unit = "working_days"
    assert due(task, at, acme.workspace) == {"due_on": datetime(2026, 11, 26).date()}
    task.due_unit = "days"
    assert due(task, at, acme.workspace) == {"due_on": datetime(2026, 11, 24).date()}
    assert friday < now


def test_imports_and_history_start_no_playbook(acme, deal):
    new = NewDeal("Imported", acme.stages["Qualified"], acme.bob.user_id, timezone.now())
    create_deals(acme.workspace, [new], by=acme.alice)
    move_to_stage(deal, acme.stages["Qualified"], by=acme.alice, door=Door.IMPORT)
    old = timezone.now() - timedelta(days=9)
    create_deal(acme.workspace, name="Old", stage=acme.stages["Qualified"], by=acme.bob, at=old)
    hand_on(acme)
    assert Task.objects.count() == PlaybookRun.objects.count() == 0
    # But what an import makes pointless is pointless.
    other = make_deal(acme.bob, acme.stages["New"], "Other")
    move(acme, other, "Qualified")
    hand_on(acme)
    other.refresh_from_db()
    move_to_stage(other, acme.stages["Proposal"], by=acme.alice, door=Door.IMPORT)
    hand_on(acme)
    assert (tasks(), tasks("cancelled")) == ([], ["Schedule discovery call"])


def test_a_stage_that_is_deleted_starts_no_playbook_where_its_deals_go(acme, deal):
    delete_stage(acme.stages["New"], by=acme.alice, into=acme.stages["Contacted"])
    hand_on(acme)
    assert Task.objects.count() == 0


def test_inactive_and_deleted_tasks_are_not_planned(acme, deal):
    first, second = PlaybookTask.objects.filter(stage=acme.stages["Proposal"])
    edit_playbook_task(first, by=acme.alice, is_active=False)
    delete_playbook_task(second, by=acme.alice)
    move(acme, deal, "Proposal")
    hand_on(acme)
    assert Task.objects.count() == 0


def test_a_stale_move_is_not_blamed_on_the_playbook(acme, deal):
    move(acme, deal, "Qualified", by=acme.alice)
    hand_on(acme)
    with pytest.raises(Exception, match="Alice moved this deal to Qualified"):
        move_to_stage(deal, acme.stages["Proposal"], by=acme.bob, version=1)


# --- with workers -----------------------------------------------------------------------------------


@pytest.fixture
def world(transactional_db):
    return make_cast()


def committed_move(world, name: str = "Meeting scheduled") -> Deal:
    with tenant(world.workspace, world.alice.user):
        deal = make_deal(world.bob, world.stages["New"])
        return move_to_stage(deal, world.stages[name], by=world.alice)[0]


def planned(world) -> list[str]:
    with tenant(world.workspace):
        return sorted(tasks())


def test_a_worker_runs_it_after_commit(world):
    current_app.control.purge()
    with start_worker(current_app, pool="solo", perform_ping_check=False, loglevel="WARNING"):
        committed_move(world)
        assert wait_until(lambda: planned(world)) == ["Prepare meeting", "Send agenda"]


def test_many_workers_at_once_plan_each_task_once(world):
    committed_move(world)

    def work(_: int) -> None:
        try:
            dispatch(world.workspace.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(12)))
    assert planned(world) == ["Prepare meeting", "Send agenda"]


# Plans the tasks, says so, and is killed before it can commit.
DYING = """
import os, sys, time, django
os.environ["DATABASE_URL"] = sys.argv[1]
django.setup()
from activities import outbox
from activities.models import Task
from workspaces.tenancy import tenant
with tenant(int(sys.argv[2]), door="automation"):
    for pk in outbox.pending(int(sys.argv[2])):
        outbox.hand_on(int(sys.argv[2]), pk)
    print(Task.objects.count(), flush=True)
    time.sleep(60)
"""


def test_a_worker_that_is_killed_half_way_leaves_nothing_and_the_next_one_does_it_once(world):
    committed_move(world)
    base, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    address = f"{base}/{connection.settings_dict['NAME']}"
    worker = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", DYING, address, str(world.workspace.pk)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "crm_project.settings"},
    )
    assert worker.stdout.readline().strip() == "2"
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert planned(world) == []
    dispatch(world.workspace.pk)
    assert planned(world) == ["Prepare meeting", "Send agenda"]
    with tenant(world.workspace):
        assert PlaybookRun.objects.count() == 2
