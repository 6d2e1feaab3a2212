"""Invitations are mail to strangers: so many a day and no more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from workspaces.action import Refused
from workspaces.actions import DAILY_OF_INVITER, DAILY_OF_WORKSPACE, create_workspace, invite
from workspaces.models import Invitation, Membership, Role
from workspaces.tenancy import tenant


def made(member: Membership, count: int, **fields) -> None:
    facts = {"expires_at": timezone.now() + timedelta(days=14), "invited_by": member.user} | fields
    with tenant(member.workspace, member.user):
        Invitation.objects.bulk_create(
            Invitation(workspace=member.workspace, email=f"{number}@{len(fields)}.example", **facts)
            for number in range(count)
        )


def ask(member: Membership) -> Invitation:
    with tenant(member.workspace, member.user):
        return invite(member.workspace, email="one@more.example", role=Role.REP, team=None, by=member)


def test_of_one_inviter(cast):
    made(cast.alice, DAILY_OF_INVITER - 1)
    assert ask(cast.alice)
    with pytest.raises(Refused, match=f"You have sent {DAILY_OF_INVITER} invitations"):
        ask(cast.alice)


def test_another_workspace_is_no_way_around(cast):
    second = create_workspace(name="Second", slug="second", owner=cast.alice.user)
    with tenant(second, cast.alice.user):
        member = Membership.objects.select_related("user", "workspace").get(workspace=second)
    made(cast.alice, DAILY_OF_INVITER)
    with pytest.raises(Refused, match="You have sent"):
        ask(member)


def test_nor_is_withdrawing(cast):
    made(cast.alice, DAILY_OF_INVITER, revoked_at=timezone.now())
    with pytest.raises(Refused, match="You have sent"):
        ask(cast.alice)


def test_of_one_workspace(cast):
    made(cast.bob, DAILY_OF_WORKSPACE)
    with pytest.raises(Refused, match=f"{DAILY_OF_WORKSPACE} invitations went out"):
        ask(cast.alice)


@pytest.mark.parametrize(
    "fields", [{"accepted_at": timezone.now()}, {"created_at": timezone.now() - timedelta(days=1, minutes=1)}]
)
def test_what_was_welcome_or_is_old_does_not_count(cast, fields):
    made(cast.alice, DAILY_OF_WORKSPACE, **fields)
    assert ask(cast.alice)


def test_others_have_their_own(cast):
    made(cast.charlie, DAILY_OF_INVITER)
    assert ask(cast.alice)
