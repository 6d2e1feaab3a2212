"""Which custom fields a workspace has.

Nearly every page asks, and they change a few times a year: each process keeps them, by workspace and by a token that
every change replaces (`Workspace.custom_token`). The token is random, not counted: what a transaction saw that was then
rolled back is never asked for again.
"""

from __future__ import annotations

from collections import OrderedDict

from workspaces.custom.values import Entity, Field, Type
from workspaces.models import CustomField, Membership, Workspace

KEPT = 1000  # workspaces of a process
Fields = dict[str, tuple[Field, ...]]
_kept: OrderedDict[tuple[int, str], Fields] = OrderedDict()


def all_fields(workspace: Workspace, entity: str) -> tuple[Field, ...]:
    """Live and archived ones, in order. Inside the workspace's scope."""
    if not workspace.custom_token:
        return ()
    key = (workspace.pk, workspace.custom_token)
    found = _kept.get(key)
    if found is None:
        found = _load(workspace.pk)
        # No rows means that we are outside the workspace's scope: there is at least the one that made the token.
        if any(found.values()):
            _kept[key] = found
            while len(_kept) > KEPT:
                _kept.popitem(last=False)
    return found[entity]


def live_fields(workspace: Workspace, entity: str) -> tuple[Field, ...]:
    """Those that forms, lists and filters offer."""
    return tuple(field for field in all_fields(workspace, entity) if not field.is_archived)


def field_named(workspace: Workspace, entity: str, name: str) -> Field | None:
    """The live field whose form field, filter or column has this name (cf_size)."""
    return next((field for field in live_fields(workspace, entity) if field.name == name), None)


def _load(workspace_id: int) -> Fields:
    found: dict[str, list[Field]] = {entity: [] for entity in Entity.values}
    for row in CustomField.objects.filter(workspace_id=workspace_id).order_by("position", "pk"):
        found[row.entity].append(row.field)
    return {entity: tuple(fields) for entity, fields in found.items()}


def member_names(workspace_id: int) -> dict[int, str]:
    """{user id: name} of all who are or were members, for fields that name one."""
    members = Membership.objects.filter(workspace_id=workspace_id).select_related("user")
    return {member.user_id: str(member.user) for member in members}


def active_members(workspace_id: int) -> set[int]:
    """User ids of those who may be chosen."""
    return set(Membership.objects.active().filter(workspace_id=workspace_id).values_list("user_id", flat=True))


def names_for(workspace_id: int, fields: tuple[Field, ...]) -> dict[int, str]:
    """`member_names`, without asking where none of the fields names a member."""
    return member_names(workspace_id) if any(field.type == Type.USER for field in fields) else {}
