"""What can be done to many deals at once, and taken back, each in a handful of statements whatever their number.

What many deals have to fulfil is what one has to: the checks are those of facts.py, moving.py and undoing.py. A deal that
does not is told with its reason, the others are done. Deals come locked, in the order of their ids; stages are locked
after them; and the deals are written by one statement, so that the totals' rows, which triggers lock in the order of their
keys, are locked in one go as by a single change: that is why two of these cannot deadlock, with each other or with it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from activities.actions import cancel_task, plan_task, update_task
from activities.bulk import record_all
from activities.models import Activity, Door, Task
from deals.actions.binning import put_in_bin, take_out
from deals.actions.changes import check_undoable, set_columns_back
from deals.actions.closing import Reasons
from deals.actions.events import before_image, new_stage_event
from deals.actions.facts import EDITABLE, said, set_facts
from deals.actions.images import as_value, image_of, what_was
from deals.actions.locking import lock_stages
from deals.actions.moving import MOVED, check_entry, may_be_reopened, set_stage, told_of_move, way_into
from deals.actions.slipping import LastDates
from deals.actions.tagging import check_number, tags_of, write_tags
from deals.actions.undoing import set_back, strike
from deals.models import Deal, DealChange, Kind, Stage, StageEvent, Verb
from deals.ranks import ranks_on_top
from workspaces.action import NotAllowed, Refused, Stale
from workspaces.models import Membership

State = DealChange.State
UNSAID = ("probability_source", "custom")  # of what came back, what the timeline has no words for
Members = Container[int]  # user ids of the active ones


@dataclass
class Many:
    """Locked deals with the DealChange of each, who changes them, and what is to be done."""

    deals: Sequence[Deal]
    items: dict[int, DealChange]
    facts: dict
    by: Membership
    door: Door
    at: datetime
    refusals: dict[int, Refused] = field(default_factory=dict)

    def __iter__(self) -> Iterator[tuple[Deal, DealChange]]:
        return ((deal, self.items[deal.pk]) for deal in self.deals)

    @contextmanager
    def told(self, item: DealChange, otherwise: str) -> Iterator[None]:
        """A refusal becomes the item's state and reason."""
        try:
            yield
        except Refused as refusal:
            item.state, item.reason = otherwise, refusal.message[:500]
            self.refusals[item.deal_id] = refusal

    def line(self, deal: Deal, data: dict, **fields: object) -> tuple[Deal, dict]:
        """For the timeline. It names the change of many that it is a part of, which is told of as one (telling.py)."""
        bulk = self.items[deal.pk].bulk_id
        return deal, {"at": self.at, "data": data | ({"bulk": bulk} if bulk else {}), **fields}

    def reasons(self) -> Reasons:
        return Reasons(self.by.workspace_id, self.door)

    def done(self) -> list[Deal]:
        return [deal for deal, item in self if item.state == State.DONE]


def whole(item: DealChange) -> tuple[str, int] | None:
    """The key of the change of many that it is a part of, and how many deals that is about."""
    return (f"bulk:{item.bulk_id}", item.bulk.count) if item.bulk else None


def save(deals: Sequence[Deal], columns: Iterable[str]) -> None:
    """In one statement: see above."""
    now = timezone.now()
    for deal in deals:
        deal.updated_at = now
    if deals:
        names = sorted({Deal._meta.get_field(name).name for name in columns} | {"version", "updated_at"})
        Deal.all_objects.bulk_update(deals, names)


# --- facts --------------------------------------------------------------------------------------------


def edit(many: Many, members: Members) -> None:
    """`facts`: {"set": {column: value}, "hand_over": whether open tasks go with the owner}."""
    values = {name: as_value(name, value) for name, value in many.facts["set"].items()}
    lines, columns, reasons, dates = [], set(values), many.reasons(), LastDates(many.deals)
    for deal, item in many:
        image = image_of(deal)
        with many.told(item, State.REFUSED):
            changed = set_facts(deal, values, members, reasons=reasons, dates=dates)
            item.state = State.DONE if changed else State.SAME
            if changed:
                item.before, item.version = what_was(image, deal), deal.version
                columns |= item.before.keys()
                lines.append(many.line(deal, {"changes": changed}))
    save(many.done(), columns)
    if many.facts.get("hand_over"):
        hand_over({deal.pk: many.items[deal.pk] for deal in many.done()}, many.facts["set"]["owner_id"], by=many.by)
    record_all(lines, Activity.Kind.FIELD_CHANGE, by=many.by, door=many.door, hand_on=True)


def hand_over(changes: Mapping[int, DealChange], owner_id: int, *, by: Membership | None) -> None:
    """The open tasks that the old owner had on these deals go to the new one. `changes`: {deal id: what changed its owner}."""
    open_tasks = Task.objects.filter(deal_id__in=list(changes), status=Task.Status.OPEN, assignee__isnull=False)
    for task in open_tasks.order_by("pk"):
        change = changes[task.deal_id or 0]
        if task.assignee_id == change.before.get("owner_id"):
            task = update_task(task, by=by, part_of=whole(change), assignee_id=owner_id)
            change.before.setdefault("tasks", {})[str(task.pk)] = task.version


def edit_back(many: Many, members: Members) -> None:
    lines, columns = [], set()
    for deal, item in many:
        with many.told(item, State.KEPT):
            image = image_of(deal)
            check_undoable(item, deal, many.by)
            columns |= set(set_columns_back(deal, item.before, members or None))
            item.state = State.UNDONE
            changed = {
                name: [said(name, image[name]), said(name, getattr(deal, name))]
                for name in item.before
                if name in EDITABLE and image[name] != getattr(deal, name)
            }
            lines.append(many.line(deal, {"changes": changed, "undo": True}))
    save(undone := [deal for deal, _ in lines], columns)
    for deal in undone:
        give_back(many.items[deal.pk], many.by)
    strike_lines(many, [deal.pk for deal in undone])
    record_all(lines, Activity.Kind.FIELD_CHANGE, by=many.by, door=many.door, hand_on=True)


def give_back(item: DealChange, by: Membership) -> None:
    """Tasks that were handed over, unless somebody changed them since."""
    versions = {int(pk): version for pk, version in item.before.get("tasks", {}).items()}
    for task in Task.objects.filter(pk__in=versions, status=Task.Status.OPEN).order_by("pk"):
        if task.version == versions[task.pk]:
            update_task(task, by=by, assignee_id=item.before["owner_id"], quiet=True)


def strike_lines(many: Many, pks: Sequence[int]) -> None:
    """The timeline's lines of what was undone: found by their time, for which there is an index."""
    for pk in pks:
        at, kinds = many.items[pk].at, (Activity.Kind.FIELD_CHANGE, Activity.Kind.SYSTEM)
        Activity.objects.filter(deal_id=pk, at=at, kind__in=kinds, undone_at=None).update(undone_at=many.at)


# --- stages -------------------------------------------------------------------------------------------


def move(many: Many, members: Members) -> None:
    """`facts`: {"stage": id, "reason", "note", "competitor"}."""
    facts, pk = many.facts, many.facts["stage"]
    try:
        stages = lock_stages(pk, *{deal.stage_id for deal in many.deals})
    except Refused as gone:
        for _, item in many:
            item.state, item.reason = State.REFUSED, gone.message
        return
    target = stages[pk]
    words = (facts.get(name, "") for name in ("reason", "note", "competitor"))
    closing = many.reasons().closing(target.kind, *words)
    way = way_into(target, many.deals)
    moved: list[tuple[Deal, Stage, datetime, dict]] = []
    for deal, item in many:
        with many.told(item, State.REFUSED):
            if deal.stage_id == pk:
                item.state = State.SAME
                continue
            source = stages[deal.stage_id]
            check_entry(deal, source, target, closing, by=many.by, at=many.at, way=way)
            entered, image = deal.stage_entered_at, before_image(deal)
            set_stage(deal, source, target, closing, many.at)
            item.state, item.version = State.DONE, deal.version
            moved.append((deal, source, entered, image))
    # On top of the column, in the order in which they stood.
    moved.sort(key=lambda each: (each[1].position, each[0].rank or "", each[0].pk))
    ranks = ranks_on_top(target, len(moved)) if target.kind == Kind.OPEN else [None] * len(moved)
    for (deal, *_), rank in zip(moved, ranks, strict=True):
        deal.rank = rank
    save([deal for deal, *_ in moved], MOVED)
    events = StageEvent.objects.bulk_create(
        new_stage_event(deal, source, target, by=many.by, door=many.door, at=many.at, entered_at=entered, before=image)
        for deal, source, entered, image in moved
    )
    lines = []
    for (deal, source, *_), event in zip(moved, events, strict=True):
        many.items[deal.pk].event = event
        data = told_of_move(event, source, target, closing.reason)
        lines.append(many.line(deal, data, body=closing.note))
    record_all(lines, Activity.Kind.STAGE_CHANGE, by=many.by, door=many.door, hand_on=True)


def move_back(many: Many, members: Members) -> None:
    events = {event.deal_id: event for event in StageEvent.objects.filter(pk__in=[item.event_id for _, item in many])}
    wanted = {pk for event in events.values() for pk in (event.from_stage_id, event.to_stage_id) if pk}
    in_use = Stage.objects.filter(pk__in=wanted).values_list("pk", flat=True)
    stages: dict[int | None, Stage] = dict(lock_stages(*in_use).items())
    back: list[tuple[Deal, StageEvent, dict]] = []
    for deal, item in many:
        with many.told(item, State.KEPT):
            check_undoable(item, deal, many.by)
            if deal.status != Kind.OPEN and not may_be_reopened(deal, many.by, many.at):
                raise NotAllowed("Only a manager may reopen a closed deal, or whoever closed it within ten minutes.")
            event, image = events[deal.pk], before_image(deal)
            if event.from_stage_id not in stages:
                raise Refused("The stage that it was in is gone.")
            set_back(deal, event, stages[event.from_stage_id])
            strike(event, many.at)
            item.state = State.UNDONE
            back.append((deal, event, image))
    give_places(back, stages)
    latest = dict(
        Deal.all_objects.filter(pk__in=[deal.pk for deal, *_ in back]).values_list("pk", "last_activity_at")
    )  # counted anew when their lines were struck
    for deal, *_ in back:
        deal.last_activity_at = latest[deal.pk]
    save([deal for deal, *_ in back], MOVED)
    undoes = StageEvent.objects.bulk_create(
        new_stage_event(
            deal, stages[event.to_stage_id], stages[event.from_stage_id],
            by=many.by, door=many.door, at=many.at, entered_at=event.left_at, before=image, undoes=event,
        )
        for deal, event, image in back
    )  # fmt: skip
    lines = [
        (deal, {"at": many.at, "data": {"from": stages[event.to_stage_id].name, "to": stages[event.from_stage_id].name, "event": undo.pk}})
        for (deal, event, _), undo in zip(back, undoes, strict=True)
    ]  # fmt: skip
    record_all(lines, Activity.Kind.UNDO, by=many.by, door=many.door, hand_on=True)


def give_places(back: Sequence[tuple[Deal, StageEvent, dict]], stages: dict[int | None, Stage]) -> None:
    """Each card the rank it had; on top of its column where that is taken."""
    for stage in stages.values():
        here = [(deal, event.before["rank"]) for deal, event, _ in back if deal.stage_id == stage.pk]
        if stage.kind != Kind.OPEN:
            for deal, _ in here:
                deal.rank = None
            continue
        column = Deal.all_objects.filter(workspace_id=stage.workspace_id, stage_id=stage.pk)
        taken = set(column.filter(rank__in=[rank for _, rank in here]).values_list("rank", flat=True)) | {None}
        late = [deal for deal, rank in here if rank in taken]
        for deal, rank in here:
            deal.rank = rank
        free = [rank for _, rank in here if rank not in taken]
        for deal, rank in zip(late, ranks_on_top(stage, len(late), above=free), strict=True):
            deal.rank = rank


# --- the bin ------------------------------------------------------------------------------------------


def delete(many: Many, members: Members) -> None:
    for deal, item in many:
        put_in_bin(deal, many.by, many.at)
        item.state, item.version = State.DONE, deal.version
    save(many.done(), ["deleted_at", "deleted_by_id"])
    lines = ((deal, {"at": many.at, "body": "Deal deleted"}) for deal in many.done())
    record_all(lines, Activity.Kind.SYSTEM, by=many.by, door=many.door, hand_on=True)


def delete_back(many: Many, members: Members) -> None:
    back = []
    for deal, item in many:
        with many.told(item, State.KEPT):
            check_undoable(item, deal, many.by)
            take_out(deal)
            item.state = State.UNDONE
            back.append(deal)
    save(back, ["deleted_at", "deleted_by_id"])
    lines = ((deal, {"at": many.at, "body": "Deal restored"}) for deal in back)
    record_all(lines, Activity.Kind.SYSTEM, by=many.by, door=many.door, hand_on=True)


# --- next steps ---------------------------------------------------------------------------------------


def plan(many: Many, members: Members) -> None:
    """`facts`: {"title", "type", "due_on" or "due_at" (ISO) or neither, "assignee": user id, None for each deal's owner}."""
    facts = many.facts
    read: dict[str, Any] = {"due_on": date.fromisoformat, "due_at": datetime.fromisoformat}
    due = {name: read[name](facts[name]) for name in read if facts.get(name)}
    for deal, item in many:
        with many.told(item, State.REFUSED):
            if deal.status != Kind.OPEN:
                raise Refused(f"It is {deal.status}: there is no next step.")
            # A former member's deals are in nobody's hands: whoever plans the step has it.
            owner = facts.get("assignee") or (deal.owner_id if deal.owner_id in members else many.by.user_id)
            task = plan_task(
                deal, facts["title"], by=many.by, assignee_id=owner, type=facts["type"], part_of=whole(item), **due
            )
            item.state, item.before = State.DONE, {"task": task.pk}


def plan_back(many: Many, members: Members) -> None:
    tasks = Task.objects.in_bulk([item.before["task"] for _, item in many])
    for deal, item in many:
        with many.told(item, State.KEPT):
            check_undoable(item, deal, many.by)
            task = tasks.get(item.before["task"])
            if task is None or task.status != Task.Status.OPEN or task.version != 1:
                raise Stale("Somebody changed this task meanwhile.")
            cancel_task(task, by=many.by, door=many.door)
            item.state = State.UNDONE


# --- tags ---------------------------------------------------------------------------------------------


def tag(many: Many, members: Members) -> None:
    """`facts`: {"add": [tag ids], "remove": [tag ids]}."""
    before = tags_of(many.items)
    wanted = {}
    for deal, item in many:
        had = before.get(deal.pk, set())
        now = had - set(many.facts["remove"]) | set(many.facts["add"])
        with many.told(item, State.REFUSED):
            if now != had:
                check_number(now)
                deal.version += 1
                item.before, item.version, wanted[deal.pk] = {"tags": sorted(had)}, deal.version, now
            item.state = State.SAME if now == had else State.DONE
    save(many.done(), [])
    write_tags(many.done(), before, wanted, by=many.by, door=many.door, at=many.at)


def tag_back(many: Many, members: Members) -> None:
    before, wanted, back = tags_of(many.items), {}, []
    for deal, item in many:
        with many.told(item, State.KEPT):
            check_undoable(item, deal, many.by)
            deal.version += 1
            item.state, wanted[deal.pk] = State.UNDONE, set(item.before["tags"])
            back.append(deal)
    save(back, [])
    strike_lines(many, [deal.pk for deal in back])
    write_tags(back, before, wanted, by=many.by, door=many.door, at=many.at, undo=True)


Step = Callable[[Many, Members], None]
DO: dict[str, Step] = {Verb.EDIT: edit, Verb.MOVE: move, Verb.DELETE: delete, Verb.TASK: plan, Verb.TAG: tag}
BACK: dict[str, Step] = {
    Verb.EDIT: edit_back, Verb.MOVE: move_back, Verb.DELETE: delete_back, Verb.TASK: plan_back, Verb.TAG: tag_back,
}  # fmt: skip
