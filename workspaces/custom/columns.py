"""Custom fields as columns of lists: their heads, and what their cells say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest

from workspaces.custom.fields import live_fields, names_for
from workspaces.custom.values import RANGED, Type, say
from workspaces.formats import Formats
from workspaces.lists import Column
from workspaces.models import Workspace


def custom_columns(workspace: Workspace, entity: str) -> tuple[Column, ...]:
    """One for each live field, named cf_<key>. They do not sort: no index knows what is inside of the values."""
    return tuple(
        Column(field.name, field.label, css="r" if field.type in RANGED and field.type != Type.DATE else "")
        for field in live_fields(workspace, entity)
    )


def asked_columns(request: HttpRequest, known: Iterable[Column]) -> tuple[Column, ...]:
    """Those that the address names, columns=cf_size,cf_tier or each in a parameter of its own, in the order of `known`."""
    asked = set(",".join(request.GET.getlist("columns")).split(","))
    return tuple(column for column in known if column.name in asked)


def custom_cells(
    workspace: Workspace, entity: str, names: Iterable[str], rows: Iterable[Mapping[str, Any]], formats: Formats
) -> list[dict[str, str]]:
    """For each row (with its "custom" values) what the columns `names` say: {name: text}, "" for nothing. Names of other
    columns are left out. Asks the database once, and only where a column names members."""
    wanted = set(names)
    fields = tuple(field for field in live_fields(workspace, entity) if field.name in wanted)
    members = names_for(workspace.pk, fields)
    return [
        {field.name: say(field, row["custom"].get(field.key), formats, members) for field in fields} for row in rows
    ]
