"""What a deal's page says of what stands around the deal, asked for at once: lines in its tabs, its way through the stages,
its company's other deals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection

from activities.timeline import EVENTS
from deals.models import Deal, StageEvent
from leads.models import Lead
from workspaces.access import visible_owners
from workspaces.models import Membership

# Lines, mails, open tasks, files and stage changes of a deal; of its company's deals, as far as the reader sees them, number and value by status.
_AROUND = """
    SELECT
        (SELECT count(*) FROM activities_activity WHERE workspace_id = %(workspace)s AND deal_id = %(deal)s),
        (SELECT count(*) FROM activities_activity
         WHERE workspace_id = %(workspace)s AND deal_id = %(deal)s AND kind = ANY(%(mails)s)),
        (SELECT count(*) FROM activities_task
         WHERE workspace_id = %(workspace)s AND deal_id = %(deal)s AND status = 'open'),
        (SELECT count(*) FROM activities_attachment
         WHERE workspace_id = %(workspace)s AND deal_id = %(deal)s AND deleted_at IS NULL),
        (SELECT json_object_agg(status, json_build_array(number, amount::text)) FROM (
            SELECT status, count(*) AS number, coalesce(sum(base_amount), 0) AS amount FROM deals_deal
            WHERE workspace_id = %(workspace)s AND company_id = %(company)s AND deleted_at IS NULL
              AND (%(owners)s::bigint[] IS NULL OR owner_id = ANY(%(owners)s))
            GROUP BY status
        ) siblings),
        (SELECT json_agg(json_build_array(id, undoes_id, from_stage_id, entered_at, left_at) ORDER BY left_at, id)
         FROM deals_stageevent
         WHERE workspace_id = %(workspace)s AND deal_id = %(deal)s AND from_stage_id IS NOT NULL),
        (SELECT name FROM leads_lead
         WHERE workspace_id = %(workspace)s AND id = %(lead)s
           AND (%(owners)s::bigint[] IS NULL OR owner_id = ANY(%(owners)s))),
        (SELECT count(*) FROM activities_note
         WHERE workspace_id = %(workspace)s AND deal_id = %(deal)s AND pinned AND deleted_at IS NULL)
"""


@dataclass(frozen=True)
class Around:
    """`counts` by the name of a tab, `siblings` by status: {"count", "amount"}; `events` from stage to stage, the oldest
    first. `lead`: the one it came from, unless that is hidden from the reader though the deal is not."""

    counts: dict[str, int]
    siblings: dict[str, dict[str, int | Decimal]]
    events: list[StageEvent]
    lead: Lead | None
    pinned: int


def around(deal: Deal, reader: Membership) -> Around:
    values = {
        "workspace": deal.workspace_id,
        "deal": deal.pk,
        "mails": [str(kind) for kind in EVENTS["emails"][1]],
        "company": deal.company_id,
        "owners": visible_owners(reader),
        "lead": deal.lead_id,
    }
    with connection.cursor() as cursor:
        lines, mails, tasks, files, siblings, events, lead, pinned = cursor.execute(_AROUND, values).fetchone()
    by_status = {status: {"count": n, "amount": Decimal(amount)} for status, (n, amount) in (siblings or {}).items()}
    counts = {"timeline": lines, "emails": mails, "tasks": tasks, "files": files}
    named = None if lead is None else Lead(pk=deal.lead_id, name=lead)
    return Around(counts, by_status, [_event(*columns) for columns in events or ()], named, pinned)


def _event(pk: int, undoes: int | None, stage: int, entered: str, left: str) -> StageEvent:
    at = {"entered_at": datetime.fromisoformat(entered), "left_at": datetime.fromisoformat(left)}
    return StageEvent(pk=pk, undoes_id=undoes, from_stage_id=stage, **at)
