"""Who is told of what: once, only what they may see, and not what they did themselves."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import connection

from activities.actions import add_note, cancel_task, complete_task, notify, plan_task, reopen_task
from activities.models import Activity, Follow, Notification
from deals.actions import delete_deal, move_to_stage, restore_deal, undo_stage_change
from leads.actions import create_company
from tests.factories import make_cast, make_deal
from workspaces.access import seeing, visible_owners
from workspaces.live import Reader
from workspaces.models import Membership, Role, Team, User, Workspace
from workspaces.tenancy import tenant

Kind = Notification.Kind


def told(member: Membership) -> list[Notification]:
    member.workspace.refresh_from_db()
    shown = Notification.objects.shown_to(member, visible_owners(member))
    return list(shown.order_by("pk"))


def tell(deal, *members: Membership, key: str = "one", kind: Notification.Kind = Kind.STAGE_CHANGED, **more) -> None:
    notify([member.user_id for member in members], kind, subject=deal, key=key, **more)


@pytest.fixture
def deal(acme):
    return make_deal(acme.alice, acme.stages["New"])


def see_only(acme, visibility: Workspace.Visibility) -> None:
    Workspace.objects.filter(pk=acme.workspace.pk).update(visibility=visibility)
    for member in (acme.alice, acme.bob, acme.vera):
        member.workspace.refresh_from_db()


def test_a_member_is_told_once_of_one_thing(acme, deal):
    for _ in range(3):
        tell(deal, acme.bob, by=acme.alice, data={"to": "Won"})
    tell(deal, acme.bob, key="another")
    first, second = told(acme.bob)
    assert (first.deal, first.actor, first.data) == (deal, acme.alice.user, {"to": "Won"})
    assert second.actor is None and told(acme.alice) == []


def test_nobody_is_told_of_what_they_did_themselves(acme, deal):
    tell(deal, acme.alice, acme.bob, by=acme.alice)
    tell(deal, acme.bob, key="by id", by=acme.bob.user_id)
    assert [len(told(member)) for member in (acme.alice, acme.bob)] == [0, 1]


def test_who_has_left_and_who_never_came_are_not_told(acme, deal):
    Membership.objects.filter(pk=acme.vera.pk).update(status=Membership.Status.LEFT)
    User.objects.filter(pk=acme.bob.user_id).update(is_active=False)
    tell(deal, acme.vera, acme.bob, acme.charlie)
    notify([None, 0], Kind.STAGE_CHANGED, subject=deal, key="nobody")
    assert not Notification.objects.exists()


def test_who_may_not_see_the_deal_is_not_told(acme, deal):
    see_only(acme, Workspace.Visibility.OWN)
    tell(deal, acme.bob, acme.alice)
    assert [row.recipient_id for row in Notification.objects.all()] == [acme.alice.user_id]


def test_of_a_company_everybody_may_hear(acme):
    see_only(acme, Workspace.Visibility.OWN)
    tell(create_company(acme.workspace, name="Brightwater", by=acme.alice, owner_id=acme.alice.user_id), acme.bob)
    assert len(told(acme.bob)) == 1


def test_what_one_may_no_longer_see_is_gone_and_comes_back_with_the_deal(acme, deal):
    tell(deal, acme.bob)
    see_only(acme, Workspace.Visibility.OWN)
    assert told(acme.bob) == []
    see_only(acme, Workspace.Visibility.ALL)
    delete_deal(deal, by=acme.alice)
    assert told(acme.bob) == []
    tell(Activity.objects.filter(deal=deal).first().deal, acme.bob, key="in the bin")
    restore_deal(deal, by=acme.alice)
    assert [row.key for row in told(acme.bob)] == ["one"]


def test_who_muted_a_deal_hears_only_what_is_meant_for_them(acme, deal):
    Follow.objects.create(workspace=acme.workspace, deal=deal, user=acme.bob.user, state=Follow.State.MUTED)
    for kind in Kind:
        tell(deal, acme.bob, kind=kind, key=kind)
    kinds = {row.kind for row in Notification.objects.filter(recipient=acme.bob.user)}
    assert kinds == Notification.PERSONAL
    assert kinds & {Kind.STAGE_CHANGED, Kind.NOTE, Kind.DEAL_WON, Kind.DEAL_LOST} == set()


def test_a_job_is_about_the_workspace(acme):
    data = {"text": "300 deals exported", "view": "deal_list", "args": []}
    notify([acme.bob.user_id], Kind.JOB_FINISHED, subject=acme.workspace, key="export:1", data=data)
    [row] = told(acme.bob)
    assert row.subject is None and row.data == data


def test_what_was_taken_back_before_it_was_read_is_hidden_and_comes_back_with_the_change(acme, deal):
    deal, event = move_to_stage(deal, acme.stages["Qualified"], by=acme.alice)
    line = Activity.objects.get(kind=Activity.Kind.STAGE_CHANGE)
    tell(deal, acme.bob, activity=line)
    tell(deal, acme.vera, activity=line)
    Notification.objects.filter(recipient=acme.vera.user).update(read_at=line.at)
    deal = undo_stage_change(event, by=acme.alice)
    assert told(acme.bob) == []
    [read] = told(acme.vera)
    assert read.activity.undone_at
    undo_stage_change(deal.stage_events.get(undoes=event), by=acme.alice)
    assert len(told(acme.bob)) == 1


def test_a_task_that_is_done_needs_nobody_any_more(acme, deal):
    task = plan_task(deal, "Call", by=acme.alice, assignee_id=acme.bob.user_id)
    tell(deal, acme.bob, task=task, kind=Kind.TASK_DUE, key="due")
    task = complete_task(task, by=acme.alice)
    assert "due" not in {row.key for row in told(acme.bob)}
    reopen_task(task, by=acme.alice)
    assert "due" in {row.key for row in told(acme.bob)}


# --- who sees it: the same rule from both sides ---------------------------------------------------------------


@pytest.mark.parametrize("setting", Workspace.Visibility.values)
def test_those_who_see_an_owners_deals_are_those_whose_owners_they_are(acme, setting):
    south = Team.objects.create(workspace=acme.workspace, name="South")
    people = [acme.alice, acme.bob, acme.vera]
    for number, (role, team) in enumerate((role, team) for role in Role for team in (None, acme.north, south)):
        user = User.objects.create_user(f"{number}@acme.example", name=f"N{number}")
        people.append(Membership.objects.create(workspace=acme.workspace, user=user, role=role, team=team))
    Workspace.objects.filter(pk=acme.workspace.pk).update(visibility=setting)
    members = list(Membership.objects.filter(pk__in=[person.pk for person in people]).select_related("workspace"))
    owners = {member.pk: visible_owners(member) for member in members}
    for owner in members:
        wanted = {m.pk for m in members if owners[m.pk] is None or owner.user_id in owners[m.pk]}
        assert {m.pk for m in seeing(members, owner.user_id)} == wanted, owner.role


# --- at the same moment -----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_many_who_tell_the_same_at_once_tell_it_once():
    cast = make_cast()
    with tenant(cast.workspace):
        deal = make_deal(cast.alice, cast.stages["New"])

    def tell_it(number: int) -> None:
        try:
            with tenant(cast.workspace):
                for key in ("a", "b", "c"):
                    tell(deal, cast.bob, cast.vera, key=key)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(tell_it, range(24)))
    with tenant(cast.workspace):
        assert Notification.objects.count() == 6
        add_note(deal, "still works", by=cast.alice)


# --- live -----------------------------------------------------------------------------------------------------


def test_a_bell_rings_for_its_owner_alone():
    event = {"workspace": 1, "kind": "notification", "users": [7], "client": "7.tab"}
    everything = Reader(1, 7, None)
    assert everything.cut(event) == {"kind": "notification", "client": "7.tab"}
    assert Reader(1, 8, None).cut(event) is None


@pytest.mark.django_db(transaction=True)
def test_a_deals_readers_hear_of_whatever_is_planned_about_it():
    import psycopg  # noqa: PLC0415

    from workspaces.live import dsn  # noqa: PLC0415

    cast = make_cast()
    with tenant(cast.workspace):
        deal = make_deal(cast.alice, cast.stages["New"])
        plan_task(deal, "Now", by=cast.alice, due_on=date(2031, 1, 1))
    heard = []
    with psycopg.connect(dsn(), autocommit=True) as listener:
        listener.execute("LISTEN live")
        with tenant(cast.workspace):
            later = plan_task(deal, "Later", by=cast.alice, due_on=date(2031, 2, 2))
        heard += [json.loads(found.payload) for found in listener.notifies(timeout=2, stop_after=1)]
        with tenant(cast.workspace):
            cancel_task(later, by=None)
            plan_task(cast.workspace, "About nothing", by=cast.alice)
        heard += [json.loads(found.payload) for found in listener.notifies(timeout=1)]
    assert [event["ids"] for event in heard if event["kind"] == "deal"] == 2 * [[[deal.pk, cast.alice.user_id]]]


@pytest.mark.django_db(transaction=True)
def test_the_database_rings_the_bell_of_each_who_is_told():
    import psycopg  # noqa: PLC0415

    from workspaces.live import dsn  # noqa: PLC0415

    cast = make_cast()
    with psycopg.connect(dsn(), autocommit=True) as listener:
        with tenant(cast.workspace):
            deal = make_deal(cast.alice, cast.stages["New"])
        listener.execute("LISTEN live")
        with tenant(cast.workspace):
            tell(deal, cast.bob, cast.vera)
            tell(deal, cast.bob, cast.vera)
        heard = [json.loads(found.payload) for found in listener.notifies(timeout=2, stop_after=2)]
        with tenant(cast.workspace):
            Notification.objects.filter(recipient=cast.bob.user).update(read_at="2030-01-01T00:00Z")
            Notification.objects.update(data={"nothing": "new"})
        heard += [json.loads(found.payload) for found in listener.notifies(timeout=0.5)]
    users = [event["users"] for event in heard if event["kind"] == "notification"]
    assert users == [[cast.bob.user_id], [cast.vera.user_id], [cast.bob.user_id]]
    assert {tuple(sorted(event)) for event in heard} == {("client", "kind", "users", "workspace")}


def test_who_is_given_a_task_is_told_even_where_its_deal_is_hidden(acme, deal):
    see_only(acme, Workspace.Visibility.OWN)
    task = plan_task(deal, "Call the plant", by=acme.alice, assignee_id=acme.bob.user_id)
    [row] = told(acme.bob)
    assert (row.kind, row.task, row.deal, row.data["view"]) == (Kind.TASK_ASSIGNED, task, None, "today")
