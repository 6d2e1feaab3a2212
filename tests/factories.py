"""Rows for tests, made by the product's own actions."""

from __future__ import annotations

import os
from decimal import Decimal

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from deals.actions import create_deal
from deals.models import Deal, Stage
from tests.conftest import Cast
from workspaces.actions import create_workspace
from workspaces.models import Membership, Role, Team, User, Workspace
from workspaces.mounting import workspace_url
from workspaces.tenancy import tenant


def make_cast() -> Cast:
    alice, bob, vera, charlie = (
        User.objects.create_user(f"{name}@{place}.example", "demo", name=name.title()) for name, place in PEOPLE
    )
    workspace = create_workspace(name="Acme", slug="acme", owner=alice)
    rival = create_workspace(name="Rival", slug="rival", owner=charlie)
    with tenant(workspace, alice):
        north = Team.objects.create(workspace=workspace, name="North")
        bob_member = Membership.objects.create(workspace=workspace, user=bob, role=Role.REP, team=north)
        vera_member = Membership.objects.create(workspace=workspace, user=vera, role=Role.VIEWER)
        alice_member = Membership.objects.select_related("user", "workspace").get(user=alice, workspace=workspace)
        stages = {stage.name: stage for stage in Stage.objects.select_related("pipeline")}
    with tenant(rival, charlie):
        charlie_member = Membership.objects.select_related("user", "workspace").get(user=charlie, workspace=rival)
        rival_stages = {stage.name: stage for stage in Stage.objects.select_related("pipeline")}
    return Cast(workspace, rival, alice_member, bob_member, vera_member, charlie_member, north, stages, rival_stages)


PEOPLE = (("alice", "acme"), ("bob", "acme"), ("vera", "acme"), ("charlie", "rival"))


def make_deal(
    member: Membership, stage: Stage, name: str = "Cold-chain monitoring", amount: int | None = 1000, **fields
) -> Deal:
    """A deal of the member's workspace, in their name unless `owner_id` says otherwise. Inside the workspace's scope."""
    return create_deal(
        member.workspace,
        name=name,
        stage=stage,
        by=member,
        amount=None if amount is None else Decimal(amount),
        **fields,
    )


def url(workspace: Workspace, name: str, *args: object) -> str:
    """The path of a workspace's page."""
    return workspace_url(workspace, name, *args)


def make_place(base: str, number: int):
    """A committed workspace for a browser test, with alice (owner) and bob (rep)."""
    from tests.browser.conftest import Place  # noqa: PLC0415

    unique = f"{os.getpid()}-{number}"
    alice, bob = (
        User.objects.create_user(f"{name}-{unique}@demo.example", "demo", name=name.title())
        for name in ("alice", "bob")
    )
    workspace = create_workspace(
        name="Northwind Sensors", slug=f"place-{unique}", owner=alice, time_zone="Europe/Berlin"
    )
    with tenant(workspace, alice):
        bob_member = Membership.objects.create(workspace=workspace, user=bob, role=Role.REP)
        bob_member.workspace = workspace
        alice_member = Membership.objects.select_related("user", "workspace").get(user=alice, workspace=workspace)
    return Place(base, workspace.slug, workspace, alice_member, bob_member)


def session_for(user: User) -> str:
    """The key of a new session in which `user` is logged in."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session.session_key
