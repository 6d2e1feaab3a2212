"""Something done to many deals as one: begun, done step by step, and undone as one.

A step is one transaction that takes the next deals that wait, does them, and says of each what became of it: so whatever
dies on the way, the next step goes on where the last one ended, and no deal is done twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.db import connection
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from activities.actions import notify
from activities.models import Door, Notification
from deals.actions.changes import check_undoable
from deals.actions.locking import raise_stale
from deals.actions.verbs import BACK, DO, Many, State
from deals.models import BulkChange, Deal, DealChange, Verb
from deals.models.deal import DealQuerySet
from deals.telling import tell_of_rest
from workspaces.access import check_may, visible_owners
from workspaces.action import NotAllowed, Refused, action
from workspaces.background import after_commit
from workspaces.models import Membership, Role, Workspace

# Deals of one transaction, whose locks others wait for. Up to here it is done while one waits, above by a worker: two
# steps in the transaction of one request would lock the deals of the second after the stages and totals of the first.
STEP = 200
LOST = timedelta(minutes=2)
Progress = BulkChange.State
NOT_NOW: dict[str, str] = {
    Progress.RUNNING: "It is still being done.",
    Progress.UNDOING: "It is being undone.",
    Progress.UNDONE: "It has been undone.",
}


@action
def change_many(
    workspace: Workspace,
    verb: str,
    chosen: QuerySet[Deal],
    facts: Mapping[str, object],
    *,
    by: Membership,
    summary: str,
    expected: int | None = None,
    door: Door = Door.WEB,
) -> BulkChange:
    """Do `verb` (models.Verb; `facts` as verbs.py wants them) to the deals of `chosen`, as they are found now.

    Few are done on return, many by a worker. `expected`: how many the caller was told there are; refused where there are
    others now.
    """
    check_may(by, Role.REP, "change deals")
    bulk = BulkChange.objects.create(
        workspace=workspace, verb=verb, summary=summary[:200], facts=dict(facts), count=0, by_id=by.user_id, door=door
    )
    bulk.count = freeze(bulk, chosen)
    if expected is not None and bulk.count != expected:
        raise Refused(f"There were {expected} deals when you chose them, now there are {bulk.count}. Look again.")
    if not bulk.count:
        raise Refused("No deal is chosen.")
    bulk.save(update_fields=["count"])
    return go_on(bulk, by)


def freeze(bulk: BulkChange, chosen: QuerySet[Deal]) -> int:
    """Write down which deals it is about: what the filter finds later is another matter."""
    sql, params = chosen.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(FREEZE.format(sql), [bulk.workspace_id, bulk.pk, bulk.verb, bulk.by_id, bulk.at, *params])
        return cursor.rowcount


FREEZE = """
    INSERT INTO deals_dealchange (workspace_id, bulk_id, deal_id, verb, by_id, at, state, reason, before)
    SELECT %s, %s, chosen.id, %s, %s, %s, 'waiting', '', '{{}}' FROM ({}) chosen (id) ORDER BY chosen.id
"""


def go_on(bulk: BulkChange, by: Membership) -> BulkChange:
    if bulk.count > STEP:
        after_commit("deals.tasks.run_bulk", bulk.workspace_id, bulk.pk)
        return bulk
    while bulk.is_unfinished:
        bulk = step(bulk)
    return bulk


@action
def step(bulk: BulkChange) -> BulkChange:
    """The next deals, in the order of their ids. The row of the bulk itself is locked: two workers take turns."""
    bulk = BulkChange.objects.select_for_update().get(pk=bulk.pk)
    if not bulk.is_unfinished:
        return bulk
    undoing = bulk.state == Progress.UNDOING
    by = acting_member(bulk, undoing)
    waiting = bulk.items.filter(state=State.DONE if undoing else State.WAITING)
    pks = list(waiting.order_by("deal_id").values_list("deal_id", flat=True)[:STEP])
    if pks:
        do(bulk, pks, by, undoing)
    if len(pks) < STEP:
        bulk.state = Progress.UNDONE if undoing else Progress.DONE
        if bulk.count > STEP:
            tell_finished(bulk)
    bulk.stepped_at = timezone.now()
    bulk.save(update_fields=["state", "stepped_at"])
    return bulk


def do(bulk: BulkChange, pks: list[int], by: Membership | None, undoing: bool) -> None:
    now = timezone.now()
    deals = locked(bulk, pks, by, undoing) if by else []
    # Read once the deals are held: while we waited for one, somebody may have taken its change back alone.
    waiting = bulk.items.select_for_update().filter(deal_id__in=pks, state=State.DONE if undoing else State.WAITING)
    items = {item.deal_id: item for item in waiting.order_by("deal_id")}
    for item in items.values():
        item.bulk = bulk
    deals = [deal for deal in deals if deal.pk in items]
    if by and deals:
        members = set(
            Membership.objects.active().filter(workspace_id=bulk.workspace_id).values_list("user_id", flat=True)
        )
        many = Many(deals, {deal.pk: items[deal.pk] for deal in deals}, bulk.facts, by, Door(bulk.door), now)
        (BACK if undoing else DO)[bulk.verb](many, members)
    for pk in items.keys() - {deal.pk for deal in deals}:
        items[pk].state = State.KEPT if undoing else State.REFUSED
        items[pk].reason = "It was deleted meanwhile, or is hidden from whoever did this."
    for item in items.values():
        item.at = item.at if undoing else now
    DealChange.objects.bulk_update(items.values(), ["state", "reason", "before", "event", "version", "at"])
    if undoing:
        tell_of_rest(bulk, items)


def locked(bulk: BulkChange, pks: list[int], by: Membership, undoing: bool) -> list[Deal]:
    """In the order of their ids, without those that are gone or hidden from `by`."""
    found = Deal.all_objects if undoing and bulk.verb == Verb.DELETE else Deal.objects
    deals = found.select_for_update(no_key=True, of=("self",)).select_related("workspace")
    deals = reached(deals, by, bulk.by_id if undoing else None)
    return list(deals.filter(workspace_id=bulk.workspace_id, pk__in=pks).order_by("pk"))


def reached(deals: DealQuerySet, by: Membership, author: int | None) -> DealQuerySet:
    """Those that a member may see. Whoever made a change reaches its deals to take it back, though it hid them: by giving
    them away."""
    return deals if by.user_id == author else deals.owned_by(visible_owners(by))


def tell_finished(bulk: BulkChange) -> None:
    """Whoever did not wait for it."""
    undone = bulk.state == Progress.UNDONE
    done = tally(bulk).get(State.UNDONE if undone else State.DONE, 0)
    notify(
        [bulk.undone_by_id if undone else bulk.by_id],
        Notification.Kind.JOB_FINISHED,
        subject=bulk.workspace,
        key=f"bulk:{bulk.pk}:{bulk.state}",
        data={
            "text": f"{bulk.summary}: {'undone' if undone else 'done'} for {done} of {bulk.count} deals",
            "view": "bulk_detail",
            "args": [bulk.pk],
        },
    )


def acting_member(bulk: BulkChange, undoing: bool) -> Membership | None:
    """Whoever does it, as long as they may: a member who has left meanwhile does nothing any more."""
    user_id = bulk.undone_by_id if undoing else bulk.by_id
    members = Membership.objects.active().select_related("workspace", "user")
    member = members.filter(workspace_id=bulk.workspace_id, user_id=user_id).first()
    return member if member and member.may(Role.REP) else None


@action
def undo_many(bulk: BulkChange, *, by: Membership) -> BulkChange:
    """Put each deal back as it was, but those that somebody changed since: they stay, and it is said why."""
    check_may(by, Role.REP, "undo changes")
    bulk = BulkChange.objects.select_for_update().get(pk=bulk.pk)
    if bulk.by_id != by.user_id and not by.may(Role.MANAGER):
        raise NotAllowed("Only a manager may undo what somebody else did.")
    if bulk.state != Progress.DONE:
        raise Refused(NOT_NOW[bulk.state])
    bulk.state, bulk.undone_by_id, bulk.undone_at = Progress.UNDOING, by.user_id, timezone.now()
    bulk.save(update_fields=["state", "undone_by", "undone_at"])
    return go_on(bulk, by)


@action
def undo_change(change: DealChange, *, by: Membership, door: Door = Door.WEB) -> Deal:
    """Put one deal back as it was before one change of it, by the same way."""
    check_may(by, Role.REP, "undo changes")
    found = Deal.all_objects if change.verb == Verb.DELETE else Deal.objects
    deal = reached(found.select_for_update(no_key=True).filter(pk=change.deal_id), by, change.by_id).first()
    change = DealChange.objects.select_for_update().get(pk=change.pk)
    if deal is None or change.state != State.DONE:
        raise Refused("There is nothing to undo any more.")
    if change.version is None:
        raise Refused("This is undone together with the others.")
    if deal.version != change.version:
        raise_stale(deal, by, what="cannot be undone any more")
    check_undoable(change, deal, by)
    many = Many([deal], {deal.pk: change}, {}, by, door, timezone.now())
    BACK[change.verb](many, set())
    if refusal := many.refusals.get(deal.pk):
        raise refusal
    change.save(update_fields=["state"])
    return deal


def tally(bulk: BulkChange) -> dict[str, int]:
    """{state: how many deals}."""
    return dict(bulk.items.order_by().values_list("state").annotate(Count("pk")))


def lost() -> QuerySet[BulkChange]:
    """Unfinished ones that no worker has touched for a while."""
    unfinished = Q(state__in=(Progress.RUNNING, Progress.UNDOING))
    return BulkChange.objects.filter(unfinished, stepped_at__lt=timezone.now() - LOST)
