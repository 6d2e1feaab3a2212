"""Rows for tests, made by the product's own actions."""

from __future__ import annotations

from decimal import Decimal

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
