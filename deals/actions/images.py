"""What a deal was before a change: kept with the change, for the way back (changes.py)."""

from __future__ import annotations

from copy import copy
from datetime import datetime

from activities.models import Door
from deals.models import Deal, DealChange
from workspaces.access import acting
from workspaces.models import Membership

# What follows from other rows, or counts the changes themselves.
NOT_OURS = frozenset(
    ("id", "workspace_id", "version", "updated_at", "base_amount", "last_activity_at", "next_activity_at", "created_at", "created_by_id")
)  # fmt: skip
FIELDS = {field.attname: field for field in Deal._meta.concrete_fields}
COLUMNS = tuple(name for name in FIELDS if name not in NOT_OURS)


def image_of(deal: Deal) -> dict[str, object]:
    """Of now: what is changed in place later (custom fields) is not changed in it."""
    return {name: copy(getattr(deal, name)) for name in COLUMNS}


def what_was(image: dict[str, object], deal: Deal) -> dict[str, object]:
    """Of an image what is otherwise now, as JSON keeps it."""
    return {name: as_json(value) for name, value in image.items() if getattr(deal, name) != value}


def as_value(name: str, kept: object) -> object:
    """What JSON kept of a column, as the model has it."""
    return FIELDS[name].to_python(kept)


def as_json(value: object) -> object:
    return value if value is None or isinstance(value, (bool, int, str, list, dict)) else str(value)


def note_change(
    deal: Deal, verb: str, before: dict[str, object], *, by: Membership | None, door: Door, at: datetime
) -> DealChange:
    """A change of one deal that has been made and saved, so that it can be taken back."""
    return DealChange.objects.create(
        workspace_id=deal.workspace_id, deal=deal, verb=verb, before=before, version=deal.version, by_id=acting(by), at=at
    )  # fmt: skip
