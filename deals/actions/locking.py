"""To hold what is about to be changed, and to say who was faster."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Q, QuerySet

from activities.models import Activity
from deals.models import Deal, Stage
from workspaces.action import Refused, Stale
from workspaces.asking import asked_often
from workspaces.models import Membership

LINES = (Activity.Kind.STAGE_CHANGE, Activity.Kind.UNDO)
# Those that tell of a new version of a deal; a note or a call makes none.
CHANGES = (*LINES, Activity.Kind.FIELD_CHANGE, Activity.Kind.SYSTEM, Activity.Kind.DEAL_CREATED)


GONE = "This stage is gone. Reload the page."
SAME_TIME = timedelta(seconds=2)  # a change and its line

# Changes that are no facts of the deal: of who is in it, and of its files.
BESIDE = ["people", "role", "primary contact", "files"]


@asked_often
def locked_deal(deal: int) -> QuerySet[Deal]:
    return Deal.objects.select_for_update(no_key=True).filter(pk=deal)


@asked_often
def locked_stage(stage: int) -> QuerySet[Stage]:
    return Stage.objects.select_for_update(no_key=True).filter(pk=stage)


def lock_deal(pk: int, version: int | None = None, by: Membership | None = None) -> Deal:
    """The newest state, locked until the end of the transaction. `by` saw `version`."""
    deal = locked_deal.first(deal=pk)
    if deal is None:
        raise Stale("This deal was deleted meanwhile.")
    if version is not None and deal.version != version:
        raise_stale(deal, by)
    return deal


def lock_stages(*pks: int) -> dict[int, Stage]:
    """Locked in the order of their ids: moves of a column go one after the other, so no two get the same rank."""
    stages = (
        Stage.objects.select_for_update(no_key=True, of=("self",))
        .select_related("pipeline")
        .filter(pk__in=pks)
        .order_by("pk")
    )
    found = {stage.pk: stage for stage in stages}
    if not found.keys() >= set(pks):
        raise Refused(GONE, fields={"stage": GONE})
    return found


def lock_stage(pk: int) -> Stage:
    """One alone, where no rule asks for its pipeline."""
    found = locked_stage.first(stage=pk)
    if found is None:
        raise Refused(GONE, fields={"stage": GONE})
    return found


def hold_all(deals: Iterable[int]) -> None:
    """Deals, those in the bin too, and then all stages of their workspaces: for who changes them one after the other."""
    rows = Deal.all_objects.select_for_update(no_key=True).filter(pk__in=list(deals)).order_by("pk")
    workspaces = set(rows.values_list("workspace_id", flat=True))
    stages = Stage.objects.select_for_update(no_key=True).filter(workspace_id__in=workspaces).order_by("pk")
    list(stages.values_list("pk"))


def raise_stale(deal: Deal, by: Membership | None = None, what: str = "was not changed") -> None:
    """Say to `by` who changed the deal last, and to which stage it went."""
    of_facts = ~Q(data__has_key="changes") | ~Q(data__changes__has_any_keys=BESIDE)
    lines = Activity.objects.filter(of_facts, ~Q(data__has_key="playbook"), deal=deal, kind__in=CHANGES)
    last = lines.select_related("actor").order_by("-at", "-id").first()
    if last and last.at < deal.updated_at - SAME_TIME:
        last = None  # a card was put elsewhere in its column, or its stage changed: the timeline does not say by whom
    to = last.data.get("to") if last and last.kind in LINES else None
    did = f"moved this deal to {to}" if to else "changed this deal"
    if by and last and last.actor_id == by.user_id and last.kind != Activity.Kind.DEAL_CREATED:
        raise Stale(f"It {what}: You {did} in another tab.")
    who = str(last.actor) if last and last.actor else "Somebody"
    raise Stale(f"It {what}: {who} {did} meanwhile.")
