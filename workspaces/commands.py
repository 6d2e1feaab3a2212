"""What operators' commands share: a workspace named by its slug, one JSON line as the last of the output."""

from __future__ import annotations

import json
from decimal import Decimal

from django.core.management.base import CommandError, CommandParser

from workspaces.models import Workspace
from workspaces.tenancy import all_workspaces


def add_workspace(parser: CommandParser) -> None:
    parser.add_argument("--workspace", required=True, metavar="SLUG", help="the workspace, as in its address /w/SLUG/")


def find_workspace(slug: str) -> Workspace:
    """An operator may name any workspace; the work itself is done inside `tenant(workspace)`."""
    with all_workspaces():
        workspace = Workspace.objects.filter(slug=slug).first()
        if workspace is None:
            known = ", ".join(Workspace.objects.order_by("slug").values_list("slug", flat=True)[:20])
            raise CommandError(
                f"There is no workspace {slug}. Known: {known or 'none yet; make one with create_workspace'}."
            )
        return workspace


def as_json(data: object) -> str:
    """Decimals as numbers: integers where they are whole."""
    return json.dumps(
        data,
        default=lambda value: (
            (int(value) if value == value.to_integral_value() else float(value))
            if isinstance(value, Decimal)
            else str(value)
        ),
    )
