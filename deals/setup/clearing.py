"""All deals of a stage go to another one at once, because their stage is deleted."""

from __future__ import annotations

from django.db import connection
from fractional_indexing import generate_n_keys_between
from psycopg.types.json import Jsonb

from activities.models import Door
from deals.actions import lock_stages
from deals.models import Deal, Kind, Stage
from workspaces.access import acting
from workspaces.action import Refused, action
from workspaces.models import Membership


@action
def move_all(source: Stage, target: Stage, *, by: Membership | None, door: Door) -> int:
    """The deals of `source`, those in the bin too, go below those of `target`, a stage of the same kind. How many went.

    A handful of statements, however many there are: each deal gets its stage event and a line on its timeline. It is no
    move of the sales process: neither its rules nor playbooks are asked, and a deal that rots goes on rotting.
    """
    if source.kind != target.kind:
        raise Refused(
            f"Deals of {source} go to another {source.get_kind_display().lower()} stage.",
            fields={"into": f"Choose another {source.get_kind_display().lower()} stage."},
        )
    hold_deals(source)
    stages = lock_stages(source.pk, target.pk)
    target = stages[target.pk]
    # Who came in meanwhile is among them: nobody comes in any more.
    ids = list(Deal.all_objects.filter(stage=source).order_by("rank", "pk").values_list("pk", flat=True))
    ranks: list[str | None] = [None] * len(ids)
    if target.kind == Kind.OPEN:
        column = Deal.all_objects.filter(workspace_id=target.workspace_id, stage=target, rank__isnull=False)
        last = column.order_by("-rank").values_list("rank", flat=True).first()
        ranks = list(generate_n_keys_between(last, None, len(ids)))
    values = {
        "ids": ids, "ranks": ranks, "source": source.pk, "target": target.pk, "pipeline": target.pipeline_id, "workspace": target.workspace_id,
        "probability": target.probability, "by": acting(by), "door": door, "said": f"The stage {source.name} was deleted: moved to {target.name}",
        "data": Jsonb({"from": source.name, "to": target.name, "stage_deleted": True}),
    }  # fmt: skip
    with connection.cursor() as cursor:
        for statement in (STAGE_EVENTS, ACTIVITIES, DEALS):
            cursor.execute(statement, values)
    return len(ids)


def hold_deals(stage: Stage) -> int:
    """Lock the deals of a stage, before any stage is locked, as moves do too. How many there are, with those in the bin."""
    deals = Deal.all_objects.filter(stage=stage).select_for_update(no_key=True).order_by("pk")
    return len(deals.values_list("pk"))


_IMAGE = ", ".join(
    f"'{name}', {name}"
    for name in (
        "rank",
        "probability",
        "probability_source",
        "won_reason",
        "lost_reason",
        "close_note",
        "competitor",
        "closed_at",
    )
)
_THESE = "WHERE workspace_id = %(workspace)s AND id = ANY(%(ids)s)"
_FOLLOWED = "CASE probability_source WHEN 'stage' THEN %(probability)s ELSE probability END"
STAGE_EVENTS = f"""
    INSERT INTO deals_stageevent (
        workspace_id, deal_id, from_stage_id, to_stage_id, by_id, door, amount, probability, entered_at, left_at, before, version
    )
    SELECT workspace_id, id, %(source)s, %(target)s, %(by)s, %(door)s, amount, {_FOLLOWED}, stage_entered_at, now(),
        jsonb_build_object({_IMAGE}), version + 1
    FROM deals_deal {_THESE}
"""  # noqa: S608 - no values in it
ACTIVITIES = f"""
    INSERT INTO activities_activity (workspace_id, kind, actor_id, door, at, body, outcome, deal_id, company_id, data, tries_left)
    SELECT workspace_id, 'system', %(by)s, %(door)s, now(), %(said)s, '', id, company_id, %(data)s, 0 FROM deals_deal {_THESE}
"""  # noqa: S608
DEALS = f"""
    UPDATE deals_deal SET stage_id = %(target)s, pipeline_id = %(pipeline)s, stage_entered_at = now(), rank = placed.rank,
        probability = {_FOLLOWED}, version = version + 1, updated_at = now()
    FROM unnest(%(ids)s::bigint[], %(ranks)s::text[]) AS placed (pk, rank)
    WHERE workspace_id = %(workspace)s AND id = placed.pk
"""  # noqa: S608
