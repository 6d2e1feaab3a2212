"""Roles: nobody gives, takes or keeps more than they have, and a workspace always keeps an owner."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.tenancy.walk import path_of, rolled_back
from tests.tenancy.world import join
from workspaces.action import NotAllowed
from workspaces.actions import change_member, invitation_link, invite
from workspaces.models import Invitation, Membership, Role, User
from workspaces.tenancy import all_workspaces, tenant

Status = Membership.Status
# Of acme, one for each role; each is also the target of the others. A second owner, else owners could not be changed.
RANKED = {Role.OWNER: "owner", Role.ADMIN: "admin", Role.MANAGER: "manager", Role.REP: "rep", Role.VIEWER: "viewer"}


@pytest.fixture
def staff(walker) -> dict[Role, Membership]:
    """A member of each role who is nobody's actor."""
    acme = walker.world.members["owner"].workspace
    with tenant(acme):
        return {
            role: join(acme, User.objects.create_user(f"{role}@staff.test", name=role.label), role) for role in Role
        }


def reached(by: Role, target: Role, new: Role) -> bool:
    """Who may do it: admins and owners, to whom stands no higher, up to what they are themselves."""
    return by.rank >= Role.ADMIN.rank and by.rank >= target.rank and by.rank >= new.rank


def matrix() -> Iterator[tuple[Role, Role, Role]]:
    return ((by, target, new) for by in Role for target in Role for new in Role)


def role_of(member: Membership) -> tuple[str, str]:
    with all_workspaces():
        return Membership.objects.values_list("role", "status").get(pk=member.pk)


def test_changing_roles_and_status(walker, staff):
    """Actor x target x new role, through the page."""
    for by, target, new in matrix():
        for status in (Status.ACTIVE, Status.SUSPENDED):
            with rolled_back():
                path = path_of("acme", "member_edit", pk=staff[target].pk)
                answer = walker.ask(RANKED[by], "POST", path, {"role": new, "status": status})
                after = role_of(staff[target])
            may = reached(by, target, new)
            assert after == ((new, status) if may else (target, Status.ACTIVE)), (by, target, new, status)
            assert answer.status in ((302,) if may else (403, 422)), (by, target, new, status, answer.status)


def test_changing_roles_in_the_admin(walker, staff):
    """The same matrix through the admin's bulk action."""
    path = "/w/acme/admin/workspaces/membership/"
    for by, target, new in matrix():
        with rolled_back():
            chosen = {"action": "change_role", "_selected_action": staff[target].pk, "apply": "1", "role": new}
            walker.ask(RANKED[by], "POST", path, chosen)
            after = role_of(staff[target])
        assert after == (new if reached(by, target, new) else target, Status.ACTIVE), (by, target, new)


def test_changing_roles_by_the_action_alone(walker, staff):
    """The rule is the action's, whatever door calls it."""
    actors = {role: walker.world.members[name] for role, name in RANKED.items()}
    for by, target, new in matrix():
        with rolled_back(), tenant(actors[by].workspace, actors[by].user):
            allowed = attempt(lambda: change_member(staff[target], by=actors[by], role=new))  # noqa: B023
            assert allowed == reached(by, target, new), (by, target, new)


def attempt(verb: Callable[[], object]) -> bool:
    try:
        verb()
    except NotAllowed:
        return False
    return True


def test_inviting(walker):
    """Nobody invites above themselves, by the page or by the action."""
    for by in Role:
        for role in Role:
            may = reached(by, Role.VIEWER, role)
            with rolled_back():
                answer = walker.ask(
                    RANKED[by], "POST", path_of("acme", "member_invite"), {"email": "x@x.test", "role": role}
                )
                with all_workspaces():
                    assert Invitation.objects.filter(email="x@x.test").exists() == may, (by, role)
                assert answer.status in ((302,) if may else (403, 422))
            actor = walker.world.members[RANKED[by]]
            facts = {"email": "x@x.test", "role": role, "team": None, "by": actor}
            with rolled_back(), tenant(actor.workspace, actor.user):
                assert attempt(lambda: invite(actor.workspace, **facts)) == may  # noqa: B023


def test_an_invitation_opens_for_its_address_only(walker):
    """Whoever holds the link of another workspace gets nothing by it, and it says nothing of rows."""
    with all_workspaces():
        invitation = Invitation.objects.get(pk=walker.world.rival.invitation)
    path = "/" + invitation_link(invitation).split("/", 3)[3]
    with all_workspaces():
        before = Membership.objects.count()
    for actor in ("owner", "rep", "suspended", "foreign"):
        assert walker.ask(actor, "POST", path).status == 422
    assert walker.ask("anonymous", "POST", path).status == 200
    for forged in (path[:-2] + "/", path.replace(":", "", 1), "/invitations/WzEsMV0:x:y/"):
        assert walker.ask("rep", "GET", forged).status == 410, forged
    with all_workspaces():
        assert Membership.objects.count() == before


def test_who_is_suspended_or_gone_is_out_at_once(walker):
    page = path_of("acme", "deal_board")
    assert walker.ask("rep", "GET", page).status == 200
    for status in (Status.SUSPENDED, Status.LEFT):
        with all_workspaces():
            Membership.objects.filter(pk=walker.world.acme.member).update(status=status)
        assert walker.ask("rep", "GET", page).status == 404


def test_the_last_owner_stays(walker):
    owner = walker.world.members["owner"]
    edit = path_of("acme", "member_edit", pk=owner.pk)
    for data in ({"role": "admin", "status": "active"}, {"role": "owner", "status": "suspended"}):
        assert walker.ask("owner", "POST", edit, data).status == 422
    assert walker.ask("owner", "POST", path_of("acme", "workspace_leave")).status == 422
    bulk = {"_selected_action": owner.pk, "apply": "1", "role": "viewer"}
    for action in ("change_role", "suspend"):
        walker.ask("owner", "POST", "/w/acme/admin/workspaces/membership/", bulk | {"action": action})
        walker.ask("super", "POST", "/admin/workspaces/membership/", bulk | {"action": action})
    assert role_of(owner) == (Role.OWNER, Status.ACTIVE)
