"""Notes, calls, meetings, emails and tasks: what each verb writes and refuses, and what it does to a deal's times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from activities import actions
from activities.models import Activity, Note, Task
from deals.actions import move_to_stage, undo_stage_change
from deals.bulk import NewDeal, create_deals
from deals.models import Deal, StageEvent
from leads.actions import capture
from tests.factories import make_deal
from workspaces.action import NotAllowed, Refused, Stale
from workspaces.models import Membership, User
from workspaces.tenancy import tenant

THEN = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def deal(acme) -> Deal:
    return make_deal(acme.bob, acme.stages["New"], at=THEN)


@pytest.fixture
def task(acme, deal) -> Task:
    return actions.plan_task(deal, "Send the offer", by=acme.bob, due_at=THEN + 30 * DAY)


def last(deal: Deal) -> datetime | None:
    return Deal.objects.get(pk=deal.pk).last_activity_at


def next_(deal: Deal) -> datetime | None:
    return Deal.objects.get(pk=deal.pk).next_activity_at


def lines(about: Task) -> list[tuple]:
    found = Activity.objects.filter(task=about).order_by("pk")
    return [(line.kind, line.actor_id, line.undone_at is not None) for line in found]


# --- what was done --------------------------------------------------------------------------------------


def test_a_note_is_a_row_and_a_line(acme, deal):
    note = actions.add_note(deal, "  Board approved  ", by=acme.bob, pinned=True)
    line = Activity.objects.get(kind="note")
    assert (note.body, note.pinned, note.author_id, line.note_id, line.deal_id) == (
        "Board approved",
        True,
        acme.bob.user_id,
        note.pk,
        deal.pk,
    )
    with pytest.raises(Refused):
        actions.add_note(deal, " \n ", by=acme.bob)
    assert Note.objects.count() == 1


def test_ones_own_notes_are_edited_and_those_of_others_by_admins(acme, deal):
    note = actions.add_note(deal, "Aproved", by=acme.alice)
    with pytest.raises(NotAllowed):
        actions.edit_note(note, "Approved", by=acme.bob)
    with pytest.raises(Refused):
        actions.edit_note(note, " ", by=acme.alice)
    assert Note.objects.get().body == "Aproved"
    assert actions.edit_note(note, "Approved", by=acme.alice).edited_at is not None
    assert Note.objects.get().body == "Approved"


def test_calls_meetings_and_emails(acme, deal):
    actions.log_call(deal, by=acme.bob, outcome="voicemail", body=" Later ", minutes=2, at=THEN + DAY)
    actions.log_meeting(deal, by=acme.alice, body="Agreed", minutes=30, at=THEN + 2 * DAY)
    actions.log_email(deal, by=acme.bob, body="Offer", door="api", at=THEN + 3 * DAY)
    found = Activity.objects.exclude(kind="deal_created").order_by("pk")
    assert [(line.kind, line.actor_id, line.outcome, line.body, line.minutes, line.door) for line in found] == [
        ("call", acme.bob.user_id, "voicemail", "Later", 2, "web"),
        ("meeting", acme.alice.user_id, "", "Agreed", 30, "web"),
        ("email_out", acme.bob.user_id, "", "Offer", None, "api"),
    ]
    for verb in (actions.log_call, actions.log_meeting, actions.log_email):
        with pytest.raises(Refused, match="An empty"):
            verb(deal, by=acme.bob, body=" ")
    with pytest.raises(Refused, match="plan a task"):
        actions.log_call(deal, by=acme.bob, outcome="busy", at=datetime.now(UTC) + DAY)
    assert found.count() == 3


def test_a_leads_line_stands_with_its_contact_and_company_too(acme):
    lead = capture(acme.workspace, by=acme.bob, email="uma@harbour.example", company_name="Harbour")
    call = actions.log_call(lead, by=acme.bob, outcome="connected")
    assert (call.lead_id, call.contact_id, call.company_id, call.deal_id) == (
        lead.pk,
        lead.contact_id,
        lead.company_id,
        None,
    )


def verbs(member: Membership, deal: Deal, task: Task) -> list:
    return [
        lambda: actions.add_note(deal, "A", by=member),
        lambda: actions.log_call(deal, by=member, outcome="busy"),
        lambda: actions.log_meeting(deal, by=member, body="A"),
        lambda: actions.log_email(deal, by=member, body="A"),
        lambda: actions.plan_task(deal, "A", by=member),
        lambda: actions.update_task(task, by=member, title="B"),
        lambda: actions.complete_task(task, by=member),
        lambda: actions.cancel_task(task, by=member),
        lambda: actions.reopen_task(task, by=member),
        lambda: actions.undo_task_change(task, by=member, version=task.version),
    ]


def test_viewers_do_none_of_it(acme, deal, task):
    before = Activity.objects.count()
    for verb in verbs(acme.vera, deal, task):
        with pytest.raises(NotAllowed):
            verb()
    assert (Activity.objects.count(), Task.objects.get().version) == (before, 1)


# --- the deal's last activity ---------------------------------------------------------------------------


def test_contact_and_work_on_a_deal_count_edits_and_cancelling_do_not(acme, deal, task):
    assert last(deal) == THEN
    actions.log_call(deal, by=acme.bob, outcome="connected", at=THEN + 2 * DAY)
    actions.add_note(deal, "Earlier", by=acme.bob, at=THEN + DAY)
    assert last(deal) == THEN + 2 * DAY
    actions.complete_task(task, by=acme.bob, at=THEN + 3 * DAY)
    assert last(deal) == THEN + 3 * DAY
    actions.record(deal, Activity.Kind.FIELD_CHANGE, by=acme.bob, door="web")
    actions.cancel_task(actions.plan_task(deal, "B", by=acme.bob), by=acme.bob)
    assert last(deal) == THEN + 3 * DAY


@pytest.mark.parametrize("to", ["Contacted", "Won", "Lost"])
def test_an_undone_stage_change_leaves_the_deal_as_quiet_as_it_was(acme, to):
    deal = make_deal(acme.bob, acme.stages["Qualified"], at=THEN)
    actions.log_call(deal, by=acme.bob, outcome="connected", at=THEN + DAY)
    _, event = move_to_stage(deal, acme.stages[to], by=acme.bob, reason="Other", note="So")
    assert last(deal) == event.left_at
    undone = undo_stage_change(event, by=acme.bob)
    assert last(deal) == undone.last_activity_at == THEN + DAY
    change, undo = Activity.objects.filter(deal=deal, kind__in=("stage_change", "undo")).order_by("pk")
    assert (change.kind, undo.kind, undo.undone_at) == ("stage_change", "undo", None)
    assert change.undone_at is not None
    # The undoing undone: the change counts again, and its undoing is what is struck.
    again = undo_stage_change(StageEvent.objects.get(undoes=event), by=acme.bob)
    assert (again.stage_id, last(deal)) == (acme.stages[to].pk, event.left_at)
    change.refresh_from_db()
    undo.refresh_from_db()
    assert change.undone_at is None and undo.undone_at is not None


def test_only_the_change_that_is_undone_stops_counting(acme, deal):
    _, first = move_to_stage(deal, acme.stages["Contacted"], by=acme.bob, at=THEN + DAY)
    _, second = move_to_stage(deal, acme.stages["Qualified"], by=acme.bob, at=THEN + 2 * DAY)
    undo_stage_change(second, by=acme.bob)
    assert last(deal) == THEN + DAY
    assert [line.undone_at is not None for line in Activity.objects.filter(kind="stage_change").order_by("at")] == [
        False,
        True,
    ]


def test_an_imported_closing_can_be_taken_back_as_well(acme):
    """Its line names no event."""
    new = NewDeal("A", acme.stages["Won"], acme.bob.user_id, THEN, closed_at=THEN + 9 * DAY, reason="Price")
    [pk] = create_deals(acme.workspace, [new], by=acme.alice)
    closing = StageEvent.objects.get(deal_id=pk, from_stage__isnull=False)
    assert last(Deal(pk=pk)) == THEN + 9 * DAY
    undo_stage_change(closing, by=acme.alice)
    assert last(Deal(pk=pk)) == THEN


def test_a_move_told_late_does_not_make_a_deal_quieter(acme, deal):
    actions.log_call(deal, by=acme.bob, outcome="connected", at=THEN + 5 * DAY)
    moved, _ = move_to_stage(deal, acme.stages["Contacted"], by=acme.bob, at=THEN + DAY)
    assert last(deal) == moved.last_activity_at == THEN + 5 * DAY


def test_what_is_deleted_counts_no_more(acme, deal):
    call = actions.log_call(deal, by=acme.bob, outcome="connected", at=THEN + DAY)
    note = actions.add_note(deal, "A", by=acme.bob, at=THEN + 2 * DAY)
    note.delete()
    assert last(deal) == THEN + DAY
    call.delete()
    assert last(deal) == THEN
    Activity.objects.all().delete()
    assert last(deal) is None


def test_many_lines_in_one_statement(acme, deal):
    other = make_deal(acme.bob, acme.stages["New"], "Other", at=THEN)
    for number, subject in enumerate((deal, deal, other), 1):
        actions.log_call(subject, by=acme.bob, outcome="connected", at=THEN + number * DAY)
    Activity.objects.filter(kind="call").update(undone_at=THEN)
    assert last(deal) == last(other) == THEN
    Activity.objects.filter(kind="call").update(undone_at=None)
    assert (last(deal), last(other)) == (THEN + 2 * DAY, THEN + 3 * DAY)
    Activity.objects.filter(kind="call").update(deal=deal)
    assert (last(deal), last(other)) == (THEN + 3 * DAY, THEN)
    Activity.objects.filter(kind="call").delete()
    assert last(deal) == THEN


# --- tasks ----------------------------------------------------------------------------------------------


def test_planning(acme, deal):
    due = THEN + 40 * DAY
    task = actions.plan_task(deal, " Call Uma ", by=acme.bob, type="call", due_at=due)
    assert (task.title, task.type, task.assignee_id, task.created_by_id, task.version) == (
        "Call Uma",
        "call",
        acme.bob.user_id,
        acme.bob.user_id,
        1,
    )
    assert next_(deal) == due and last(deal) == THEN
    with pytest.raises(Refused, match="needs a title"):
        actions.plan_task(deal, " ", by=acme.bob)
    with pytest.raises(Refused, match="not a member"):
        actions.plan_task(deal, "A", by=acme.bob, assignee_id=acme.charlie.user_id)
    assert Task.objects.count() == 1


def test_changing_a_task(acme, deal, task):
    due = THEN + 50 * DAY
    changed = actions.update_task(
        task, by=acme.alice, version=1, title=" Offer ", due_at=due, assignee_id=acme.alice.user_id
    )
    assert (changed.title, changed.due_at, changed.due_on, changed.assignee_id, changed.version) == (
        "Offer",
        due,
        None,
        acme.alice.user_id,
        2,
    )
    assert next_(deal) == due
    # No news, no version.
    assert actions.update_task(task, by=acme.bob, version=2, title="Offer").version == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": " "}, "needs a title"),
        ({"status": "done"}, "cannot be set: status"),
        ({"due_at": datetime(9999, 1, 1, tzinfo=UTC)}, "between 1900 and 2199"),
    ],
)
def test_what_a_task_cannot_become(acme, task, changes, message):
    with pytest.raises(Refused, match=message):
        actions.update_task(task, by=acme.bob, **changes)
    assert Task.objects.get().version == 1


def test_it_is_handed_to_members_alone(acme, task):
    with pytest.raises(Refused, match="not a member"):
        actions.update_task(task, by=acme.bob, assignee_id=acme.charlie.user_id)
    Membership.objects.filter(pk=acme.alice.pk).update(status=Membership.Status.SUSPENDED)
    with pytest.raises(Refused, match="not a member"):
        actions.update_task(task, by=acme.bob, assignee_id=acme.alice.user_id)
    assert actions.update_task(task, by=acme.bob, assignee_id=None).assignee_id is None


def test_two_people_one_task(acme, task):
    with tenant(acme.workspace, acme.alice.user, door="web"):
        actions.update_task(task, by=acme.alice, version=1, title="Mine")
    for verb in (
        lambda: actions.update_task(task, by=acme.bob, version=1, title="No, mine"),
        lambda: actions.complete_task(task, by=acme.bob, version=1),
        lambda: actions.cancel_task(task, by=acme.bob, version=1),
        lambda: actions.undo_task_change(task, by=acme.bob, version=1),
    ):
        with pytest.raises(Stale, match="Alice changed this task meanwhile"):
            verb()
    found = Task.objects.get()
    assert (found.title, found.status, found.version) == ("Mine", "open", 2)


def test_done_once(acme, deal, task):
    done = actions.complete_task(task, by=acme.bob, version=1, at=THEN + DAY)
    assert (done.status, done.done_at, done.version) == ("done", THEN + DAY, 2)
    assert (next_(deal), last(deal)) == (None, THEN + DAY)
    # A second click, with the version that the page had.
    actions.complete_task(task, by=acme.alice, version=1)
    assert lines(task) == [("task_done", acme.bob.user_id, False)] and Task.objects.get().version == 2
    for verb in (actions.cancel_task, lambda task, **who: actions.update_task(task, title="B", **who)):
        with pytest.raises(Refused, match="is done"):
            verb(task, by=acme.bob)


def test_cancelled(acme, deal, task):
    cancelled = actions.cancel_task(task, by=acme.bob, version=1)
    assert (cancelled.status, cancelled.done_at, cancelled.version) == ("cancelled", None, 2)
    assert (next_(deal), last(deal)) == (None, THEN)
    actions.cancel_task(task, by=acme.bob, version=1)
    assert lines(task) == [("task_cancelled", acme.bob.user_id, False)]
    with pytest.raises(Refused, match="cancelled already"):
        actions.complete_task(task, by=acme.bob)


@pytest.mark.parametrize("end", [actions.complete_task, actions.cancel_task])
def test_opened_again_its_end_is_struck(acme, deal, task, end):
    ended = end(task, by=acme.bob)
    opened = actions.reopen_task(ended, by=acme.alice, version=2)
    assert (opened.status, opened.done_at, opened.version) == ("open", None, 3)
    assert [struck for _, _, struck in lines(task)] == [True, False]
    assert lines(task)[1][:2] == ("undo", acme.alice.user_id)
    assert (next_(deal), last(deal)) == (THEN + 30 * DAY, THEN)
    actions.reopen_task(opened, by=acme.bob)
    assert len(lines(task)) == 2


def test_undo_of_a_change_puts_every_fact_back(acme, as_bob, deal, task):
    before = Task.objects.values().get()
    changed = actions.update_task(
        task,
        by=acme.bob,
        title="B",
        type="call",
        due_at=None,
        priority=2,
        assignee_id=acme.alice.user_id,
    )
    undone = actions.undo_task_change(changed, by=acme.bob, version=2)
    assert undone.version == 3
    assert Task.objects.values().get() == before | {"version": 3, "changed_at": undone.changed_at}
    assert next_(deal) == THEN + 30 * DAY and lines(task) == []
    # And back again.
    assert actions.undo_task_change(undone, by=acme.bob, version=3).title == "B"


@pytest.mark.parametrize("end", [actions.complete_task, actions.cancel_task])
def test_undo_of_an_end_and_of_opening_again(acme, as_bob, deal, task, end):
    ended = end(task, by=acme.bob)
    quiet = last(deal)
    undone = actions.undo_task_change(ended, by=acme.bob, version=2)
    assert (undone.status, undone.done_at, last(deal)) == ("open", None, THEN)
    assert [struck for _, _, struck in lines(task)] == [True, False]
    again = actions.undo_task_change(undone, by=acme.bob, version=3)
    assert (again.status, again.done_at, last(deal)) == (ended.status, ended.done_at, quiet)
    assert [struck for _, _, struck in lines(task)] == [False, True]


def test_there_is_nothing_to_undo_of_a_new_task(acme, task):
    with pytest.raises(Refused, match="nothing to undo"):
        actions.undo_task_change(task, by=acme.bob, version=1)


def test_what_is_gone_meanwhile(acme, task):
    Task.objects.all().delete()
    with pytest.raises(Stale, match="deleted meanwhile"):
        actions.complete_task(task, by=acme.bob)


def test_only_who_changed_a_task_or_a_manager_takes_it_back(acme, task):
    rep = Membership.objects.create(
        workspace=acme.workspace, user=User.objects.create_user("rita@acme.example"), role="rep"
    )
    with tenant(acme.workspace, acme.bob.user, door="web"):
        done = actions.complete_task(task, by=acme.bob)
    with pytest.raises(NotAllowed, match="Only a manager"):
        actions.undo_task_change(done, by=rep, version=done.version)
    assert actions.undo_task_change(done, by=acme.alice, version=done.version).status == "open"


def test_an_undo_hands_no_task_to_who_has_left(acme, task):
    rita = Membership.objects.create(
        workspace=acme.workspace, user=User.objects.create_user("rita@acme.example"), role="rep"
    )
    task = actions.update_task(task, by=acme.alice, assignee_id=rita.user_id)
    task = actions.update_task(task, by=acme.alice, assignee_id=acme.bob.user_id)
    Membership.objects.filter(pk=rita.pk).update(status=Membership.Status.LEFT)
    with pytest.raises(Refused, match="not a member"):
        actions.undo_task_change(task, by=acme.alice, version=task.version)
    assert Task.objects.get().assignee_id == acme.bob.user_id
