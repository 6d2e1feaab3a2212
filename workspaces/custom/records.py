"""Custom values of one record, for the actions of every door."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Protocol

from workspaces.custom.fields import active_members, all_fields, member_names
from workspaces.custom.values import set_values, told
from workspaces.models import Workspace


class Customised(Protocol):
    """A deal, lead, contact or company."""

    workspace: Workspace
    workspace_id: int
    custom: dict


def set_custom(
    record: Customised,
    entity: str,
    changes: Mapping[str, object] | None,
    *,
    is_new: bool = False,
    members: Container[int] | None = None,
) -> dict[str, list[str]]:
    """Check and set, without saving. Returns what a timeline says of it: {custom:type:label: [old, new]}.

    `changes` None: nobody was asked (a record made beside another, by one click, by an automation), and nothing is
    required. `members`: user ids of the active ones, where the caller has many records to check.
    """
    if changes is None:
        return {}
    fields = all_fields(record.workspace, entity)
    if not fields and not changes:
        return {}
    before = record.custom
    after = set_values(
        fields,
        before,
        changes,
        members=lambda: active_members(record.workspace_id) if members is None else members,
        is_new=is_new,
    )
    record.custom = after
    return told(fields, before, after, lambda: member_names(record.workspace_id))
