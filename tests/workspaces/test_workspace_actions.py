"""What people do with workspaces, members and teams: the effect, and each refusal with nothing written.

Who may give which role to whom is walked in tests/tenancy/test_privileges.py, two owners at once in test_owners_at_once.py;
invitations have a file of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from threading import Barrier, Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from deals.models import Deal, Pipeline, Stage
from tests.factories import make_deal
from workspaces.action import NotAllowed, Refused
from workspaces.actions import change_member, change_settings, create_team, create_workspace, leave
from workspaces.models import Membership, Role, Team, User, Workspace
from workspaces.tenancy import all_workspaces, tenant

Status = Membership.Status


@pytest.fixture
def dora(db) -> User:
    return User.objects.create_user("dora@new.example", "demo", name="Dora")


def refused(verb, *args, **kwargs) -> Refused:
    with pytest.raises(Refused) as error:
        verb(*args, **kwargs)
    return error.value


def workspaces() -> set[str]:
    with all_workspaces():
        return set(Workspace.objects.values_list("slug", flat=True))


# --- a new workspace ----------------------------------------------------------------------------------


def test_a_new_workspace_has_its_owner_and_a_pipeline(dora):
    workspace = create_workspace(name="Dora & Co", slug="dora", owner=dora, currency="CHF", time_zone="Europe/Zurich")
    with tenant(workspace, dora):
        member = Membership.objects.get()
        assert (member.user, member.role, member.status, member.team) == (dora, "owner", "active", None)
        assert Pipeline.objects.count() == 1
        assert [*Stage.objects.order_by("position").values_list("name", flat=True)][:2] == ["New", "Contacted"]
        assert Workspace.objects.get().currency == "CHF" and not Deal.objects.exists()
    assert not Membership.objects.exists() and not Workspace.objects.exists()  # outside its scope there is nothing


def test_the_scope_of_the_caller_is_as_before(acme, dora):
    create_workspace(name="Dora", slug="dora", owner=dora)
    assert Membership.objects.filter(workspace=acme.workspace).count() == Membership.objects.count() == 3


@pytest.mark.parametrize("slug", ["acme", "rival"])
def test_an_address_is_taken_once(cast, dora, slug):
    error = refused(create_workspace, name="Mine", slug=slug, owner=dora)
    assert error.fields == {"slug": "Another workspace has this address."}
    with all_workspaces():
        assert Workspace.objects.filter(slug=slug).count() == 1 and not dora.memberships.exists()


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"slug": "two words"}, "slug"),
        ({"slug": "under_score"}, "slug"),
        ({"slug": "-dash"}, "slug"),
        ({"slug": "two--dashes"}, "slug"),
        ({"slug": "Große"}, "slug"),
        ({"slug": "x" * 51}, "slug"),
        ({"slug": ""}, "slug"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"currency": "EURO"}, "currency"),
        ({"currency": "XQX"}, "currency"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"time_zone": ""}, "time_zone"),
    ],
)
def test_facts_that_no_page_could_work_with_are_refused(dora, facts, field):
    error = refused(create_workspace, **{"name": "Mine", "slug": "mine", "owner": dora} | facts)
    assert list(error.fields) == [field] and error.message
    assert workspaces() == set()


@pytest.mark.django_db(transaction=True)
def test_two_who_want_an_address_at_once():
    people = [User.objects.create_user(f"{name}@new.example", name=name) for name in ("dora", "emil", "fay")]
    start, results = Barrier(len(people)), []

    def run(user: User) -> None:
        try:
            start.wait()
            with tenant(None, user):
                results.append(create_workspace(name=user.name, slug="same", owner=user))
        except Exception as error:
            results.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(user,)) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(result).__name__ for result in results) == ["Refused", "Refused", "Workspace"], results
    with all_workspaces():
        assert Membership.objects.count() == 1


def test_the_command_makes_one_and_says_what_it_refuses(db, capsys):
    call_command("create_workspace", "acme", owner="Ann@Acme.Example", currency="chf")
    assert "made the workspace acme, owned by ann@acme.example: /w/acme/" in capsys.readouterr().out
    with all_workspaces():
        assert Workspace.objects.get(slug="acme").currency == "CHF"
        assert not User.objects.get(email="ann@acme.example").has_usable_password()
    for arguments, words in (
        (["acme"], "That address is taken"),
        (["Two words"], "Small letters, digits"),
        (["next", "--time-zone", "Berlin"], "no time zone “Berlin”"),
        (["next", "--currency", "XQX"], "no currency “XQX”"),
    ):
        with pytest.raises(CommandError, match=words):
            call_command("create_workspace", *arguments, owner="ann@acme.example")
    with pytest.raises(CommandError, match="valid email"):
        call_command("create_workspace", "next", owner="ann")
    assert workspaces() == {"acme"}


# --- members ------------------------------------------------------------------------------------------


def test_a_member_gets_another_role_and_team(acme):
    with tenant(acme.workspace, acme.alice.user, door="web"):
        changed = change_member(acme.vera, by=acme.alice, role=Role.MANAGER, team=acme.north)
    assert (changed.role, changed.team, changed.status) == ("manager", acme.north, "active")
    assert change_member(acme.vera, by=acme.alice, role=None, team=acme.north).role == "manager"
    assert change_member(acme.vera, by=acme.alice).team is None


def test_a_change_is_kept_with_who_and_by_which_door(acme):
    change_member(acme.bob, by=acme.alice, role=Role.VIEWER)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT role, pgh_context->>'user', pgh_context->>'door' FROM workspaces_membershiphistory WHERE id = %s",
            [acme.bob.pk],
        )
        assert cursor.fetchall() == [("rep", str(acme.alice.user_id), "web")]


def test_the_last_owner_stays_until_there_is_another(acme):
    for changes in ({"role": Role.ADMIN}, {"status": Status.SUSPENDED}):
        error = refused(change_member, acme.alice, by=acme.alice, **changes)
        assert error.message == "A workspace needs an owner: make somebody else one first."
    assert refused(leave, acme.alice).status == 422
    change_member(acme.bob, by=acme.alice, role=Role.OWNER)
    change_member(acme.bob, by=acme.alice, role=Role.OWNER, status=Status.SUSPENDED)
    assert refused(leave, acme.alice)  # a suspended owner cannot keep the workspace
    change_member(acme.bob, by=acme.alice, role=Role.OWNER, status=Status.ACTIVE)
    leave(acme.alice)
    assert Membership.objects.get(pk=acme.alice.pk).status == Status.LEFT


def test_leaving_keeps_what_one_owns(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    leave(acme.bob)
    deal.refresh_from_db()
    assert (deal.owner_id, Membership.objects.get(pk=acme.bob.pk).status) == (acme.bob.user_id, Status.LEFT)


def test_who_has_left_comes_back_by_invitation_only(acme):
    leave(acme.bob)
    for changes in ({"status": Status.ACTIVE}, {"role": Role.ADMIN}):
        error = refused(change_member, acme.bob, by=acme.alice, **changes)
        assert error.message == "Bob has left. Invite them, if they want to come back."
    assert Membership.objects.values_list("role", "status").get(pk=acme.bob.pk) == (Role.REP, Status.LEFT)


# --- teams and settings -------------------------------------------------------------------------------


def test_teams_are_made_once(acme):
    south = create_team(acme.workspace, name="South", by=acme.alice)
    assert (south.workspace, south.name) == (acme.workspace, "South")
    assert refused(create_team, acme.workspace, name="South", by=acme.alice).fields == {
        "name": "Another team has this name."
    }
    with pytest.raises(NotAllowed):
        create_team(acme.workspace, name="East", by=acme.bob)
    assert [*Team.objects.values_list("name", flat=True)] == ["North", "South"]


def test_two_workspaces_may_have_teams_of_one_name(acme):
    with tenant(acme.rival, acme.charlie.user):
        assert create_team(acme.rival, name="North", by=acme.charlie).workspace == acme.rival


@pytest.fixture
def stored(acme) -> Iterator[object]:
    yield lambda: Workspace.objects.values().get(pk=acme.workspace.pk)


def test_settings_are_changed_by_admins(acme, stored):
    change_settings(acme.workspace, by=acme.alice, name="Acme AG", visibility="own", work_start=time(7), work_days=[0])
    facts = stored()
    assert (facts["name"], facts["visibility"], facts["work_start"], facts["work_days"]) == (
        "Acme AG",
        "own",
        time(7),
        [0],
    )
    with pytest.raises(NotAllowed):
        change_settings(acme.workspace, by=acme.bob, name="Bob's")
    assert stored() == facts


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"work_end": time(8)}, "__all__"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"currency": "XQX"}, "currency"),
        ({"name": ""}, "name"),
        ({"visibility": "none"}, "visibility"),
    ],
)
def test_settings_that_cannot_be_are_refused(acme, stored, changes, field):
    before = stored()
    assert list(refused(change_settings, acme.workspace, by=acme.alice, **changes).fields) == [field]
    assert stored() == before
