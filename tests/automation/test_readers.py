"""Who reads what came in: each message once, whatever becomes of its reader."""

from __future__ import annotations

import pytest
from celery import current_app
from celery.contrib.testing.worker import start_worker
from celery.signals import before_task_publish
from django.db import connection
from django.test.utils import CaptureQueriesContext

from activities.models import Activity
from automation import actions, tasks
from automation.actions import processing
from automation.models import Message
from deals.models import Deal
from tests.automation.mails import mail, make_lead
from tests.factories import make_cast
from tests.waiting import wait_until
from workspaces.memory import recalled, remembered, remembering
from workspaces.tenancy import as_owner, tenant

State = Message.State
YES = "Hi Alice,\n\nyes, we are very interested. Could you call me to talk about next steps?\n"


@pytest.fixture
def world(transactional_db):
    return make_cast()


@pytest.fixture
def inbox(world):
    """Gives ids of new messages of so many leads."""

    def fill(number: int) -> list[int]:
        with tenant(world.workspace, world.alice.user):
            people = [f"p{n}@office-{n}.example" for n in range(number)]
            for n, email in enumerate(people):
                make_lead(world.bob, email, last_name=f"Berg {n}", company_name=f"Office {n}")
            return [actions.receive(world.workspace, mail(YES, sender=email))[0].pk for email in people]

    return fill


def states(world) -> set[str]:
    with tenant(world.workspace):
        return set(Message.objects.values_list("state", flat=True))


def test_no_two_readers_take_the_same(world, inbox):
    ids = inbox(processing.BATCH + 5)
    first, second, third = (processing.begin(world.workspace.pk) for _ in range(3))
    assert first == ids[: processing.BATCH] and second == ids[processing.BATCH :] and third == []


def test_all_that_came_in_is_read(world, inbox):
    inbox(processing.BATCH + 2)
    tasks.read_messages(world.workspace.pk)
    with tenant(world.workspace):
        assert states(world) == {State.DONE} and Deal.objects.count() == processing.BATCH + 2


def test_what_a_dead_reader_left_is_read_by_the_beat_alone(world, inbox):
    inbox(2)
    processing.begin(world.workspace.pk)  # and dies
    tasks.read_messages(world.workspace.pk)
    assert states(world) == {State.NEW} and processing.waited_for() == [world.workspace.pk]
    tasks.read_left(world.workspace.pk)
    assert states(world) == {State.DONE} and processing.waited_for() == []


def test_what_fails_is_not_tried_again_without_a_pause(world, inbox):
    inbox(1)
    with as_owner() as owner, owner.cursor() as cursor:
        cursor.execute("ALTER TABLE automation_effect RENAME TO automation_effect_away")
    try:
        tasks.read_messages(world.workspace.pk)
        tasks.read_messages(world.workspace.pk)
        with tenant(world.workspace):
            assert Message.objects.get().tries_left == 4
        tasks.read_left(world.workspace.pk)
    finally:
        with as_owner() as owner, owner.cursor() as cursor:
            cursor.execute("ALTER TABLE automation_effect_away RENAME TO automation_effect")
    with tenant(world.workspace):
        assert Message.objects.get().tries_left == 3
    tasks.read_left(world.workspace.pk)
    assert states(world) == {State.DONE}


def test_a_mail_that_kills_its_reader_again_and_again_is_left_to_a_person(world, inbox):
    deadly, harmless = inbox(2)
    workspace = world.workspace.pk
    processing.begin(workspace)  # its reader died
    assert processing.begin_again(workspace, deadly)  # and another one
    assert processing.left(workspace) == [harmless, deadly]  # what is read less often comes first
    begun = 2
    while processing.begin_again(workspace, deadly):
        begun += 1
    assert begun == processing.BEGUN
    tasks.read_left(workspace)
    with tenant(world.workspace, world.alice.user):
        message = Message.objects.get(pk=deadly)
        assert message.state == State.FAILED and "10 times" in message.problem
        assert Message.objects.get(pk=harmless).state == State.DONE
        actions.read_again(message, by=world.alice)
    tasks.read_messages(workspace)
    assert states(world) == {State.DONE}


def test_trouble_of_the_database_is_no_death_of_a_reader(world, inbox):
    inbox(1)
    with as_owner() as owner, owner.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN RAISE EXCEPTION 'disk full' USING ERRCODE = '53100'; END$$"
        )
        cursor.execute("CREATE TRIGGER trouble BEFORE INSERT ON automation_effect EXECUTE FUNCTION trouble()")
    try:
        tasks.read_messages(world.workspace.pk)
        for _ in range(processing.BEGUN + 2):
            tasks.read_left(world.workspace.pk)
    finally:
        with as_owner() as owner, owner.cursor() as cursor:
            cursor.execute("DROP TRIGGER trouble ON automation_effect")
            cursor.execute("DROP FUNCTION trouble")
    with tenant(world.workspace):
        message = Message.objects.get()
        assert (message.state, message.begun, message.tries_left) == (State.NEW, 1, 5)
    tasks.read_left(world.workspace.pk)
    assert states(world) == {State.DONE}


def test_much_that_waits_rings_no_more_often_than_it_came(world, inbox, monkeypatch):
    """Else each round of the beat, and each reader that has had enough, would add one more reader for good."""
    monkeypatch.setattr(processing, "BATCH", 1)
    monkeypatch.setattr(tasks, "BATCHES", 1)
    inbox(2)
    rung = []

    def note(body: object, headers: dict, **_: object) -> None:
        if headers["task"].startswith("automation.tasks.read_"):
            rung.append((headers["task"], bool(headers["expires"])))

    before_task_publish.connect(note)
    try:
        tasks.read_messages(world.workspace.pk)
        assert processing.waited_for() == [world.workspace.pk] and rung == []
        tasks.read_missed()
    finally:
        before_task_publish.disconnect(note)
    assert rung == [("automation.tasks.read_left", True)]


def test_the_beat_rings_for_each_workspace_in_which_something_waits(world, inbox):
    inbox(1)
    with start_worker(current_app, perform_ping_check=False):
        current_app.send_task("automation.tasks.read_missed")
        wait_until(lambda: states(world) == {State.DONE}, "the mail to be read")


def test_what_is_the_same_for_a_batch_is_asked_for_once(world, inbox):
    """What one more reply costs, as docs/speed.md has it."""
    ids = inbox(3)
    with remembering():
        processing.read_message(world.workspace.pk, ids[0])
        with CaptureQueriesContext(connection) as asked:
            processing.read_message(world.workspace.pk, ids[1])
    with CaptureQueriesContext(connection) as alone:
        processing.read_message(world.workspace.pk, ids[2])
    assert len(asked) <= 33 and len(alone) <= 41
    with tenant(world.workspace):
        assert Activity.objects.filter(kind="deal_created").count() == 3


def test_a_memory_is_of_one_workspace_and_of_its_block():
    def read(keys: list[int]) -> dict[int, str]:
        asked.append(keys)
        return {key: f"the {key}" for key in keys if key < 3}

    asked: list[list[int]] = []
    with remembering():
        assert recalled(1, "thing", [1, 2, 3], read) == {1: "the 1", 2: "the 2"}
        with remembering():
            assert recalled(1, "thing", [3, 2], read) == {2: "the 2"} and asked == [[1, 2, 3]]
        assert recalled(2, "thing", [2], read) == {2: "the 2"} and asked[1:] == [[2]]
        assert remembered(1, "one", lambda: 1) == remembered(1, "one", lambda: 2) == 1
    assert remembered(1, "one", lambda: 2) == 2
