"""The way back to what a deal was before a change: one mechanism for edits, tags and deletions, of one deal or of many.

A change of stage keeps its image in its StageEvent; see undoing.py.
"""

from __future__ import annotations

from collections.abc import Container

from django.db.models import ForeignKey

from deals.actions.facts import check_owner
from deals.actions.images import COLUMNS, FIELDS, as_value
from deals.actions.locking import raise_stale
from deals.actions.rates import rate_of
from deals.models import Deal, DealChange, StageEvent
from deals.path import standing
from workspaces.action import NotAllowed, Refused
from workspaces.models import Membership, Role


def set_columns_back(deal: Deal, before: dict[str, object], members: Container[int] | None = None) -> list[str]:
    """Set what an image says, without saving; refused where what it names is gone. Returns the columns."""
    columns = [name for name in before if name in COLUMNS]
    for name in columns:
        field, value = FIELDS[name], as_value(name, before[name])
        if name == "owner_id":
            check_owner(deal.workspace_id, value, members)
        elif value is not None and isinstance(field, ForeignKey) and not is_there(field, value):
            raise Refused(f"The {field.verbose_name} that it had is gone.")
        setattr(deal, name, value)
    if "rate" in columns:  # as it is now, not as it was then
        deal.rate = rate_of(deal)
    deal.version += 1
    return columns


def is_as_left(deal: Deal, version: int) -> bool:
    """Whether nothing has changed since the deal was of this version, but for what was taken back itself."""
    if deal.version == version:
        return True
    moves = list(StageEvent.objects.filter(deal=deal, version__gt=version))
    changes = DealChange.objects.filter(deal=deal, version__gt=version, event=None)
    undone = changes.filter(state=DealChange.State.UNDONE).count()
    # A move that is taken back leaves two events; another change is one row, and its undo one version more.
    return deal.version - version == len(moves) + 2 * undone and not standing(moves)


def check_undoable(change: DealChange, deal: Deal, by: Membership) -> None:
    """Nobody changed the deal since, and whoever undoes it made the change or is a manager."""
    if change.version is not None and change.version != deal.version:
        was_undone = StageEvent.objects.filter(undoes=change.event_id).exists() if change.event_id else False
        if was_undone or not is_as_left(deal, change.version):
            raise_stale(deal, what="cannot be undone any more")
    if change.by_id != by.user_id and not by.may(Role.MANAGER):
        raise NotAllowed("Only a manager may undo what somebody else did.")


def is_there(field: ForeignKey, pk: object) -> bool:
    return field.remote_field.model._base_manager.filter(pk=pk).exists()
