"""Users, workspaces, members, invitations and second factors in the admin."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.test import Client
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from tests.workspaces.adminpages import bulk, errors, form_of, messages, path
from workspaces.actions import invite
from workspaces.models import Invitation, Membership, Role, User, Workspace
from workspaces.tenancy import all_workspaces, tenant


@pytest.fixture
def alice(acme, login) -> Client:
    return login(acme.alice)


@pytest.fixture
def root(cast) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root@crm.example", "demo", name="Root"))
    return client


def test_members_are_suspended_and_promoted_by_the_action(acme, alice, login):
    assert messages(bulk(alice, acme.workspace, Membership, "suspend", [acme.bob, acme.alice])) == [
        "Alice: A workspace needs an owner: make somebody else one first.",
        "1 membership suspended.",
    ]
    assert login(acme.bob).get(path(acme.workspace, "index")).status_code == 404
    assert (
        messages(bulk(alice, acme.workspace, Membership, "reactivate", [acme.bob]))[-1] == "1 membership active again."
    )
    assert (
        messages(bulk(alice, acme.workspace, Membership, "change_role", [acme.bob], role="admin"))[-1]
        == "1 membership changed."
    )
    bob = Membership.objects.get(pk=acme.bob.pk)
    assert (bob.role, bob.status, bob.team_id) == ("admin", "active", acme.north.pk)


def test_nobody_rises_above_the_one_who_acts(acme, login):
    Membership.objects.filter(pk=acme.bob.pk).update(role=Role.ADMIN)
    bob = login(acme.bob)
    told = messages(bulk(bob, acme.workspace, Membership, "change_role", [acme.bob, acme.vera], role="owner"))
    assert len(told) == 2 and all("you cannot give or change the role owner" in text for text in told)
    assert "cannot give or change" in messages(bulk(bob, acme.workspace, Membership, "suspend", [acme.alice]))[0]
    assert Membership.objects.filter(role=Role.OWNER).count() == 1


def test_the_super_admin_ranks_as_an_owner(acme, root):
    assert messages(bulk(root, None, Membership, "change_role", [acme.bob], role="owner")) == ["1 membership changed."]
    assert messages(bulk(root, None, Membership, "suspend", [acme.alice]))[-1] == "1 membership suspended."
    assert "needs an owner" in messages(bulk(root, None, Membership, "suspend", [acme.bob]))[-1]


def test_memberships_are_never_written_past_the_action(acme, alice):
    url = path(acme.workspace, "workspaces_membership_change", acme.bob.pk)
    assert alice.get(url).status_code == 200
    assert alice.post(url, {"role": "owner"}).status_code == 403
    assert alice.post(path(acme.workspace, "workspaces_membership_add"), {}).status_code == 403
    assert (
        alice.post(path(acme.workspace, "workspaces_membership_delete", acme.bob.pk), {"post": "yes"}).status_code
        == 403
    )
    history = alice.get(path(acme.workspace, "workspaces_membership_history", acme.bob.pk))
    assert history.status_code == 200


def test_inviting_and_withdrawing(acme, alice, root):
    url = path(acme.workspace, "workspaces_invitation_add")
    data = form_of(alice, url, Invitation)
    assert alice.post(url, data | {"email": "New@acme.example", "role": "manager"}).status_code == 302
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.role, invitation.invited_by_id) == (
        "new@acme.example",
        "manager",
        acme.alice.user_id,
    )
    assert "This person is a member already." in str(errors(alice.post(url, data | {"email": acme.bob.user.email})))
    assert root.get(path(None, "workspaces_invitation_add")).status_code == 403
    other = invite(acme.workspace, email="o@acme.example", role=Role.REP, team=None, by=acme.alice)
    assert messages(bulk(root, None, Invitation, "withdraw", [other])) == ["1 invitation withdrawn."]
    assert (
        messages(bulk(alice, acme.workspace, Invitation, "withdraw", [invitation, other]))[-1]
        == "1 invitation withdrawn."
    )
    assert Invitation.objects.filter(revoked_at=None).count() == 0


def test_a_workspace_is_made_with_its_owner_and_pipeline(cast, root):
    url = path(None, "workspaces_workspace_add")
    data = form_of(root, url, Workspace) | {"name": "Third", "slug": "third", "owner": cast.bob.user_id}
    assert root.post(url, data).status_code == 302
    taken = root.post(url, data | {"slug": "acme"})
    assert "slug" in errors(taken)
    with all_workspaces():
        third = Workspace.objects.get(slug="third")
        assert third.memberships.get().role == "owner" and third.pipelines.get().stages.count() == 7
    url = path(None, "workspaces_workspace_change", third.pk)
    data = form_of(root, url, Workspace)
    assert (
        root.post(url, data | {"name": "Thirds", "slug": "other", "currency": "USD", "visibility": "own"}).status_code
        == 302
    )
    with all_workspaces():
        third.refresh_from_db()
    assert (third.name, third.slug, third.currency, third.visibility) == ("Thirds", "third", "EUR", "own")
    assert root.post(path(None, "workspaces_workspace_delete", third.pk), {"post": "yes"}).status_code == 403


def test_users_get_a_link_and_no_password(cast, root, mailoutbox):
    url = path(None, "workspaces_user_add")
    assert root.post(url, {"name": "Nina", "email": "Nina@New.example"}).status_code == 302
    nina = User.objects.get(email="nina@new.example")
    assert not nina.has_usable_password()
    assert "email" in errors(root.post(url, {"name": "Nina", "email": "NINA@new.example"}))
    page = root.get(path(None, "workspaces_user_change", nina.pk)).content.decode()
    assert (
        "password" not in form_of(root, path(None, "workspaces_user_change", nina.pk), User)
        and nina.password not in page
    )
    assert messages(bulk(root, None, User, "send_reset_link", [nina]))[-1] == "1 user sent a link."
    assert mailoutbox[0].to == ["nina@new.example"] and "/accounts/password/reset/key/" in mailoutbox[0].body


def test_nobody_locks_themselves_out(cast, root):
    me = User.objects.get(email="root@crm.example")
    url = path(None, "workspaces_user_change", me.pk)
    data = {"name": "Roots", "locale": "en", "is_active": "", "is_superuser": ""}
    assert root.post(url, data).status_code == 302
    me.refresh_from_db()
    assert (me.name, me.is_active, me.is_superuser) == ("Roots", True, True)
    url = path(None, "workspaces_user_change", cast.bob.user_id)
    assert (
        root.post(
            url, data | {"name": "Bob", "is_active": "on", "is_superuser": "on", "email": "x@y.example"}
        ).status_code
        == 302
    )
    bob = User.objects.get(pk=cast.bob.user_id)
    assert (bob.is_superuser, bob.is_staff, bob.email) == (True, True, "bob@acme.example")


def test_addresses_and_second_factors_show_no_secrets(cast, root):
    EmailAddress.objects.create(user=cast.bob.user, email="bob@acme.example", verified=False)
    factor = Authenticator.objects.create(user=cast.bob.user, type="totp", data={"secret": "s3cr3t"})
    assert (
        messages(bulk(root, None, EmailAddress, "mark_verified", [EmailAddress.objects.get()]))[-1]
        == "1 email address verified."
    )
    assert EmailAddress.objects.get().verified
    for what in ("changelist", "change"):
        args = [factor.pk] if what == "change" else []
        assert "s3cr3t" not in root.get(path(None, f"mfa_authenticator_{what}", *args)).content.decode()
    assert root.post(path(None, "mfa_authenticator_change", factor.pk), {"data": "{}"}).status_code == 403
    assert root.post(path(None, "mfa_authenticator_delete", factor.pk), {"post": "yes"}).status_code == 302
    assert not Authenticator.objects.exists()


def test_the_door_is_kept_in_the_audit_trail(cast, login):
    alice = login(cast.alice)
    bulk(alice, cast.workspace, Membership, "suspend", [cast.bob])
    found = alice.get(path(cast.workspace, "workspaces_membership_history", cast.bob.pk)).context["entries"]
    assert [(entry.who, entry.door, entry.changes[0].label, entry.changes[0].after) for entry in found] == [
        ("Alice", "admin", "Status", "Suspended")
    ]
    with tenant(cast.workspace, cast.alice.user):
        assert Membership.objects.get(pk=cast.bob.pk).status == "suspended"


def test_the_schedule_is_the_super_admins(cast, root):
    every = IntervalSchedule.objects.create(every=5, period="minutes")
    url = path(None, "django_celery_beat_periodictask_add")
    data = form_of(root, url, PeriodicTask) | {
        "name": "Sweep",
        "task": "workspaces.tasks.clear_sessions",
        "interval": every.pk,
    }
    assert root.post(url, data).status_code == 302, errors(root.post(url, data))
    task = PeriodicTask.objects.get()
    assert "<script>" not in root.get(path(None, "django_celery_beat_periodictask_change", task.pk)).content.decode()
    bulk(root, None, PeriodicTask, "disable_tasks", [task])
    assert not PeriodicTask.objects.get().enabled
