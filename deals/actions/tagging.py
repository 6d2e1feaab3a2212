"""Tags on deals."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import Value
from django.db.models.functions import Lower
from django.utils import timezone

from activities.bulk import record_all
from activities.models import Activity, Door
from deals.actions.images import note_change
from deals.actions.locking import lock_deal
from deals.models import Deal, DealTag, Tag, Verb
from workspaces.access import check_may
from workspaces.action import Refused, action
from workspaces.models import Membership, Role, Workspace

MOST = 20  # on one deal


@action
def find_or_create_tags(workspace: Workspace, names: Iterable[str], *, by: Membership | None) -> list[Tag]:
    """The tags of these names, whatever their case; new ones are made."""
    check_may(by, Role.REP, "tag deals")
    wanted: dict[str, str] = {}
    for name in (" ".join(name.split()) for name in names):
        if name:
            wanted.setdefault(name.lower(), name)
    if any(len(name) > 40 for name in wanted.values()):
        raise Refused("A tag has at most 40 letters.", fields={"new": "At most 40 letters."})
    # What is the same letter in another case, PostgreSQL decides: its index holds names apart.
    found = [
        Tag.objects.filter(workspace=workspace).annotate(key=Lower("name")).filter(key=Lower(Value(name))).first()
        or Tag.objects.create(workspace=workspace, name=name)
        for name in wanted.values()
    ]
    return list({tag.pk: tag for tag in found}.values())


@action
def tag_deal(
    deal: Deal, tags: Sequence[Tag], *, by: Membership | None, version: int | None = None, door: Door = Door.WEB
) -> Deal:
    """Exactly these tags."""
    check_may(by, Role.REP, "tag deals")
    deal = lock_deal(deal.pk, version, by)
    before, wanted, now = tags_of([deal.pk]), {tag.pk for tag in tags}, timezone.now()
    check_number(wanted)
    if before.get(deal.pk, set()) != wanted:
        deal.version += 1
        deal.save(update_fields=["version", "updated_at"])
        write_tags([deal], before, {deal.pk: wanted}, by=by, door=door, at=now)
        note_change(deal, Verb.TAG, {"tags": sorted(before.get(deal.pk, ()))}, by=by, door=door, at=now)
    return deal


def check_number(wanted: Collection[int]) -> None:
    if len(wanted) > MOST:
        raise Refused(f"A deal has at most {MOST} tags.", fields={"value": f"At most {MOST}."})


def tags_of(pks: Iterable[int]) -> dict[int, set[int]]:
    """{deal id: tag ids}, of those that have any."""
    found: dict[int, set[int]] = {}
    for deal_id, tag_id in DealTag.objects.filter(deal_id__in=list(pks)).values_list("deal_id", "tag_id"):
        found.setdefault(deal_id, set()).add(tag_id)
    return found


def write_tags(
    deals: Sequence[Deal],
    before: Mapping[int, set[int]],
    wanted: Mapping[int, set[int]],
    *,
    by: Membership | None,
    door: Door,
    at: datetime,
    undo: bool = False,
) -> None:
    """Rows and lines of the timeline; deals are locked. Tags that are gone by now stay gone."""
    names = dict(Tag.objects.values_list("pk", "name"))
    lines, new = [], []
    for deal in deals:
        had, has = before.get(deal.pk, set()), wanted[deal.pk] & names.keys()
        DealTag.objects.filter(deal=deal, tag_id__in=had - has).delete()
        new += [DealTag(workspace_id=deal.workspace_id, deal=deal, tag_id=pk) for pk in sorted(has - had)]
        changes = {"tags": [_said(had, names), _said(has, names)]}
        lines.append((deal, {"at": at, "data": {"changes": changes} | ({"undo": True} if undo else {})}))
    DealTag.objects.bulk_create(new)
    record_all(lines, Activity.Kind.FIELD_CHANGE, by=by, door=door, hand_on=True)


def _said(pks: set[int], names: Mapping[int, str]) -> str:
    return ", ".join(sorted(names[pk] for pk in pks if pk in names))
